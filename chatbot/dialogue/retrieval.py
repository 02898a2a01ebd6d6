"""Searches challenges and passages of documents for a message."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from asgiref.sync import sync_to_async

from challenges import models
from challenges.catalog import Choice, Selection, suitable
from challenges.text import lookup_name
from chatbot.answers.rules import Challenge
from chatbot.models import Intent
from chatbot.nlu.facets import FACETS
from chatbot.nlu.intents.understanding import TurnInput, Understanding
from chatbot.search.passages import best_passage
from chatbot.search.search import Found, search

FOUND_CHALLENGES, FOUND_DOCUMENTS, FOUND_PASSAGES = 6, 2, 8
"""How many of each are looked up: more than an answer needs, so that there is a choice."""

_QUESTION = re.compile(r"왜|뭐|뭔|무엇|무슨|어떻게|어케|어떡|어디|언제|얼마|몇|뜻|차이|이유")


@dataclass(frozen=True, slots=True)
class Retrieved:
    """The search results for a message.

    ``found`` are all results, the challenges first. ``candidates`` are the challenges. ``passage`` is a sentence of a
    document about the question, ``subject`` the person's word for its subject; each may be "".
    """

    found: Sequence[Found] = ()
    candidates: Sequence[Challenge] = ()
    passage: str = ""
    subject: str = ""


async def retrieve(
    turn: TurnInput, understanding: Understanding, selection: Selection, *, explained: Sequence[Challenge]
) -> Retrieved:
    """Searches the category of the selection. Challenges that the session was given are left out."""
    match understanding.intent:
        case Intent.GREETING | Intent.THANKS | Intent.ABUSE | Intent.DANGER | Intent.RULES:
            return Retrieved()
        case Intent.OFF_TOPIC:
            return await _in_documents(turn) if _QUESTION.search(turn.message) else Retrieved()
        case Intent.EXPLAIN:
            return await _about(turn, explained)
    topic, asks = _topic(understanding, selection.category), _QUESTION.search(turn.message)
    facets = [hints for facet in understanding.facets if (hints := FACETS[facet].search)]
    question = " ".join([*topic, *facets])
    if not question and not asks:
        return Retrieved()
    keys = {"category": selection.category.key, "location": selection.location.key}
    keys["work_type"] = selection.work_type.key
    rows = await _search(
        turn,
        question,
        **keys,
        only_category=True,
        kind="challenge",
        exclude_titles=turn.memory.given,
        count=FOUND_CHALLENGES,
    )
    if not topic:  # the words of a facet are less specific than the location and the work type
        rows = await sync_to_async(_suiting_among)(rows, selection)
    nouns = await _nouns(topic, turn)
    subject = [*topic, selection.category.label] if asks and not nouns else topic
    documents = (
        await _search(turn, " ".join(subject), **keys, kind="document", count=FOUND_DOCUMENTS) if subject else []
    )
    return Retrieved(
        found=[*rows, *documents],
        candidates=[Challenge(each.title, each.text, each.category, each.label) for each in rows],
        passage=await _passage(turn, turn.message if nouns else " ".join(subject), documents) if asks else "",
        subject=nouns[0] if nouns and rows else "",
    )


def _suiting_among(found: Sequence[Found], selection: Selection) -> list[Found]:
    """The found challenges that suit the selection, in their order."""
    keys = {"location": selection.location.key, "work_type": selection.work_type.key}
    rows = models.Challenge.objects.suiting(**keys, category=selection.category.key)
    suits = set(rows.filter(pk__in=[each.id for each in found]).values_list("pk", flat=True))
    return [each for each in found if each.id in suits]


def suiting(selection: Selection, given: Sequence[str], seed: int) -> list[Found]:
    """Challenges for the prompt when the message has no words to search for. Synchronous."""
    found = suitable(selection=selection, given=given, seed=seed, count=FOUND_CHALLENGES)
    return [
        Found("challenge", each.pk, each.title, each.description, each.category.key, each.category.label, 0.0)
        for each in found
    ]


async def likely_category(turn: TurnInput, understanding: Understanding) -> str:
    """The key of the category that the message seems to be about, regardless of the session; "" if unknown."""
    topic = " ".join(understanding.topic)
    found = await _search(turn, topic, kind="challenge", count=1) if topic else []
    return found[0].category if found else ""


async def answer_of(turn: TurnInput, understanding: Understanding) -> Retrieved:
    """What documents say to a question for a fact; nothing for any other message, or when none answers it."""
    return await _in_documents(turn) if understanding.intent == Intent.QUESTION else Retrieved()


async def _in_documents(turn: TurnInput) -> Retrieved:
    """What documents say to the message, which may sound off topic: an admin wrote them because it is not."""
    found = await _search(turn, turn.message, kind="document", every_passage=True, count=FOUND_PASSAGES)
    best = await turn.budget.run(turn.analyser, best_passage, turn.message, found, turn.analyser) if found else None
    return Retrieved(found=[best.found], passage=best.said) if best is not None else Retrieved()


async def _about(turn: TurnInput, explained: Sequence[Challenge]) -> Retrieved:
    """Searches documents about one challenge."""
    if len(explained) != 1:
        return Retrieved()
    challenge = explained[0]
    text = f"{challenge.title} {challenge.description}"
    documents = await _search(turn, text, category=challenge.category, kind="document", count=FOUND_DOCUMENTS)
    return Retrieved(found=documents, passage=await _passage(turn, text, documents))


async def _search(turn: TurnInput, question: str, **wanted: Any) -> list[Found]:
    return await search(
        question,
        analyser=turn.analyser,
        budget=turn.budget,
        known=turn.options,
        revisions=turn.revisions,
        **wanted,
    )


def _topic(understanding: Understanding, category: Choice) -> list[str]:
    """The words of the message's topic that do not only name the category."""
    names = {lookup_name(name) for name in (category.label, *category.aliases)}
    return [word for word in understanding.topic if lookup_name(word) not in names]


async def _nouns(words: Sequence[str], turn: TurnInput) -> list[str]:
    """The words that are nouns in the message. Nouns of one syllable are left out, because they are too ambiguous."""
    if not words:
        return []
    morphemes = await turn.budget.run(turn.analyser, turn.analyser.morphemes, turn.message)
    nouns = {each.form for each in morphemes if each.tag in {"NNG", "NNP"}}
    return [word for word in words if word in nouns and len(word) > 1]


async def _passage(turn: TurnInput, question: str, documents: Sequence[Found]) -> str:
    """What the documents say to the question, "" when none answers."""
    best = await turn.budget.run(turn.analyser, best_passage, question, documents, turn.analyser) if documents else None
    return best.said if best is not None else ""
