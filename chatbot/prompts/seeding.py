"""Loads the first version of every prompt template, where there is none yet."""

import tomllib
from pathlib import Path

from chatbot.models import PromptTemplate
from chatbot.prompts.contracts import TEMPLATES
from chatbot.prompts.publishing import create_version, make_live

SEED = Path(__file__).parent / "seed"


def load_seed() -> list[str]:
    """Makes templates that are missing, each with its first version live. Returns their keys."""
    added = []
    for key in TEMPLATES:
        template, _ = PromptTemplate.objects.get_or_create(key=key)
        if template.live_version is None:
            seed = tomllib.loads((SEED / f"{key}.toml").read_text("utf-8"))
            texts = {"system_text": seed["system"].strip(), "user_text": seed["user"].strip()}
            make_live(create_version(template=template, note=seed["note"], **texts))
            added.append(key)
    return added
