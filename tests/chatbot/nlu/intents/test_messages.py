"""Messages as people type them (``messages.tsv``): nearly all of them are understood.

``|`` separates what is right; without a current category people talk about zero waste, after plogging. ``number`` is
counted from 0, "none" when there is no number.
"""

import csv
from pathlib import Path

from chatbot.models import Intent
from tests.chatbot.nlu.conftest import Understand

TABLE = Path(__file__).with_name("messages.tsv")
ENOUGH = 0.95

Row = dict[str, str]


def rows() -> list[Row]:
    with TABLE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def test_the_table_speaks_of_every_intent() -> None:
    intents = {intent for row in rows() for intent in row["intent"].split("|")}
    assert intents == set(Intent.values) - {Intent.QUESTION}  # documents decide whether a question is answered
    assert len(rows()) >= 200


def test_nearly_all_messages_are_understood(understood: Understand) -> None:
    missed = [(row["message"], row["intent"], wrong) for row in rows() if (wrong := _wrong(row, understood))]
    for message, intent, wrong in missed:
        print(f"{message!r} means {intent}, understood as {wrong}")
    assert len(missed) <= (1 - ENOUGH) * len(rows())


def _wrong(row: Row, understood: Understand) -> str:
    """The wrong understanding; "" if it is correct."""
    meaning = understood(row["message"], row["current"] or "ZERO_WASTE")
    meaning = meaning.otherwise or meaning
    right = meaning.intent in row["intent"].split("|")
    if right and row["category"] and meaning.intent in {Intent.CHANGE, Intent.BACK}:
        right = meaning.category in row["category"].split("|")
    if right and row["number"]:
        right = meaning.number == (None if row["number"] == "none" else int(row["number"]))
    return "" if right else f"{meaning.intent} {meaning.category} {meaning.number} {meaning.reasons}"
