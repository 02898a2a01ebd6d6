"""What a prompt consists of, as a value: drafts, versions and checks hold the same, and are compared by its hash."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Self

from django.conf import settings

from challenges.text import storable
from chatbot.models import PromptText
from chatbot.prompts.contracts import TemplateContract
from chatbot.prompts.rendering import Problem, check, render

MODEL_BOUNDS = {"temperature": (0, 2), "max_tokens": (64, 32_768)}
"""The least and the most that a model's setting may be."""


@dataclass(frozen=True, slots=True)
class PromptContent:
    """Two texts and the settings of the model that gets them; ``model`` is empty for the configured one."""

    system_text: str
    user_text: str
    model: str = ""
    temperature: float | None = None
    max_tokens: int | None = None

    @classmethod
    def of(cls, row: PromptText) -> Self:
        return cls(row.system_text, row.user_text, row.model, row.temperature, row.max_tokens)

    @property
    def hash(self) -> str:
        """SHA-256 of the content as canonical JSON, in hexadecimal."""
        temperature = None if self.temperature is None else float(self.temperature)  # a script sends 1, rows hold 1.0
        return digest({**asdict(self), "temperature": temperature})

    def render(self, values: Mapping[str, str]) -> tuple[str, str]:
        """The system and the user text with the values put in."""
        return render(self.system_text, values), render(self.user_text, values)

    def problems(self, contract: TemplateContract) -> Iterator[Problem]:
        """Everything that keeps it from being used under the contract."""
        yield from check(contract, system_text=self.system_text, user_text=self.user_text)
        if self.model and self.model not in settings.LEAFRESH_CHAT_MODELS:
            yield Problem("model", self.model, field="model")
        for name, (least, most) in MODEL_BOUNDS.items():
            value = getattr(self, name)
            if value is not None and not least <= value <= most:
                yield Problem("bounds", f"{least}–{most}", field=name)


def digest(value: object) -> str:
    """SHA-256 of ``value`` as canonical JSON, in hexadecimal."""
    text = json.dumps(value, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def clean_text(text: str) -> str:
    """``text`` as it can be kept: line ends as they were written (browsers send a carriage return with each), what no
    database takes (NUL, half a surrogate pair) as U+FFFD, which ``check`` points at."""
    return storable(text).replace("\r\n", "\n").replace("\r", "\n")
