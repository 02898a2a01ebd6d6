"""The gate: a draft needs a passed check before it may go live. A check is valid only for its fingerprint."""

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
"""The fields of a sample that a check uses."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Identifies what a check has checked: a content, the providers, and a contract with its samples."""

    content_hash: str
    sources: str
    contract_hash: str


def fingerprint(template: PromptTemplate, content: PromptContent, providers: Sequence[str]) -> Fingerprint:
    """The fingerprint for a check of the content now. ``providers`` are the names of the providers in order.

    The hash of the contract covers the samples and the active options. A category without a sample is checked too, and
    labels are part of every prompt. Takes two queries.
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
    return Fingerprint(content.hash, " → ".join(providers)[:1000], digest(bound))


def last_check(template: PromptTemplate, content_hash: str) -> PromptCheck | None:
    """The newest check of a content, with any result. It may no longer be valid."""
    checks = PromptCheck.objects.filter(template=template, content_hash=content_hash)
    return checks.select_related("started_by").order_by("-pk").first()


def holds(check: PromptCheck, of: Fingerprint) -> bool:
    """Whether the check is valid for the fingerprint."""
    return (check.content_hash, check.sources, check.contract_hash) == (of.content_hash, of.sources, of.contract_hash)


def passed_check(template: PromptTemplate, of: Fingerprint) -> PromptCheck | None:
    """The passed check that allows publishing; None when there is none, or a later one did not pass."""
    check = PromptCheck.objects.filter(template=template, **asdict(of)).order_by("-pk").first()
    return check if check is not None and check.status == CheckStatus.PASSED else None
