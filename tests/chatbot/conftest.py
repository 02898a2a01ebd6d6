"""An analyser for all tests of understanding: loading one takes seconds."""

from collections.abc import Iterator, Sequence

import pytest

from challenges.catalog import Options
from chatbot.nlu import analyser_manager
from chatbot.nlu.analyser_manager import names_of
from chatbot.nlu.analyser_process import AnalyserProcess
from chatbot.nlu.intent_classifier import LearnedAnalyser
from chatbot.nlu.morphemes import MorphemeAnalyser, Topic
from chatbot.nlu.safety.word_lists import WordLists, seeded_lists
from tests.chatbot.nlu.seeded import seeded_options, seeded_topics


@pytest.fixture(scope="session")
def known() -> Options:
    """What can be picked, as the seed has it; no database."""
    return seeded_options()


@pytest.fixture(scope="session")
def analyser(known: Options) -> MorphemeAnalyser:
    made = LearnedAnalyser(names_of(known))
    made.learn(seeded_topics(known))
    return made


class _SharedAnalyser(AnalyserProcess):
    """Loads the process once, when a test first needs these names."""

    def __init__(self, names: frozenset[str]) -> None:
        super().__init__(names)
        self._is_loaded = False
        self._learned: Sequence[Topic] = ()

    def load(self) -> None:
        if not self._is_loaded:
            super().load()
            self._is_loaded = True

    def learn(self, topics: Sequence[Topic]) -> None:
        if topics != self._learned:
            super().learn(topics)
            self._learned = topics


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
