"""Determines the selection for the next answer of a conversation, and which parts of it are assumptions."""

import random
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from challenges.catalog import Choice, Options, Selection
from chatbot.errors import ApplicationError
from chatbot.models import Intent
from chatbot.nlu.intents.understanding import Understanding
from chatbot.sessions.memory import Memory


@dataclass(frozen=True, slots=True)
class NextSelection:
    """The selection for the next answer.

    ``assumed`` are the names (on the wire) of parts that the person has not stated. ``moved_from`` is the category
    before; None when it stays the same.
    """

    selection: Selection
    assumed: tuple[str, ...] = ()
    moved_from: Choice | None = None


def resolve_selection(
    understanding: Understanding,
    memory: Memory,
    known: Options,
    *,
    chance: random.Random,
    spent: Collection[str] = (),
    likely: str = "",
) -> NextSelection:
    """The selection for the next answer. Raises ApplicationError when there are no active options.

    ``spent`` are keys of categories of which the session has seen every challenge. They are used if the person wants
    something else. ``likely`` is the key of the category that a first message seems to be about.
    """
    if not (known.locations and known.work_types and known.categories):
        raise ApplicationError(503, "고를 수 있는 항목이 없습니다. 관리자에게 문의해 주세요.", retry_after=60)
    current = known.categories.get(memory.category)
    category = known.categories.get(_category(understanding, memory, known, chance, spent))
    assumed = []
    if category is None:
        category = known.categories.get(likely) or next(iter(known.categories.values()))
        assumed.append("category")
    location, told = _option(known.locations, understanding.location, memory.location)
    assumed += [] if told else ["location"]
    work_type, told = _option(known.work_types, understanding.work_type, memory.work_type)
    assumed += [] if told else ["workType"]
    moved = current is not None and current != category
    return NextSelection(Selection(location, work_type, category), tuple(assumed), current if moved else None)


def _category(
    understanding: Understanding, memory: Memory, known: Options, chance: random.Random, spent: Collection[str]
) -> str:
    """The key of the category for the answer; "" when it is unknown."""
    match understanding.intent:
        case Intent.CHANGE:
            return understanding.category or memory.category
        case Intent.BACK:
            return memory.base_category or memory.category
        case Intent.ANY:
            return _another(understanding, memory, known, chance, spent)
        case Intent.OTHER if memory.category in spent:
            return _another(understanding, memory, known, chance, spent)
    return memory.category or understanding.category


def _another(
    understanding: Understanding, memory: Memory, known: Options, chance: random.Random, spent: Collection[str]
) -> str:
    """Any other category, preferably one that the session has not talked about yet."""
    unwanted = {memory.category, *understanding.avoid}
    others = [key for key in known.categories if key not in unwanted]
    others = [key for key in others if key not in spent] or others
    talked_about = {exchange.category for exchange in memory.exchanges}
    fresh = [key for key in others if key not in talked_about]
    return chance.choice(fresh or others or [memory.category])


def _option(choices: Mapping[str, Choice], named: str, remembered: str) -> tuple[Choice, bool]:
    """The option, and whether the person has stated it."""
    choice = choices.get(named) or choices.get(remembered)
    return (choice, True) if choice else (next(iter(choices.values())), False)
