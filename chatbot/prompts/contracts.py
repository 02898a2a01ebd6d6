"""The contracts of the prompt templates. A contract is code, because code depends on it. The texts are data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from chatbot.answers import placeholders


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable that a prompt's text may use as ``{{name}}``.

    A required one must appear in the system or user text. The value of a ``quoted`` one comes from people or documents,
    and is marked as data (``chatbot.dialogue.prompt_values``).
    """

    name: str
    sample: str
    required: bool = True
    quoted: bool = False


CHALLENGE_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "title": {"type": "string", "description": "1~10자, description의 요약"},
        "description": {"type": "string", "description": "무엇을 하면 되는지 알려 주는 한 문장"},
        "category": {"type": "string", "description": "카테고리"},
    },
    "required": ["title", "description", "category"],
    "additionalProperties": False,
}

ANSWER_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {"recommend": {"type": "string"}, "challenges": {"type": "array", "items": CHALLENGE_SCHEMA}},
    "required": ["recommend", "challenges"],
    "additionalProperties": False,
}
"""The JSON schema of an answer. It uses only the part of JSON Schema 2020-12 that providers accept."""


@dataclass(frozen=True, slots=True)
class TemplateContract:
    """The variables of a template, and the schema of its answer.

    ``max_length`` is the maximum length of the system and user text together, in characters.
    """

    key: str
    variables: tuple[Variable, ...]
    output_schema: Mapping[str, Any] = field(default_factory=lambda: ANSWER_SCHEMA)
    max_length: int = 20_000

    @property
    def names(self) -> frozenset[str]:
        return frozenset(variable.name for variable in self.variables)

    @property
    def answers_a_message(self) -> bool:
        """Whether the prompt gets a person's message, and not only a selection."""
        return "message" in self.names

    @property
    def quoted(self) -> Mapping[str, str]:
        """The sample values of the quoted variables, by name."""
        return {variable.name: variable.sample for variable in self.variables if variable.quoted}


OUTPUT_FORMAT = placeholders.OUTPUT_FORMAT
"""The value of ``{{output_format}}``: the JSON that the scanner reads."""

TALK_FORMAT = placeholders.TALK_FORMAT
"""The value of ``{{output_format}}`` when no challenges are asked for: small talk, or one of them explained."""

BASE_INFO = TemplateContract(
    key="base-info",
    variables=(
        Variable("location", "도시"),
        Variable("workType", "사무직"),
        Variable("category", "비건"),
        Variable("output_format", OUTPUT_FORMAT),
    ),
)

RECOMMENDATION = "recommendation"


def output_format(kind: str = RECOMMENDATION) -> str:
    """The value of ``{{output_format}}`` for a kind of answer."""
    return OUTPUT_FORMAT if kind == RECOMMENDATION else TALK_FORMAT


FREE_TEXT = TemplateContract(
    key="free-text",
    variables=(
        Variable("message", "<message>\n더 쉬운 거 없어?\n</message>", quoted=True),
        Variable("history", "<history>\n사람: 도시, 사무직, 비건 챌린지를 골랐어요.\n</history>", quoted=True),
        Variable(
            "context", "<context>\n- 채소 한 끼: 오늘 점심은 채소로만 차려 보세요. (비건)\n</context>", quoted=True
        ),
        Variable("category", "비건"),
        Variable("location", "도시", required=False),
        Variable("workType", "사무직", required=False),
        Variable("output_format", OUTPUT_FORMAT),
    ),
)

TEMPLATES: Mapping[str, TemplateContract] = {contract.key: contract for contract in (BASE_INFO, FREE_TEXT)}
