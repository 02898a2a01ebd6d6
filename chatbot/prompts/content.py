"""The content of a prompt as a value. Drafts, versions and checks have a content, and its hash compares them."""

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
"""The minimum and the maximum of each setting of a model."""


@dataclass(frozen=True, slots=True)
class PromptContent:
    """The two texts of a prompt, and the settings of the model. An empty ``model`` means the configured one."""

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
        temperature = None if self.temperature is None else float(self.temperature)  # 1 and 1.0 get the same hash
        return digest({**asdict(self), "temperature": temperature})

    def render(self, values: Mapping[str, str]) -> tuple[str, str]:
        """The system text and the user text with ``values`` in place of the variables."""
        return render(self.system_text, values), render(self.user_text, values)

    def problems(self, contract: TemplateContract) -> Iterator[Problem]:
        """All reasons why the content cannot be used under the contract."""
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
    """``text`` as it can be stored.

    The carriage returns that browsers add to line ends are removed. U+FFFD replaces characters that a database refuses
    (NUL, lone surrogates); ``check`` reports it.
    """
    return storable(text).replace("\r\n", "\n").replace("\r", "\n")
