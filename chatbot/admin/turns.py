"""A turn of a conversation, as the pages of sessions and generations show it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.safestring import SafeString

from challenges.models import Challenge
from chatbot.admin.badges import badge, kind_badge, outcome_badge, thumb_badge
from chatbot.admin.labels import label
from chatbot.admin.reasons import Labels, reason_text
from chatbot.models import Feedback, Generation, Intent, KnowledgeDocument, Outcome, Turn

_PAGES = {
    "challenge": (Challenge, "admin:challenges_challenge_change"),
    "document": (KnowledgeDocument, "admin:chatbot_knowledgedocument_change"),
}


@dataclass(frozen=True, slots=True)
class Source:
    """What was looked up. ``page`` is its address in the admin, "" when it is there no more; ``link`` leads out."""

    kind: str
    title: str
    score: str
    page: str
    link: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A turn with everything that is said of it; what there is nothing to say of is empty."""

    turn: Turn
    generation: Generation
    picked: str
    intent: str
    reasons: Sequence[str]
    moved: tuple[str, str] | None
    sources: Sequence[Source]
    outcome: SafeString | str
    kind: SafeString | str
    thumb: SafeString | str
    opinion: str


def shown_turns(turns: Sequence[Turn], named: Labels, thoughts: Mapping[Any, Feedback] | None = None) -> list[Shown]:
    """The turns, whose generations are loaded, in their order. ``thoughts`` are by generation. Two SQL statements."""
    pages = _pages(source for turn in turns for source in turn.found)
    return [_shown(turn, named, pages, (thoughts or {}).get(turn.generation_id)) for turn in turns]


def intent_label(intent: str) -> str:
    """What was understood, in words; an intent that is gone by its name."""
    return str(Intent(intent).label) if intent in Intent.values else intent


def _shown(turn: Turn, named: Labels, pages: Mapping[tuple[str, int], str], thought: Feedback | None) -> Shown:
    generation = turn.generation
    picked = [label(named, kind, getattr(generation, kind)) for kind in ("category", "location", "work_type")]
    now = label(named, "category", generation.category)
    return Shown(
        turn=turn,
        generation=generation,
        picked=" · ".join(picked),
        intent=intent_label(turn.intent),
        reasons=[reason_text(reason, named) for reason in turn.reasons],
        moved=(label(named, "category", turn.moved_from), now) if turn.moved_from else None,
        sources=[_source(found, pages) for found in turn.found],
        outcome="" if generation.outcome == Outcome.COMPLETED else outcome_badge(generation.outcome),
        kind=kind_badge(generation.answer) if generation.answer else "",
        thumb=thumb_badge(thought.thumb) if thought else "",
        opinion=thought.reason if thought else "",
    )


def _pages(found: Iterable[Mapping[str, Any]]) -> dict[tuple[str, int], str]:
    """The admin's addresses of what was found and is still there."""
    ids: dict[str, set[int]] = {kind: set() for kind in _PAGES}
    for each in found:
        if each.get("kind") in ids and isinstance(each.get("id"), int):
            ids[each["kind"]].add(each["id"])
    pages = {}
    for kind, (model, address) in _PAGES.items():
        for pk in model._default_manager.filter(pk__in=ids[kind]).values_list("pk", flat=True):
            pages[kind, pk] = reverse(address, args=[pk])
    return pages


def _source(found: Mapping[str, Any], pages: Mapping[tuple[str, int], str]) -> Source:
    kind, link, score = str(found.get("kind", "")), str(found.get("link", "")), found.get("score")
    model = _PAGES[kind][0] if kind in _PAGES else None
    return Source(
        kind=badge(model._meta.verbose_name if model else kind, "primary" if kind == "challenge" else "info"),
        title=str(found.get("title", "")),
        score=f"{score:.2f}" if isinstance(score, int | float) else "",
        page=pages.get((kind, found.get("id", 0)), ""),
        link=link if link.lower().startswith(("https://", "http://")) else "",
    )
