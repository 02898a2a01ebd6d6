"""Korean morphemes (kiwipiepy). Loading takes seconds and half a gigabyte, so it happens with the first message, in a
thread of its own, once per process."""

import asyncio
import logging
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from unicodedata import normalize

from challenges.catalog import Choice, Options
from challenges.text import storable

logger = logging.getLogger(__name__)

CONTENT_TAGS = frozenset({"NNG", "NNP", "NR", "VV", "VA", "XR", "MAG", "SL", "SN", "UN"})
"""Tags of morphemes that carry meaning (the Sejong tag set, as kiwipiepy writes it)."""


@dataclass(frozen=True, slots=True)
class Morpheme:
    """``form`` as kiwipiepy gives it, single consonants as compatibility letters (ㄹ까); ``tag`` without the mark of
    irregular verbs; ``start`` and ``end`` are its place in the text in characters. ``known`` tells whether a
    dictionary has it, or whether it was guessed."""

    form: str
    tag: str
    start: int
    end: int
    known: bool = True


class Language:
    """One analyser with a dictionary of names. Safe to use from any thread; about 0.3 ms for a message."""

    def __init__(self, names: frozenset[str]) -> None:
        from kiwipiepy import Kiwi

        self.names = names
        self._kiwi = Kiwi(num_workers=1)
        for name in sorted(names):
            if is_word(name):
                self._kiwi.add_user_word(name, "NNP", 3.0)
        self.morphemes("준비")  # the first analysis takes as long as loading did

    def morphemes(self, text: str) -> list[Morpheme]:
        """The morphemes of ``text`` (after NFC, halves of surrogate pairs replaced) in their order."""
        tokens = self._kiwi.tokenize(normalize("NFC", storable(text)), compatible_jamo=True)
        return [
            Morpheme(token.form, str(token.tag).partition("-")[0], token.start, token.end, not token.oov)
            for token in tokens
        ]

    def content_words(self, text: str) -> list[str]:
        """The morphemes that carry meaning, verbs as their stems, without case."""
        return [morpheme.form.casefold() for morpheme in self.morphemes(text) if morpheme.tag in CONTENT_TAGS]


def is_word(name: str) -> bool:
    """Whether ``name`` can be an entry of the dictionary: one word of letters, not a phrase, number or emoji."""
    return len(name) > 0 and name.isalpha() and storable(name) == name


def names_of(known: Options) -> frozenset[str]:
    """The labels, aliases and keywords of everything that can be picked."""

    def words(choices: Iterable[Choice]) -> Iterable[str]:
        return (word for choice in choices for word in (choice.label, *choice.aliases, *choice.keywords))

    kinds = (known.categories, known.locations, known.work_types)
    return frozenset(normalize("NFC", word) for kind in kinds for word in words(kind.values()))


class _Keeper:
    """Owns the process's analyser. It is made in the background; a new one replaces it when the names changed."""

    def __init__(self) -> None:
        self.ready: Language | None = None
        self._maker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="language")
        self._making: tuple[frozenset[str], Future[Language]] | None = None

    async def get(self, names: frozenset[str]) -> Language:
        """The analyser. The first is waited for; while another one is made for new names, the old one serves."""
        if self.ready is not None and self.ready.names == names:
            return self.ready
        if self._making is None or self._making[0] != names:
            self._making = (names, self._maker.submit(self._make, names))
        if self.ready is not None:
            return self.ready
        return await asyncio.wrap_future(self._making[1])

    def _make(self, names: frozenset[str]) -> Language:
        language = Language(names)
        self.ready = language
        return language


_keeper = _Keeper()


async def language_for(known: Options) -> Language:
    """The analyser that knows the names of what can be picked."""
    return await _keeper.get(names_of(known))


def loaded() -> Language | None:
    """The analyser if this process has one already: nobody waits for it, nothing is loaded."""
    return _keeper.ready
