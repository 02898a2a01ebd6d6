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

VERB = 0.5
"""How much a verb counts beside a noun: 쓰다, 만들다 say little."""

COMPOUND = 0.5
"""How much it counts that neighbouring nouns are neighbours in the row, too."""

MISSPELLED = 0.9
"""How much a word counts that is only nearly the one that was written, when no dictionary has the latter."""

MISTAKEN = 0.6
"""The same when a dictionary has what was written: perhaps it was meant."""

KIN = 0.6
"""How much a word counts that shares syllables with the one that was written."""

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
            stands_for = self._stands_for(term.word)
            if term.noun:
                for word, likeness in self.spelling.kin(term.word):
                    stands_for.add(self._stands_for(word), likeness * KIN)
            if term.noun and not term.compound and tries and term.word not in self.numbers:
                tries -= 1
                self._correct(term, asked, stands_for)
            if stands_for.words or stands_for.groups or not term.compound:
                found.append(stands_for.concept(term))
        found += self._phrases([term for term in asked if not term.compound])
        return found[:MOST]

    def _stands_for(self, word: str) -> "_Alternatives":
        """The words and groups that ``word`` stands for, itself among them."""
        meaning = self.names.get((word,), self._nothing)
        weighed = {word: 1.0, **meaning.words}
        return _Alternatives(
            {self.numbers[w]: f for w, f in weighed.items() if w in self.numbers}, dict(meaning.groups)
        )

    def _correct(self, term: Term, asked: Sequence[Term], stands_for: "_Alternatives") -> None:
        """Adds what is spelled nearly like the word, or like the compound that it is a part of."""
        compounds = [other for other in asked if other.compound and other.start <= term.start and term.end <= other.end]
        for written in [term, *compounds]:
            for word, likeness in self.spelling.near(written.word):
                if word not in GENERAL:
                    stands_for.add(self._stands_for(word), likeness * (MISTAKEN if term.known else MISSPELLED))

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


@dataclass(slots=True)
class _Alternatives:
    """A concept while it is put together: words and groups with their weights."""

    words: dict[int, float]
    groups: dict[tuple[Kind, str], float]

    def add(self, other: "_Alternatives", weight: float) -> None:
        for word, share in other.words.items():
            self.words[word] = max(self.words.get(word, 0), share * weight)
        for group, share in other.groups.items():
            self.groups[group] = max(self.groups.get(group, 0), share * weight)

    def concept(self, term: Term) -> Concept:
        weight = COMPOUND if term.compound else 1.0 if term.noun else VERB
        groups = tuple((kind, key, share) for (kind, key), share in self.groups.items())
        return Concept(tuple(self.words.items()), groups, weight, optional=term.compound)
