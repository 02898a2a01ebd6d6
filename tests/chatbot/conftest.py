"""An analyser for all tests of understanding: loading one takes seconds."""

from collections.abc import Iterator

import pytest

from challenges.catalog import Choice, Options
from challenges.seeding import seeded_rows
from challenges.text import lookup_name
from chatbot.nlu import analyser_manager
from chatbot.nlu.analyser_manager import names_of
from chatbot.nlu.analyser_process import AnalyserProcess
from chatbot.nlu.morphemes import KiwiAnalyser, MorphemeAnalyser
from chatbot.nlu.safety.word_lists import WordLists, seeded_lists


@pytest.fixture(scope="session")
def known() -> Options:
    """The options of the seed, without the database."""
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


class _SharedAnalyser(AnalyserProcess):
    """Loads the process once, when a test first needs these names."""

    def __init__(self, names: frozenset[str]) -> None:
        super().__init__(names)
        self._is_loaded = False

    def load(self) -> None:
        if not self._is_loaded:
            super().load()
            self._is_loaded = True


@pytest.fixture(scope="session")
def _shared_analysers() -> Iterator[dict[frozenset[str], _SharedAnalyser]]:
    """Analysers by their names. They are cached, because each load takes more than a second, and tests change names."""
    analysers: dict[frozenset[str], _SharedAnalyser] = {}
    yield analysers
    for each in analysers.values():
        each.close()


@pytest.fixture(autouse=True)
def _share_analysers(_shared_analysers: dict[frozenset[str], _SharedAnalyser], monkeypatch: pytest.MonkeyPatch) -> None:
    def shared(names: frozenset[str]) -> _SharedAnalyser:
        if names not in _shared_analysers or not _shared_analysers[names].alive:
            _shared_analysers[names] = _SharedAnalyser(names)
        return _shared_analysers[names]

    monkeypatch.setattr(analyser_manager, "AnalyserProcess", shared)


@pytest.fixture(scope="session")
def words() -> WordLists:
    return seeded_lists()
