"""What a search looks through: immutable, made anew when rows changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from chatbot.conversation.retrieval.analysis import Analysis
from chatbot.conversation.retrieval.corpus import Entry, Keys
from chatbot.conversation.retrieval.names import Kind, Names
from chatbot.conversation.retrieval.question import Concept, Reader
from chatbot.conversation.retrieval.ranking import Ranking
from chatbot.conversation.retrieval.spelling import Spelling

FLOOR = 0.3
"""The share of what was asked for (rare words weigh more) that a row must have to be found."""

BOOSTS: dict[Kind, float] = {"category": 1.25, "location": 1.15, "work_type": 1.1}
"""By what the score of a row is multiplied that suits the selection."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The keys of what is preferred, "" for no preference; ``only_category`` and ``kind`` leave others out."""

    category: str = ""
    location: str = ""
    work_type: str = ""
    only_category: bool = False
    kind: Literal["challenge", "document"] | None = None

    def key(self, kind: Kind) -> str:
        return {"category": self.category, "location": self.location, "work_type": self.work_type}[kind]


@dataclass(frozen=True, slots=True)
class Hit:
    """``passage`` is -1 for a challenge."""

    id: int
    passage: int
    score: float


class Rows:
    """What is known of each row beside its words: 28 bytes."""

    def __init__(self, entries: Sequence[Sequence[Entry]]) -> None:
        everything = [entry for chunk in entries for entry in chunk]
        self.ids = np.array([entry.id for entry in everything], dtype=np.int64)
        self.passages = np.array([entry.passage for entry in everything], dtype=np.int16)
        self.categories = np.array([entry.category for entry in everything], dtype=np.int16)
        self.locations = np.array([entry.locations for entry in everything], dtype=np.int64)
        self.work_types = np.array([entry.work_types for entry in everything], dtype=np.int64)


class Index:
    def __init__(self, *, keys: Keys, rows: Rows, analysis: Analysis, ranking: Ranking, names: Names) -> None:
        self.analysis = analysis
        self._keys = keys
        self._rows = rows
        self._ranking = ranking
        self.reader = Reader(
            numbers={word: number for number, word in enumerate(analysis.words)},
            names=names,
            spelling=Spelling({*analysis.words, *(name[0] for name in names if len(name) == 1)}),
        )

    def find(self, concepts: Sequence[Concept], wanted: Wanted, count: int) -> list[Hit]:
        """The rows that have enough of what is asked for, best first; of a document its best passage alone."""
        if not any(concept.words or concept.groups for concept in concepts):
            return []
        scores = self._scores(concepts)
        scores *= self._allowed(wanted)
        for kind, key in (
            ("category", wanted.category),
            ("location", wanted.location),
            ("work_type", wanted.work_type),
        ):
            mask = self._suits(kind, key)
            if mask is not None:
                scores[mask] *= BOOSTS[kind]
        found = np.flatnonzero(scores)
        kept = found[np.argsort(-scores[found], kind="stable")]
        hits: dict[tuple[int, bool], Hit] = {}
        for row in kept:
            hit = Hit(int(self._rows.ids[row]), int(self._rows.passages[row]), float(scores[row]))
            hits.setdefault((hit.id, hit.passage >= 0), hit)
            if len(hits) == count:
                break
        return list(hits.values())

    def _scores(self, concepts: Sequence[Concept]) -> NDArray[np.float32]:
        """Every row's score, 0 for those that have too little of what is asked for."""
        count = self._ranking.count
        total, covered = np.zeros(count, np.float32), np.zeros(count, np.float32)
        whole = 0.0
        for concept in concepts:
            best, strength = np.zeros(count, np.float32), np.zeros(count, np.float32)
            for word, weight in concept.words:
                rows, values = self._ranking.rows(word)
                best[rows] = np.maximum(best[rows], values * weight)
                strength[rows] = np.maximum(strength[rows], weight)
            for kind, key, weight in concept.groups:
                mask = self._meant(kind, key)
                best[mask] = np.maximum(best[mask], weight * self._rarity(int(np.count_nonzero(mask))))
                strength[mask] = np.maximum(strength[mask], weight)
            total += best * concept.weight
            if not concept.optional:
                rarity = self._rarity_of(concept) * concept.weight
                covered += strength * rarity
                whole += rarity
        total[covered < FLOOR * whole] = 0
        return total

    def _rarity_of(self, concept: Concept) -> float:
        """That of the word itself, or of what is nearest to it."""
        nearest = max((weight for _, weight in concept.words), default=0)
        sizes = [len(self._ranking.rows(word)[0]) for word, weight in concept.words if weight == nearest]
        if not sizes:
            sizes = [int(np.count_nonzero(self._meant(kind, key))) for kind, key, _ in concept.groups]
        return self._rarity(max(sizes, default=0))

    def _rarity(self, rows: int) -> float:
        """BM25's weight of a word that so many rows have."""
        return float(np.log1p((self._ranking.count - rows + 0.5) / (rows + 0.5)))

    def _allowed(self, wanted: Wanted) -> NDArray[np.bool_]:
        allowed = np.ones(self._ranking.count, np.bool_)
        if wanted.kind is not None:
            allowed &= (self._rows.passages >= 0) == (wanted.kind == "document")
        if wanted.only_category:
            category = self._suits("category", wanted.category)
            allowed &= False if category is None else category
        return allowed

    def _suits(self, kind: Kind, key: str) -> NDArray[np.bool_] | None:
        """Rows of the category, or that suit the location or work type; None for an unknown key."""
        if kind == "category":
            return self._rows.categories == self._keys.categories.index(key) if key in self._keys.categories else None
        keys, bits = self._bits(kind)
        return (bits >> keys.index(key)) % 2 == 1 if key in keys else None

    def _bits(self, kind: Kind) -> tuple[tuple[str, ...], NDArray[np.int64]]:
        if kind == "location":
            return self._keys.locations, self._rows.locations
        return self._keys.work_types, self._rows.work_types

    def _meant(self, kind: Kind, key: str) -> NDArray[np.bool_]:
        """Rows that are meant when a question names the category, location or work type: those that suit every
        location are not about one."""
        mask = self._suits(kind, key)
        if mask is None:
            return np.zeros(self._ranking.count, np.bool_)
        if kind == "category":
            return mask
        keys, bits = self._bits(kind)
        everything = (1 << len(keys)) - 1
        result: NDArray[np.bool_] = mask & (bits & everything != everything)
        return result
