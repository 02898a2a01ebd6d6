"""Korean morphemes (kiwipiepy). Knows nothing of Django: it also runs in a process that has none."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from unicodedata import normalize

from challenges.text import storable

CONTENT_TAGS = frozenset({"NNG", "NNP", "NR", "VV", "VA", "XR", "MAG", "SL", "SN", "UN"})
"""Tags of morphemes that carry meaning (the Sejong tag set, as kiwipiepy writes it)."""


@dataclass(frozen=True, slots=True)
class Morpheme:
    """``form`` is as kiwipiepy gives it, with single consonants as compatibility letters (ㄹ까). ``tag`` lacks the mark
    of irregular verbs. ``start`` and ``end`` are its place in the text in characters. ``known`` tells whether a
    dictionary has it, or whether it was guessed."""

    form: str
    tag: str
    start: int
    end: int
    known: bool = True


class MorphemeAnalyser(ABC):
    """Cuts texts into morphemes with a dictionary of ``names``. Safe to use from any thread.

    A ``rough`` one only guesses: what depends on morphemes should then believe the text.
    """

    names: frozenset[str]
    rough = False

    @abstractmethod
    def morphemes(self, text: str) -> list[Morpheme]:
        """The morphemes of ``text`` (after NFC, halves of surrogate pairs replaced) in their order."""

    def analyse(self, texts: Sequence[str]) -> list[list[Morpheme]]:
        """The morphemes of each text: one call for many."""
        return [self.morphemes(text) for text in texts]

    def content_words(self, text: str) -> list[str]:
        """The morphemes that carry meaning, verbs as their stems, without case."""
        return content_words(self.morphemes(text))


class KiwiAnalyser(MorphemeAnalyser):
    """kiwipiepy in this process. Making one takes seconds, during which nothing else runs; then it takes about 0.3 ms
    for a message."""

    def __init__(self, names: frozenset[str]) -> None:
        from kiwipiepy import Kiwi  # the server itself never loads it: 105 MB that only a child process needs

        self.names = names
        # Without the names of several words (titles, places): half the time to load, 180 MB less, and our messages
        # are understood as well without them.
        self._kiwi = Kiwi(num_workers=1, load_multi_dict=False)
        for name in sorted(names):
            if is_word(name):
                self._kiwi.add_user_word(name, "NNP", 3.0)
        self.morphemes("준비")  # the first analysis takes as long as loading did

    def morphemes(self, text: str) -> list[Morpheme]:
        tokens = self._kiwi.tokenize(normalize("NFC", storable(text)), compatible_jamo=True)
        return [
            Morpheme(token.form, str(token.tag).partition("-")[0], token.start, token.end, not token.oov)
            for token in tokens
        ]


def content_words(morphemes: Iterable[Morpheme]) -> list[str]:
    """The forms of those that carry meaning, without case."""
    return [morpheme.form.casefold() for morpheme in morphemes if morpheme.tag in CONTENT_TAGS]


def is_word(name: str) -> bool:
    """Whether ``name`` can be an entry of the dictionary: one word of letters, not a phrase, number or emoji."""
    return len(name) > 0 and name.isalpha() and storable(name) == name
