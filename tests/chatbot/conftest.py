"""An analyser for all tests of understanding: loading one takes seconds."""

import pytest

from challenges.catalog import Choice, Options
from challenges.seeding import seeded_rows
from challenges.text import lookup_name
from chatbot.nlu.analyser_manager import names_of
from chatbot.nlu.morphemes import KiwiAnalyser, MorphemeAnalyser
from chatbot.nlu.safety.word_lists import WordLists, seeded_lists


@pytest.fixture(scope="session")
def known() -> Options:
    """What can be picked, as the seed has it; no database."""
    fields = {"location": "location", "work_type": "workType", "category": "category"}
    choices: dict[str, dict[str, Choice]] = {field: {} for field in fields.values()}
    for kind, key, row in seeded_rows():
        if kind in fields:
            choice = Choice(
                key,
                row["label"],
                row["description"],
                row["emoji"],
                tuple(row["aliases"]),
                tuple(row.get("keywords", ())),
            )
            choices[fields[kind]][key] = choice
    names = {
        field: {lookup_name(name): one for one in kind.values() for name in (one.key, one.label, *one.aliases)}
        for field, kind in choices.items()
    }
    return Options(choices["location"], choices["workType"], choices["category"], names)


@pytest.fixture(scope="session")
def analyser(known: Options) -> MorphemeAnalyser:
    return KiwiAnalyser(names_of(known))


@pytest.fixture(scope="session")
def words() -> WordLists:
    return seeded_lists()
