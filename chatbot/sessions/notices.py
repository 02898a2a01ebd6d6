"""What a person should know of a turn, as it is told while the answer is written and again when it is read back."""

from typing import Any

from challenges.catalog import Choice, Options
from challenges.text import with_particle
from chatbot.models import Turn


def category_changed(before: Choice, now: Choice) -> dict[str, Any]:
    """The details of ``category-changed``; ``undo`` is the message that takes it back."""
    return {"from": shown(before), "to": shown(now), "undo": f"{with_particle(before.label, '으로/로')} 바꿔줘"}


def of_turn(turn: Turn, known: Options) -> list[dict[str, Any]]:
    """What can still be told of the turn: nothing of a category that is gone."""
    before, now = known.categories.get(turn.moved_from), known.categories.get(turn.generation.category)
    return [{"kind": "category-changed", **category_changed(before, now)}] if before and now else []


def shown(choice: Choice) -> dict[str, str]:
    return {"key": choice.key, "label": choice.label}
