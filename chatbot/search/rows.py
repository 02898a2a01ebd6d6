"""What is known of each row beside its words."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from chatbot.search.corpus import Keys
from chatbot.search.entries import Entry
from chatbot.search.names import Kind

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Rows:
    """The fields of entries as arrays (see ``corpus.Entry``): 28 bytes a row."""

    ids: NDArray[np.int64]
    passages: NDArray[np.int16]
    categories: NDArray[np.int16]
    locations: NDArray[np.int64]
    work_types: NDArray[np.int64]

    @classmethod
    def of(cls, entries: Sequence[Entry]) -> Self:
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
        """Rows of the category, or that suit the location or the work type; None for an unknown key."""
        if kind == "category":
            return self.categories == keys.categories.index(key) if key in keys.categories else None
        known, bits = self._bits(keys, kind)
        return (bits >> known.index(key)) % 2 == 1 if key in known else None

    def meant(self, keys: Keys, kind: Kind, key: str) -> Mask | None:
        """Rows that are meant when a question names the category, location or work type; None for an unknown key.

        What suits every location is not about one.
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
