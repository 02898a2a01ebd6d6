"""Understands a message. All data is passed as arguments; only ``warm_up`` reads it from the database."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace

from django.db import DatabaseError, InterfaceError

from chatbot import executors
from chatbot.db.errors import give_back
from chatbot.models import Intent
from chatbot.nlu import analyser_manager
from chatbot.nlu.analyser_manager import names_of
from chatbot.nlu.intents.by_classifier import intent_by_classifier, question_for_a_fact
from chatbot.nlu.intents.change import another, any_other, back, change
from chatbot.nlu.intents.evidence import Evidence
from chatbot.nlu.intents.explain import explanation
from chatbot.nlu.intents.parsing import parse
from chatbot.nlu.intents.smalltalk import smalltalk
from chatbot.nlu.intents.understanding import TurnInput, Understanding
from chatbot.nlu.rough import RoughAnalyser
from chatbot.nlu.safety.concerns import concern
from chatbot.nlu.safety.danger_classifier import weights
from chatbot.nlu.safety.word_lists import word_lists

Rule = Callable[[Evidence], Understanding | None]


def understand(turn: TurnInput) -> Understanding:
    """What the person wants. Every text has a result; the default is a request for challenges.

    If the rough analyser was used, the reasons contain ``rough``.
    """
    found = _understand(turn)
    return replace(found, reasons=(*found.reasons, {"code": "rough"})) if turn.analyser.rough else found


def _understand(turn: TurnInput) -> Understanding:
    found = concern(turn.message, words=turn.words, analyser=turn.analyser, names=lambda: names_of(turn.options))
    if found is None:
        return _meaning(Evidence(turn, parse(turn.message, analyser=turn.analyser)))
    code = found.kind if found.words else f"{found.kind}_weighed"
    reason = {"code": code, "words": [found.words] if found.words else []}
    if found.kind == "abuse":
        return Understanding(Intent.ABUSE, reasons=(reason,))
    danger = "own_hurt" if found.own_hurt else found.kind
    return Understanding(Intent.DANGER, danger=danger, reasons=(reason,))


def _meaning(evidence: Evidence) -> Understanding:
    certain = _first(_CERTAIN, evidence)
    if certain is not None:
        return certain
    meaning = _first(_RULES, evidence) or _ask(evidence)
    return question_for_a_fact(evidence, otherwise=meaning) or meaning


def _first(rules: Sequence[Rule], evidence: Evidence) -> Understanding | None:
    return next((meaning for rule in rules if (meaning := rule(evidence)) is not None), None)


def _rules(evidence: Evidence) -> Understanding | None:
    return evidence.conclude(Intent.RULES) if evidence.notices("rules.patterns") else None


def _refine(evidence: Evidence) -> Understanding | None:
    if evidence.facets or evidence.location is not None or evidence.work_type is not None:
        return evidence.conclude(Intent.REFINE)
    return None


def _ask(evidence: Evidence) -> Understanding:
    return evidence.conclude(Intent.ASK)


def _unless_doubted(rule: Rule, *intents: Intent) -> Rule:
    """The rule where the classifier is not sure of something else."""
    return lambda evidence: None if evidence.doubts(*intents) else rule(evidence)


_CERTAIN: tuple[Rule, ...] = (_rules, explanation, back)
"""What needs no opinion."""

_RULES: tuple[Rule, ...] = (
    change,
    any_other,
    _unless_doubted(another, Intent.OTHER),
    _unless_doubted(smalltalk, Intent.THANKS, Intent.GREETING),
    intent_by_classifier,
    _refine,
)
"""The rules in the order in which they are tried. Those after ``intent_by_classifier`` decide only without a
classifier."""


async def warm_up() -> None:
    """Loads the data for which the first message would wait: the analyser, the weights and the patterns of listed
    words."""
    await analyser_manager.warm()
    with suppress(DatabaseError, InterfaceError):
        await executors.rough.run(_prepare)


def _prepare() -> None:
    try:
        weights(rough=False)
        concern("안녕하세요", words=word_lists.get(), analyser=RoughAnalyser(frozenset()))
    finally:
        give_back()
