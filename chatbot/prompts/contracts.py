"""The contracts of the prompt templates: they are code, because code calls them; their texts are data."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Variable:
    """A name that a prompt's text may use as ``{{name}}``. A required one must appear in the system or user text."""

    name: str
    sample: str
    required: bool = True


@dataclass(frozen=True, slots=True)
class TemplateContract:
    """What a template's text is given. ``max_length`` bounds system and user text together, in characters."""

    key: str
    variables: tuple[Variable, ...]
    max_length: int = 20_000

    @property
    def names(self) -> frozenset[str]:
        return frozenset(variable.name for variable in self.variables)


OUTPUT_FORMAT = """\
{"recommend": "한 문장", "challenges": [
  {"title": "1~10자", "description": "한 문장", "category": "카테고리 키"},
  {"title": "1~10자", "description": "한 문장", "category": "카테고리 키"},
  {"title": "1~10자", "description": "한 문장", "category": "카테고리 키"}
]}"""
"""The value of ``{{output_format}}``: the JSON that the scanner reads."""

BASE_INFO = TemplateContract(
    key="base-info",
    variables=(
        Variable("location", "도시"),
        Variable("workType", "사무직"),
        Variable("category", "비건"),
        Variable("output_format", OUTPUT_FORMAT),
    ),
)

TEMPLATES: Mapping[str, TemplateContract] = {contract.key: contract for contract in (BASE_INFO,)}
