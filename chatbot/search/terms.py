"""The words by which texts and questions are compared. Pure functions over morphemes."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from chatbot.nlu.morphemes import Morpheme, MorphemeAnalyser

_NOUNS = frozenset({"NNG", "NNP", "NR", "XR", "SL", "UN"})
_VERBS = frozenset({"VV", "VA"})
_AUXILIARY_ENDINGS = frozenset({"어", "아", "고", "지"})
"""An auxiliary verb (VX) after any other ending is read as a verb: 버리 in "어떻게 버려요"."""

TITLE_REPEATS = 2
"""How often a word of a title counts."""


@dataclass(frozen=True, slots=True)
class Term:
    """A word as it is looked up: nouns as they are, verbs and adjectives in their dictionary form (줍다).

    ``start`` and ``end`` are its place in the text. ``compound`` marks neighbouring nouns that were written as one.
    ``known`` tells whether a dictionary has it.
    """

    word: str
    noun: bool
    start: int
    end: int
    compound: bool = False
    known: bool = True


def terms(morphemes: Iterable[Morpheme]) -> list[Term]:
    """The words that carry meaning, each compound after its parts."""
    found: list[Term] = []
    for term in _simple(morphemes):
        before = next((other for other in reversed(found) if not other.compound), None)
        found.append(term)
        if before is not None and before.noun and term.noun and before.end == term.start:
            found.append(Term(before.word + term.word, noun=True, start=before.start, end=term.end, compound=True))
    return found


def _simple(morphemes: Iterable[Morpheme]) -> Iterator[Term]:
    ending = ""
    for morpheme in morphemes:
        if morpheme.tag in _NOUNS:
            yield Term(
                morpheme.form.casefold(), noun=True, start=morpheme.start, end=morpheme.end, known=morpheme.known
            )
        elif morpheme.tag in _VERBS or (morpheme.tag == "VX" and ending and ending not in _AUXILIARY_ENDINGS):
            yield Term(f"{morpheme.form}다", noun=False, start=morpheme.start, end=morpheme.end)
        ending = morpheme.form if morpheme.tag == "EC" else ""


def index_words(analyser: MorphemeAnalyser, texts: Sequence[tuple[str, str]]) -> list[list[str]]:
    """The words under which each title and text is found, as often as they count."""
    analysed = analyser.analyse([f"{title}\n{text}" for title, text in texts])  # half the time of title and text apart
    return [_words(title, list(_simple(morphemes))) for (title, _), morphemes in zip(texts, analysed, strict=True)]


def _words(title: str, found: Sequence[Term]) -> list[str]:
    repeated = [term.word for term in found if term.end <= len(title)] * (TITLE_REPEATS - 1)
    return repeated + [term.word for term in found]
