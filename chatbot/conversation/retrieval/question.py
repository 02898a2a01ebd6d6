"""From a question to the concepts that rows are looked through for."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from chatbot.conversation.retrieval.names import GENERAL, LONGEST_NAME, Kind, Meaning, Names
from chatbot.conversation.retrieval.spelling import Spelling
from chatbot.conversation.retrieval.terms import Analyser, Term, terms

LONGEST = 500
"""Characters of a question that are read."""

MOST = 24
"""Concepts of a question that are looked for."""

VERB = 0.6
"""How much a verb counts beside a noun: 쓰다, 만들다 say little."""

COMPOUND = 0.5
"""How much it counts that neighbouring nouns are neighbours in the row, too."""

MISSPELLED = 0.7
"""How much a word counts that is only nearly the one that was written."""

TRIES = 3
"""Unknown words whose spelling is looked at; each costs milliseconds in a large index."""


@dataclass(frozen=True, slots=True)
class Concept:
    """One thing that is asked for. A row fits by its best word or group; the weights are between 0 and 1.

    ``optional`` concepts raise a row's score but need not be met. Without words and groups nothing fits.
    """

    words: tuple[tuple[int, float], ...]
    groups: tuple[tuple[Kind, str, float], ...] = ()
    weight: float = 1.0
    optional: bool = False


@dataclass(frozen=True)
class Reader:
    """Reads questions against the words of an index."""

    numbers: dict[str, int]
    names: Names
    spelling: Spelling
    _nothing: Meaning = field(default_factory=Meaning, repr=False)

    def concepts(self, question: str, analyser: Analyser) -> list[Concept]:
        asked = terms(analyser.morphemes(question[:LONGEST].replace("#", " ")))
        tries = TRIES
        found: list[Concept] = []
        seen: set[str] = set()
        for term in asked:
            if term.word in seen or term.word in GENERAL:
                continue
            seen.add(term.word)
            concept = self._known(term)
            if concept is None and not term.compound:
                concept = Concept(words=(), weight=1.0 if term.noun else VERB)
                if tries and term.noun:
                    tries -= 1
                    concept = self._misspelled(term, asked) or concept
            if concept is not None:
                found.append(concept)
        found += self._phrases([term for term in asked if not term.compound])
        return found[:MOST]

    def _known(self, term: Term) -> Concept | None:
        words, groups = self._meant(term.word)
        if not words and not groups:
            return None
        weight = COMPOUND if term.compound else 1.0 if term.noun else VERB
        return Concept(tuple(words.items()), groups, weight, optional=term.compound)

    def _meant(self, word: str, weight: float = 1.0) -> tuple[dict[int, float], tuple[tuple[Kind, str, float], ...]]:
        """The words and groups that ``word`` stands for, itself among them."""
        meaning = self.names.get((word,), self._nothing)
        weighed = {word: 1.0, **meaning.words}
        words = {self.numbers[word]: weight * share for word, share in weighed.items() if word in self.numbers}
        return words, tuple((kind, key, weight * share) for (kind, key), share in meaning.groups.items())

    def _misspelled(self, term: Term, asked: Sequence[Term]) -> Concept | None:
        """What is spelled nearly like the word, or like the compound that it is a part of."""
        compounds = [other for other in asked if other.compound and other.start <= term.start and term.end <= other.end]
        words: dict[int, float] = {}
        groups: tuple[tuple[Kind, str, float], ...] = ()
        for written in [term, *compounds]:
            for word, likeness in self.spelling.near(written.word):
                if word not in GENERAL:
                    also, of = self._meant(word, likeness * MISSPELLED)
                    words, groups = {**also, **words}, groups + of
        return Concept(tuple(words.items()), groups) if words or groups else None

    def _phrases(self, asked: Sequence[Term]) -> Iterator[Concept]:
        """Names of several words."""
        words = [term.word for term in asked]
        for length in range(2, LONGEST_NAME + 1):
            for start in range(len(words) - length + 1):
                meaning = self.names.get(tuple(words[start : start + length]))
                if meaning is not None:
                    groups = tuple((kind, key, weight) for (kind, key), weight in meaning.groups.items())
                    also = tuple((self.numbers[w], f) for w, f in meaning.words.items() if w in self.numbers)
                    yield Concept(also, groups, optional=True)
