"""Turns a question into concepts that the index can be searched for."""

import tomllib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from challenges.catalog import Choice, Options
from chatbot.nlu.morphemes import MorphemeAnalyser
from chatbot.search.spelling import Spelling
from chatbot.search.terms import Term, terms

_WORDS = tomllib.loads((Path(__file__).parent / "words.toml").read_text("utf-8"))

GENERAL = frozenset(_WORDS["general"])
"""Words that express the request itself, and say nothing about its subject."""

GROUPS: Sequence[Sequence[str]] = _WORDS["groups"]
"""Everyday words that mean the same."""

Kind = Literal["category", "location", "work_type"]

NAMED = 1.0
"""The weight of a label or an alias as a hint to its category, location or work type."""

HINTED = 0.35
"""The weight of a keyword as a hint to its category."""

ALSO = 0.8
"""The weight of a synonym, compared with the word itself."""


@dataclass(slots=True)
class Meaning:
    """The meaning of a name. ``words`` are searched too, and ``groups`` (kind and key) are preferred, with weights."""

    words: dict[str, float] = field(default_factory=dict)
    groups: dict[tuple[Kind, str], float] = field(default_factory=dict)


NameMeanings = Mapping[tuple[str, ...], Meaning]
"""A mapping from the words of a name to its meaning."""

LONGEST_NAME = 4
"""The maximum number of words in a name."""


def name_meanings(known: Options, analyser: MorphemeAnalyser) -> NameMeanings:
    """The meanings of all names. Takes about 0.1 s, because each name is analysed."""
    found: dict[tuple[str, ...], Meaning] = defaultdict(Meaning)
    kinds: list[tuple[Kind, Mapping[str, Choice]]] = [
        ("category", known.categories),
        ("location", known.locations),
        ("work_type", known.work_types),
    ]
    listed = [choice for _, choices in kinds for choice in choices.values()]
    every = [name for each in listed for name in (each.label, *each.aliases, *each.keywords)]
    every += [name for group in GROUPS for name in group]
    analysed = dict(zip(every, analyser.analyse(every), strict=True))

    def words_of(name: str) -> tuple[str, ...]:
        return tuple(term.word for term in terms(analysed[name]) if not term.compound)

    def join(written: Iterable[str], group: tuple[Kind, str] | None = None) -> None:
        listed = [words for name in written if 0 < len(words := words_of(name)) <= LONGEST_NAME]
        single = {words[0] for words in listed if len(words) == 1}
        for words in listed:
            meaning = found[words]
            meaning.words.update(dict.fromkeys(single - set(words), ALSO))
            if group is not None:
                meaning.groups[group] = NAMED

    for kind, choices in kinds:
        for choice in choices.values():
            join([choice.label, *choice.aliases], (kind, choice.key))
            for words in map(words_of, choice.keywords):
                if 0 < len(words) <= LONGEST_NAME:
                    found[words].groups.setdefault((kind, choice.key), HINTED)
    for group in GROUPS:
        join(group)
    return dict(found)


LONGEST_QUESTION = 500
"""How many characters of a question are used."""

MOST = 24
"""How many words of a question are searched."""

VERB = 0.5
"""The weight of a verb, compared with a noun: 쓰다 and 만들다 are not specific."""

COMPOUND = 0.5
"""The weight of neighbouring nouns that are also neighbours in the row."""

MISSPELLED = 0.9
"""The weight of a similar word if the dictionary does not have the written one."""

MISTAKEN = 0.6
"""The weight of a similar word if the dictionary has the written one, which may be correct."""

KIN = 0.6
"""The weight of a word that shares syllables with the written one."""

TRIES = 3
"""How many unknown words are checked for spelling. Each takes milliseconds in a large index."""


@dataclass(frozen=True, slots=True)
class Concept:
    """One part of a question. A row matches by its best word or group. Weights are between 0 and 1.

    An ``optional`` concept raises the score of a row, but is not required. Without words and groups no row matches.
    """

    words: tuple[tuple[int, float], ...]
    groups: tuple[tuple[Kind, str, float], ...] = ()
    weight: float = 1.0
    optional: bool = False


