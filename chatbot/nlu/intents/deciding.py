"""The order in which meanings are tried: what is most certain first, asking for challenges last."""

from collections.abc import Callable

from chatbot.models import Intent
from chatbot.nlu.intents.explaining import explanation, vague_explanation
from chatbot.nlu.intents.facet_rules import suiting
from chatbot.nlu.intents.matter import Matter
from chatbot.nlu.intents.moving import another, any_other, back, change
from chatbot.nlu.intents.reading import read
from chatbot.nlu.intents.smalltalk import smalltalk
from chatbot.nlu.intents.strangers import off_topic
from chatbot.nlu.intents.understanding import TurnInput, Understanding


def decide(turn: TurnInput) -> Understanding:
    """The first meaning that is found."""
    matter = Matter(turn, read(turn.message, analyser=turn.analyser))
    return next(meaning for meaning in (step(matter) for step in _STEPS) if meaning is not None)


def _rules(matter: Matter) -> Understanding | None:
    return matter.conclude(Intent.RULES) if matter.says("rules.patterns") else None


def _refine(matter: Matter) -> Understanding | None:
    if matter.facets or matter.location is not None or matter.work_type is not None:
        return matter.conclude(Intent.REFINE)
    suits = suiting(matter.reading)
    return matter.conclude(Intent.REFINE, suits) if suits is not None else None


def _ask(matter: Matter) -> Understanding:
    return matter.conclude(Intent.ASK)


_STEPS: tuple[Callable[[Matter], Understanding | None], ...] = (
    _rules,
    explanation,
    back,
    change,
    any_other,
    vague_explanation,
    another,
    off_topic,
    smalltalk,
    _refine,
    _ask,
)
