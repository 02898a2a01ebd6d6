"""Korean morphemes (kiwipiepy). This module does not use Django, because it also runs in a process without it."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from unicodedata import normalize

from challenges.text import storable

CONTENT_TAGS = frozenset({"NNG", "NNP", "NR", "VV", "VA", "XR", "MAG", "SL", "SN", "UN"})
"""The tags of meaningful morphemes (the Sejong tag set, in the notation of kiwipiepy)."""


@dataclass(frozen=True, slots=True)
class Morpheme:
    """A morpheme in a text.

    ``form`` is the form of kiwipiepy, with single consonants as compatibility letters (ㄹ까). ``tag`` has no mark for
    irregular verbs. ``start`` and ``end`` are positions in the text in characters. ``known``: the dictionary has the
    morpheme; otherwise it was guessed.
    """

    form: str
    tag: str
    start: int
    end: int
    known: bool = True


Topic = tuple[str, str]
"""A text that is about a category, and the category's key."""


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a message most likely wants, by ``chatbot.nlu.intent_classifier``.

    ``margin`` is by how much the intent outscores the next. ``category`` is the key of the category that the message is
    about, "" when none is likely enough. ``leaning`` is the likeliest, however unlikely. ``asks`` is by how much a
    question for a fact outscores all else.
    """

    intent: str
    margin: float
    category: str
    asks: float = 0.0
    leaning: str = ""
    facets: tuple[str, ...] = ()


class MorphemeAnalyser(ABC):
    """Splits texts into morphemes. Its dictionary contains ``names``. Safe to use from any thread.

    A ``rough`` analyser only guesses: callers should then rely on the text rather than on morphemes.
    """

    names: frozenset[str]
    rough = False

    @abstractmethod
    def morphemes(self, text: str) -> list[Morpheme]:
        """The morphemes of ``text`` in order. The text is normalised to NFC, and lone surrogates are replaced."""

    def analyse(self, texts: Sequence[str]) -> list[list[Morpheme]]:
        """The morphemes of each text, with one call."""
        return [self.morphemes(text) for text in texts]

    def opinion(self, text: str) -> Opinion | None:
        """What the message most likely wants; None when nothing was learned."""
        return None

    def content_words(self, text: str) -> list[str]:
        """The meaningful morphemes in lower case; verbs are stems."""
        return content_words(self.morphemes(text))


class KiwiAnalyser(MorphemeAnalyser):
    """kiwipiepy in this process. Creating one takes seconds and blocks all threads. Then a message takes about 0.3
    ms."""

    def __init__(self, names: frozenset[str]) -> None:
        from kiwipiepy import Kiwi  # here, because only child processes need it: it takes 105 MB

        self.names = names
        # Without its names of several words (titles, places) it loads in half the time and takes 180 MB less. Our
        # messages are understood as well without them.
        self._kiwi = Kiwi(num_workers=1, load_multi_dict=False)
        for name in sorted(names):
            if is_word(name):
                self._kiwi.add_user_word(name, "NNP", 3.0)
        self.morphemes("준비")  # the first analysis takes as long as loading

    def morphemes(self, text: str) -> list[Morpheme]:
        tokens = self._kiwi.tokenize(normalize("NFC", storable(text)), compatible_jamo=True)
        return [
            Morpheme(token.form, str(token.tag).partition("-")[0], token.start, token.end, not token.oov)
            for token in tokens
        ]


def content_words(morphemes: Iterable[Morpheme]) -> list[str]:
    """The forms of the meaningful morphemes in lower case."""
    return [morpheme.form.casefold() for morpheme in morphemes if morpheme.tag in CONTENT_TAGS]


def is_word(name: str) -> bool:
    """Whether ``name`` can be in the dictionary: it is one word of letters, not a phrase, number or emoji."""
    return len(name) > 0 and name.isalpha() and storable(name) == name
