"""The search index. It is immutable, and built again after a change of rows."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray

from challenges.catalog import Options
from chatbot.search.corpus import IndexEntry, Keys
from chatbot.search.question import Concept, Kind, NameMeanings, Reader
from chatbot.search.ranking import Analysis, Ranking
from chatbot.search.spelling import Spelling

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Rows:
    """The fields of entries as arrays (see ``corpus.IndexEntry``), 28 bytes per row."""

    ids: NDArray[np.int64]
    passages: NDArray[np.int16]
    categories: NDArray[np.int16]
    locations: NDArray[np.int64]
    work_types: NDArray[np.int64]

    @classmethod
    def of(cls, entries: Sequence[IndexEntry]) -> Self:
        return cls(
            ids=np.array([entry.id for entry in entries], np.int64),
            passages=np.array([entry.passage for entry in entries], np.int16),
            categories=np.array([entry.category for entry in entries], np.int16),
            locations=np.array([entry.locations for entry in entries], np.int64),
            work_types=np.array([entry.work_types for entry in entries], np.int64),
        )

    @classmethod
    def joined(cls, parts: Sequence["Rows"]) -> Self:
        every: list[Rows] = [cls.of([]), *parts]
        return cls(
            ids=np.concatenate([part.ids for part in every]),
            passages=np.concatenate([part.passages for part in every]),
            categories=np.concatenate([part.categories for part in every]),
            locations=np.concatenate([part.locations for part in every]),
            work_types=np.concatenate([part.work_types for part in every]),
        )

    def suiting(self, keys: Keys, kind: Kind, key: str) -> Mask | None:
        """The rows of the category, or those that suit the location or the work type; None for an unknown key."""
        if kind == "category":
            return self.categories == keys.categories.index(key) if key in keys.categories else None
        known, bits = self._bits(keys, kind)
        return (bits >> known.index(key)) % 2 == 1 if key in known else None

    def meant(self, keys: Keys, kind: Kind, key: str) -> Mask | None:
        """The rows for a question that names the category, location or work type; None for an unknown key.

        A row that suits every location is not about a single one.
        """
        suiting = self.suiting(keys, kind, key)
        if suiting is None or kind == "category":
            return suiting
        known, bits = self._bits(keys, kind)
        everything = (1 << len(known)) - 1
        particular: Mask = np.not_equal(bits & everything, everything)
        return np.logical_and(suiting, particular)

    def _bits(self, keys: Keys, kind: Kind) -> tuple[tuple[str, ...], NDArray[np.int64]]:
        return (keys.locations, self.locations) if kind == "location" else (keys.work_types, self.work_types)


FLOOR = 0.3
"""The minimum share of the question's words that a row must have to be found. Rare words weigh more."""

BOOSTS: dict[Kind, float] = {"category": 1.25, "location": 1.15, "work_type": 1.1}
"""The factors for the score of a row that suits the selection."""

SORTED = 512
"""How many of the best rows are sorted. If a document has more passages among them, other rows may be missed."""

Scores = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Wanted:
    """The preferred keys; "" means no preference. ``only_category`` and ``kind`` exclude other rows. Of a document,
    only the best passage is found, or with ``every_passage`` all that match."""

    category: str = ""
    location: str = ""
    work_type: str = ""
    only_category: bool = False
    kind: Literal["challenge", "document"] | None = None
    every_passage: bool = False


@dataclass(frozen=True, slots=True)
class Hit:
    """A found row. ``passage`` is -1 for a challenge."""

    id: int
    passage: int
    score: float


class Index:
    """The index. It takes about 300 bytes per row, and 400 per distinct word."""

    def __init__(
        self, *, keys: Keys, rows: Rows, analysis: Analysis, ranking: Ranking, known: Options, names: NameMeanings
    ) -> None:
        self.analysis = analysis
        self.known = known
        self.reader = Reader(
            numbers={word: number for number, word in enumerate(analysis.words)},
            names=names,
            spelling=Spelling([*analysis.words, *(name[0] for name in names if len(name) == 1)]),
        )
        self._keys = keys
        self._rows = rows
        self._ranking = ranking
        self._groups: dict[tuple[Kind, str], tuple[Mask, float]] = {}
        for group in {group for meaning in names.values() for group in meaning.groups}:
            mask = rows.meant(keys, *group)
            if mask is not None:
                self._groups[group] = mask, self._rarity(int(np.count_nonzero(mask)))

    def find(self, concepts: Sequence[Concept], wanted: Wanted, count: int) -> list[Hit]:
        """The rows that match enough of the question, the best first."""
        if not any(concept.words or concept.groups for concept in concepts):
            return []
        scores = self._scores(concepts)
        if wanted.kind is not None:
            scores[(self._rows.passages >= 0) != (wanted.kind == "document")] = 0
        self._prefer(scores, "category", wanted.category, only=wanted.only_category)
        self._prefer(scores, "location", wanted.location)
        self._prefer(scores, "work_type", wanted.work_type)
        return self._best(scores, count, every_passage=wanted.every_passage)

    def _scores(self, concepts: Sequence[Concept]) -> Scores:
        """The score of every row; 0 for rows that match too little of the question."""
        total, covered = self._nothing(), self._nothing()
        whole = 0.0
        for concept in concepts:
            best, strength = self._nothing(), self._nothing()
            rarities = []
            for word, weight in concept.words:
                rows, values = self._ranking.rows(word)
                best[rows] = np.maximum(best[rows], values * weight)
                strength[rows] = np.maximum(strength[rows], weight)
                rarities.append((-weight, self._rarity(len(rows))))
            for kind, key, weight in concept.groups:
                if (kind, key) in self._groups:
                    mask, rarity = self._groups[kind, key]
                    np.maximum(best, weight * rarity, out=best, where=mask)
                    np.maximum(strength, weight, out=strength, where=mask)
                    rarities.append((1 - weight, rarity))
            total += best * concept.weight
            if not concept.optional:
                # The rarity of the word, or of the nearest word. A word that no row has is the rarest.
                rarity = concept.weight * (min(rarities)[1] if rarities else self._rarity(0))
                covered += strength * rarity
                whole += rarity
        total[covered < FLOOR * whole] = 0
        return total

    def _nothing(self) -> Scores:
        return np.zeros(self._ranking.count, np.float32)

    def _rarity(self, rows: int) -> float:
        """The weight in BM25 of a word that ``rows`` rows have."""
        return math.log1p((self._ranking.count - rows + 0.5) / (rows + 0.5))

    def _prefer(self, scores: Scores, kind: Kind, key: str, *, only: bool = False) -> None:
        suiting = self._rows.suiting(self._keys, kind, key)
        if suiting is not None:
            np.multiply(scores, BOOSTS[kind], out=scores, where=suiting)
        if only:
            scores[slice(None) if suiting is None else ~suiting] = 0

    def _best(self, scores: Scores, count: int, *, every_passage: bool) -> list[Hit]:
        found = np.flatnonzero(scores)
        most = max(SORTED, 2 * count)
        if len(found) > most:
            found = np.sort(found[np.argpartition(-scores[found], most)[:most]])
        hits: dict[tuple[int, int], Hit] = {}
        for row in found[np.argsort(-scores[found], kind="stable")]:
            hit = Hit(int(self._rows.ids[row]), int(self._rows.passages[row]), float(scores[row]))
            hits.setdefault((hit.id, hit.passage if every_passage else min(hit.passage, 0)), hit)
            if len(hits) == count:
                break
        return list(hits.values())
