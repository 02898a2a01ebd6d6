"""What a draft must have passed before it may go live: its check, and what that check was bound to."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from challenges.catalog import options
from chatbot.models import CheckStatus, PromptCheck, PromptSample, PromptTemplate
from chatbot.prompts.content import PromptContent, digest
from chatbot.prompts.contracts import OUTPUT_FORMAT, TALK_FORMAT, TEMPLATES

SAMPLE_FIELDS = (
    *("location", "work_type", "category", "message", "contains", "excludes"),
    *("title_min", "title_max", "names_category", "length_min", "length_max"),
)
"""What of a sample is run and expected."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What a check speaks for: this content, by these sources, under this contract with its samples."""

    content_hash: str
    sources: str
    contract_hash: str


def fingerprint(template: PromptTemplate, content: PromptContent, sources: Sequence[str]) -> Fingerprint:
    """``sources`` are the names of those who would write, in their order.

    The contract's hash covers the samples, and what can be picked today: a category without a sample is checked too,
    and labels are part of every prompt. Two queries.
    """
    known = options.get()
    pickable = [
        {key: choice.label for key, choice in kind.items()}
        for kind in (known.locations, known.work_types, known.categories)
    ]
    contract = TEMPLATES[template.key]
    bound: dict[str, Any] = {
        **asdict(contract),
        "output_format": [OUTPUT_FORMAT, TALK_FORMAT] if contract.answers_a_message else OUTPUT_FORMAT,
        "pickable": pickable,
        "samples": list(PromptSample.objects.filter(template=template).order_by("pk").values_list(*SAMPLE_FIELDS)),
    }
    return Fingerprint(content.hash, " → ".join(sources)[:1000], digest(bound))


def last_check(template: PromptTemplate, content_hash: str) -> PromptCheck | None:
    """The newest check of a content, whatever came of it and whether or not it still holds."""
    checks = PromptCheck.objects.filter(template=template, content_hash=content_hash)
    return checks.select_related("started_by").order_by("-pk").first()


def holds(check: PromptCheck, of: Fingerprint) -> bool:
    """Whether a check speaks for what would be published now."""
    return (check.content_hash, check.sources, check.contract_hash) == (of.content_hash, of.sources, of.contract_hash)


def passed_check(template: PromptTemplate, of: Fingerprint) -> PromptCheck | None:
    """The check that opens the gate; None when there is none, or a later one did not pass."""
    check = PromptCheck.objects.filter(template=template, **asdict(of)).order_by("-pk").first()
    return check if check is not None and check.status == CheckStatus.PASSED else None
