"""How well the messages of each writer are understood after learning from the others' alone:
``python -m tests.chatbot.nlu.cross_validation``.

Each of ``FOLDS`` parts has whole writers. The rules are those of the product. A message is right when its answer is of
the right kind and, with challenges, for the right category; it is a false move when it leaves the category wrongly.
``--misses`` prints each miss.
"""

import os
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import django

if TYPE_CHECKING:
    from chatbot.nlu.intent_classifier import Labelled
    from chatbot.nlu.intents.understanding import Understanding

FOLDS = 6

_KINDS = {"explain": "words", "question": "words", "greeting": "smalltalk", "thanks": "smalltalk"}
_KINDS |= {"danger": "help", "abuse": "declined"}


def kind_of(intent: str) -> str:
    """Which sort of answer an intent gets."""
    return _KINDS.get(intent, "challenges")


def current_of(row: "Labelled") -> str:
    """The category that the message is sent in: the one that it refuses, else another than it is about."""
    if row.intent == "any" and row.category:
        return row.category
    return "VEGAN" if row.category != "VEGAN" else "ZERO_WASTE"


def base_of(current: str) -> str:
    """The category that was picked first."""
    return "PLOGGING" if current != "PLOGGING" else "MEDIA"


def aim_of(row: "Labelled") -> str:
    """The category that is right, "*" for any other than the current one, "" where it does not matter."""
    current = current_of(row)
    aims = {"any": "*", "back": base_of(current), "off_topic": ""}
    return aims.get(row.intent, row.category or current)


def went_to(found: "Understanding", current: str) -> str:
    return {"back": base_of(current), "change": found.category, "any": "*"}.get(found.intent, current)


def answered() -> Iterator[tuple["Labelled", "Understanding"]]:
    """Each message, and what it is understood as by what other writers taught."""
    from chatbot.nlu.analyser_manager import names_of
    from chatbot.nlu.intent_classifier import IntentClassifier, LearnedAnalyser, labelled
    from chatbot.nlu.intents.understand import understand
    from chatbot.nlu.intents.understanding import TurnInput
    from chatbot.nlu.safety.word_lists import seeded_lists
    from chatbot.sessions.memory import Exchange, Memory
    from tests.chatbot.nlu.conftest import SHOWN
    from tests.chatbot.nlu.seeded import seeded_options, seeded_topics

    known, words = seeded_options(), seeded_lists()
    analyser, topics = LearnedAnalyser(names_of(known)), seeded_topics(known)
    answer = {"kind": "recommendation", "recommend": "", "challenges": [asdict(each) for each in SHOWN]}
    for others, own in parts(labelled()):
        analyser._classifier = IntentClassifier(analyser, topics, others)
        for row in own:
            current = current_of(row)
            memory = Memory("", "", base_of(current), current, [Exchange("", "", "", current, answer)])
            yield row, understand(TurnInput(row.message, memory, known, words, analyser))


def parts(rows: Sequence["Labelled"]) -> Iterator[tuple[list["Labelled"], list["Labelled"]]]:
    """The rows of all writers but some, and of those."""
    writers = sorted({row.writer for row in rows})
    for part in range(FOLDS):
        own = frozenset(writers[part::FOLDS])
        yield [row for row in rows if row.writer not in own], [row for row in rows if row.writer in own]


def report(*, misses: bool) -> str:
    total, right, missed = Counter[str](), Counter[str](), list[str]()
    false_moves = opposite = 0
    for row, found in answered():
        current, aim = current_of(row), aim_of(row)
        went, kind, wanted = went_to(found, current), kind_of(found.intent), kind_of(row.intent)
        is_right = kind == wanted and (kind != "challenges" or not aim or went == aim)
        names = ["all", row.intent] + (
            ["category changes"] if wanted == "challenges" and aim not in {"", current} else []
        )
        total.update(names)
        right.update(names if is_right else [])
        false_moves += kind == "challenges" and went != current and not is_right
        if row.intent == "refine" and row.facets:
            total["facets"] += 1
            right["facets"] += set(row.facets) <= set(found.facets)
            opposite += turned(row, found)
        if not is_right:
            missed.append(f"{row.writer} | {row.intent} {row.category} | {found.intent} {went} | {row.message}")
    lines = [f"{name}: {right[name]} of {count} right ({right[name] / count:.1%})" for name, count in total.items()]
    lines.append(f"false moves: {false_moves} ({false_moves / total['all']:.1%}); opposite facets: {opposite}")
    return "\n".join([*lines, *(missed if misses else [])]) + "\n"


def turned(row: "Labelled", found: "Understanding") -> bool:
    """Whether the opposite of what is asked for was understood."""
    from chatbot.nlu.facets import FACETS

    return any(FACETS[facet].opposite in found.facets for facet in row.facets)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "leafresh.settings")
    django.setup()
    sys.stdout.write(report(misses="--misses" in sys.argv))
