"""Finds the words by which the titles of an answer are compared. The analyser finds them if it is loaded."""

from collections import OrderedDict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial

from chatbot.answers.similarity import rough_words
from chatbot.errors import Busy
from chatbot.nlu.analyser_manager import TimeBudget, loaded
from chatbot.nlu.analyser_process import AnalyserGone, AnalyserProcess
from chatbot.nlu.morphemes import content_words

MOST_REMEMBERED = 10_000
"""The maximum number of cached titles (some 4 MB). Sessions and the catalogue have hundreds; models write new ones."""


class RememberedWords:
    """A cache of the words of recently used titles. ``names`` are the names that the analyser knew."""

    def __init__(self, most: int = MOST_REMEMBERED) -> None:
        self._most = most
        self._words: OrderedDict[tuple[frozenset[str], str], Sequence[str]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._words)

    def get(self, names: frozenset[str], title: str) -> Sequence[str] | None:
        words = self._words.get((names, title))
        if words is not None:
            self._words.move_to_end((names, title))
        return words

    def keep(self, names: frozenset[str], title: str, words: Sequence[str]) -> None:
        self._words[names, title] = words
        if len(self._words) > self._most:
            self._words.popitem(last=False)


_remembered = RememberedWords()


@dataclass
class TitleWords:
    """The words of the titles of one answer. ``words(title)`` is None until ``learn`` has found them.

    All titles of an answer are compared in the same way. If the analyser is not loaded or does not answer in time,
    rough words are used for all. The analyser is never loaded for titles: that takes seconds and half a gigabyte.
    """

    _words: dict[str, Sequence[str]] = field(default_factory=dict)

    @cached_property
    def _analyser(self) -> AnalyserProcess | None:
        """The state before the first title is compared."""
        return loaded()

    def __call__(self, title: str) -> Collection[str] | None:
        return self._words.get(title) if self._analyser is not None else rough_words(title)

    async def learn(self, titles: Iterable[str]) -> None:
        """Finds the words of the titles in a thread, with one message to the analyser process."""
        analyser = self._analyser
        if analyser is None:
            return
        missing: list[str] = []
        for title in dict.fromkeys(titles):
            if title in self._words:
                continue
            words = _remembered.get(analyser.names, title)
            if words is None:
                missing.append(title)
            else:
                self._words[title] = words
        if not missing:
            return
        try:
            found = await TimeBudget().run(analyser, partial(_words_of, analyser, missing))
        except (AnalyserGone, Busy):
            self._analyser = None
            return
        for title, words in zip(missing, found, strict=True):
            _remembered.keep(analyser.names, title, words)
            self._words[title] = words


def _words_of(analyser: AnalyserProcess, titles: Sequence[str]) -> list[Sequence[str]]:
    return [tuple(content_words(morphemes)) for morphemes in analyser.analyse(titles)]
