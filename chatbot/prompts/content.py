"""The content of a prompt as a value, and the live prompts.

Drafts, versions and checks have a content, and its hash compares them. People write its texts, so no format string or
template engine is used: ``{{name}}`` is replaced with a string, once. There is no attribute access and no logic.
Literal braces of JSON need no escaping, and variables within a value are not replaced.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Self

from django.conf import settings

from challenges.revisions import Cached
from challenges.text import storable
from chatbot.models import PromptTemplate, PromptText, PromptVersion
from chatbot.prompts.contracts import TemplateContract
from chatbot.prompts.problems import MARKER, Problem, check

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


@dataclass(frozen=True, slots=True)
class Prompt:
    """A content that a generation uses.

    ``name`` identifies it in ``start`` and in lists, such as ``base-info@3`` or ``base-info@draft``. ``version_id`` is
    None for a draft.
    """

    template_key: str
    version_id: int | None
    name: str
    content: PromptContent

    @classmethod
    def of(cls, version: PromptVersion) -> "Prompt":
        return cls(version.template.key, version.pk, str(version), PromptContent.of(version))

    @classmethod
    def of_draft(cls, template: PromptTemplate, content: PromptContent) -> "Prompt":
        return cls(template.key, None, f"{template.key}@draft", content)

    def render(self, values: Mapping[str, str]) -> tuple[str, str]:
        """The system text and the user text with ``values`` in place of the variables."""
        return self.content.render(values)


def _load_live() -> dict[str, Prompt]:
    versions = PromptVersion.objects.filter(pk__in=PromptTemplate.objects.values("live_version"))
    return {version.template.key: Prompt.of(version) for version in versions.select_related("template")}


live_prompts = Cached("prompts", _load_live)
"""The live version of every template by key. It is read again after any process has made another version live."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of rendered text. ``name`` is the variable whose value it is; "" for the prompt's own text."""

    text: str
    name: str = ""


def segments(text: str, values: Mapping[str, str]) -> Iterator[Segment]:
    """``text`` in pieces, with each ``{{name}}`` replaced by its value. An unknown name is not replaced."""
    written = 0
    for marker in MARKER.finditer(text):
        name = marker[1].strip()
        if name in values:
            yield Segment(text[written : marker.start()])
            yield Segment(values[name], name)
            written = marker.end()
    yield Segment(text[written:])


def render(text: str, values: Mapping[str, str]) -> str:
    """The rendered text: all ``segments`` joined."""
    return "".join(segment.text for segment in segments(text, values))


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
