"""Checks the titles of an answer: they must not repeat others, and people must be able to read them."""

from collections import Counter
from collections.abc import Collection, Sequence

from chatbot.answers.cleaning import JSON_TEXT, cleaned
from chatbot.answers.placeholders import is_placeholder
from chatbot.answers.rules import ForeignScript, clean_title
from chatbot.answers.similarity import Splitter, Taken, no_words


class TitleCheck:
    """Checks the titles of one answer. ``given`` are titles that it must not repeat, compared by the words that
    ``split`` finds. ``mends`` counts the corrections."""

    def __init__(self, given: Collection[str], split: Splitter, mends: Counter[str]) -> None:
        self.is_trusted = False
        self._given = tuple(given)
        self._split = split
        self._mends = mends
        self._taken: Taken | None = None  # made for the first title: whoever writes from the catalogue needs none

    def trust(self) -> None:
        """Allows all titles from now on, because they come from the catalogue."""
        self.is_trusted, self._given, self._split, self._taken = True, (), no_words, None

    def forget(self) -> None:
        """Call it when the titles of the answer have changed, or their words have become known."""
        self._taken = None

    def add(self, title: str) -> None:
        """Adds a title to the answer."""
        if self._taken is not None:
            self._taken.add(title)

    def unknown(self, written: str, others: Sequence[str]) -> list[str]:
        """The titles whose words must become known before this one can be checked."""
        title = clean_title(written)
        titles = [*self._given, *others, title] if title else []
        return [each for each in titles if self._split(each) is None]

    def usable(self, written: str, others: Sequence[str]) -> str:
        """The corrected title, or "" when the challenge cannot be used. ``others`` are the titles of the answer."""
        title = clean_title(written)
        if flaw := self._flaw(written, title, others):
            self._mends[flaw] += 1
            return ""
        if title and title != " ".join(written.split()):
            self._mends["title"] += 1
        return title

    def _flaw(self, written: str, title: str, others: Sequence[str]) -> str:
        """The reason why the title cannot be used, or ""."""
        if is_placeholder(written):
            return "placeholder"
        if not self.is_trusted and "\ufffd" in written:
            return "unreadable"
        if not self.is_trusted and JSON_TEXT in cleaned(written)[1]:
            return JSON_TEXT
        if not self.is_trusted and title and ForeignScript().sees(title):
            return "foreign_words"
        if self._taken is None:
            self._taken = Taken([*self._given, *others], split=self._split)
        return "repetition" if title and self._taken.has(title) else ""