@dataclass(frozen=True)
class Reader:
    """Parses questions with the words of an index."""

    numbers: dict[str, int]
    names: NameMeanings
    spelling: Spelling
    _nothing: Meaning = field(default_factory=Meaning, repr=False)

    def concepts(self, question: str, analyser: MorphemeAnalyser) -> list[Concept]:
        asked = terms(analyser.morphemes(question[:LONGEST_QUESTION].replace("#", " ")))
        corrected = self._corrected(asked)
        phrases, parts = self._phrases([term for term in asked if not term.compound], corrected)
        wholes = {term for term in asked if term.compound and (self._knows(term.word) or corrected.get(term.word))}
        starts, ends = {whole.start for whole in wholes}, {whole.end for whole in wholes}
        parts |= {term.start for term in asked if term.start in starts or term.end in ends}
        found: dict[str, Concept] = {}
        for term in asked:
            general = term.word in GENERAL and (term.word,) not in self.names
            if term.word not in found and not general and len(found) < MOST:
                stands_for = self._stands_for(term.word)
                mere = term.compound and term not in wholes
                optional = mere or (term.start in parts and not term.compound) or stands_for.names_a_place()
                if term.noun:
                    for word, likeness in [*self._kin(term.word), *corrected.get(term.word, ())]:
                        stands_for.add(self._stands_for(word), likeness)
                if stands_for.words or stands_for.groups or not optional:
                    weight = COMPOUND if mere else 1.0 if term.noun else VERB
                    found[term.word] = stands_for.concept(weight=weight, optional=optional)
        return [*phrases, *found.values()]

    def _knows(self, word: str) -> bool:
        return word in self.numbers or (word,) in self.names

    def _kin(self, word: str) -> list[tuple[str, float]]:
        return [(other, likeness * KIN) for other, likeness in self.spelling.kin(word)]

    def _corrected(self, asked: Sequence[Term]) -> dict[str, list[tuple[str, float]]]:
        """Words with a similar spelling for the first unknown nouns and their compounds, with weights, the nearest
        first."""
        unknown = {term.word: term for term in asked if term.noun and not term.compound and not self._knows(term.word)}
        corrected = {}
        for term in list(unknown.values())[:TRIES]:
            weight = MISTAKEN if term.known else MISSPELLED
            for written in (each for each in asked if each.start <= term.start and term.end <= each.end):
                near = [(word, likeness * weight) for word, likeness in self.spelling.near(written.word)]
                corrected[written.word] = [each for each in near if each[0] not in GENERAL]
        return corrected

    def _phrases(
        self, simple: Sequence[Term], corrected: Mapping[str, Sequence[tuple[str, float]]]
    ) -> tuple[list[Concept], set[int]]:
        """The concepts of names with several words, and the positions of these words."""
        words = [next((word for word, _ in corrected.get(term.word, ())), term.word) for term in simple]
        concepts, starts = [], set()
        for length in range(2, LONGEST_NAME + 1):
            for first in range(len(words) - length + 1):
                meaning = self.names.get(tuple(words[first : first + length]))
                if meaning is not None and meaning.groups:
                    alternatives = self._alternatives(meaning)
                    concepts.append(alternatives.concept(optional=alternatives.names_a_place()))
                    starts |= {term.start for term in simple[first : first + length]}
        return concepts, starts

    def _stands_for(self, word: str) -> "_Alternatives":
        """The words and groups that ``word`` may mean, including itself. A stem alone means its verb."""
        if not self._knows(word) and f"{word}다" in self.numbers:
            word = f"{word}다"
        alternatives = self._alternatives(self.names.get((word,), self._nothing))
        if word in self.numbers:
            alternatives.words[self.numbers[word]] = 1.0
        return alternatives

    def _alternatives(self, meaning: Meaning) -> "_Alternatives":
        words = {self.numbers[word]: weight for word, weight in meaning.words.items() if word in self.numbers}
        return _Alternatives(words, dict(meaning.groups))


@dataclass(slots=True)
class _Alternatives:
    """A concept that is being built: words and groups with their weights."""

    words: dict[int, float]
    groups: dict[tuple[Kind, str], float]

    def names_a_place(self) -> bool:
        """Whether it names a location or a work type. Such a concept is optional, because most rows suit all of
        them."""
        return any(kind != "category" for kind, _ in self.groups)

    def add(self, other: "_Alternatives", weight: float) -> None:
        """Adds the words and groups of ``other``, but no location or work type: 도시락 only looks like 도시."""
        for word, share in other.words.items():
            self.words[word] = max(self.words.get(word, 0), share * weight)
        for (kind, key), share in other.groups.items():
            if kind == "category":
                self.groups[kind, key] = max(self.groups.get((kind, key), 0), share * weight)

    def concept(self, *, weight: float = 1.0, optional: bool = False) -> Concept:
        groups = tuple((kind, key, share) for (kind, key), share in self.groups.items())
        return Concept(tuple(self.words.items()), groups, weight, optional)
