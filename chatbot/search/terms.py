"""The words for comparing texts and questions. Pure functions on morphemes."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from chatbot.nlu.morphemes import Morpheme, MorphemeAnalyser

_NOUNS = frozenset({"NNG", "NNP", "NR", "XR", "SL", "UN"})
_VERBS = frozenset({"VV", "VA"})
_AUXILIARY_ENDINGS = frozenset({"어", "아", "고", "지"})
"""An auxiliary verb (VX) follows one of these endings. After another ending it is a verb: 버리 in "어떻게 버려요"."""

TITLE_REPEATS = 2
"""How often a word of the title is counted."""


@dataclass(frozen=True, slots=True)
class Term:
    """A word in the form for the search: verbs and adjectives are in their dictionary form (줍다).

    ``start`` and ``end`` are positions in the text. ``compound``: the term is several nouns that are written as one
    word. ``known``: the dictionary has it.
    """

    word: str
    noun: bool
    start: int
    end: int
    compound: bool = False
    known: bool = True


def terms(morphemes: Iterable[Morpheme]) -> list[Term]:
    """The meaningful words. A compound comes after its parts."""
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
    """The words of each title and text for the index, repeated as often as they count."""
    analysed = analyser.analyse([f"{title}\n{text}" for title, text in texts])  # half the time of two separate texts
    return [_words(title, list(_simple(morphemes))) for (title, _), morphemes in zip(texts, analysed, strict=True)]


def _words(title: str, found: Sequence[Term]) -> list[str]:
    repeated = [term.word for term in found if term.end <= len(title)] * (TITLE_REPEATS - 1)
    return repeated + [term.word for term in found]
