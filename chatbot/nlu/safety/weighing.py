"""Words weighed: what a message most likely is when no rule is certain (``weights.npz``, made by ``training.py``)."""

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from chatbot.nlu.safety.features import BUCKETS, DIMENSIONS, Features

FILE = Path(__file__).with_name("weights.npz")

KINDS = ("none", "abuse", "self_harm", "emergency", "violence")

Floats = NDArray[np.float32]

_UPPER = np.triu_indices(DIMENSIONS)
_TWICE = np.where(_UPPER[0] == _UPPER[1], np.sqrt(0.5), 1.0).astype(np.float32)


def squares(meaning: Floats) -> Floats:
    """A meaning and its products with itself: with them, two meanings together can say more than each. And 1."""
    products = np.outer(meaning, meaning)[_UPPER] * _TWICE
    return np.concatenate([meaning, products, np.array([0.7], np.float32)]).astype(np.float32)


@dataclass(frozen=True)
class Weights:
    """``words`` by kind and bucket in steps of ``step``, ``meanings`` by kind; ``rarity`` by bucket."""

    words: NDArray[np.int8]
    step: Floats
    meanings: Floats
    rarity: NDArray[np.float16]

    @classmethod
    def made(cls, words: Floats, meanings: Floats, rarity: Floats) -> Self:
        step = np.maximum(np.abs(words).max(1), 1e-6) / 127
        return cls(np.round(words / step[:, None]).astype(np.int8), step, meanings, rarity.astype(np.float16))

    def scores(self, message: Features) -> Floats:
        """How far the message is on each kind's side: 1 is certain, -1 certainly not."""
        scores: Floats = self.meanings @ squares(message.meaning)
        for block, buckets in enumerate(message.blocks):
            rarity = self.rarity[block, buckets].astype(np.float32)
            values = np.sqrt(rarity / max(float(rarity.sum()), 1e-6))
            scores = scores + self.step * (self.words[:, buckets + block * BUCKETS] @ values)
        return scores


@functools.cache
def weights(*, rough: bool) -> Weights:
    """The weights of this process: ``rough`` ones need no morphemes."""
    name = "rough" if rough else "full"
    with np.load(FILE) as file:
        return Weights(*(file[f"{name}_{part}"] for part in ("words", "step", "meanings", "rarity")))


def save(full: Weights, rough: Weights) -> None:
    """Writes both to the file that ships."""
    parts = {
        f"{name}_{part}": getattr(each, part)
        for name, each in (("full", full), ("rough", rough))
        for part in ("words", "step", "meanings", "rarity")
    }
    np.savez_compressed(FILE, allow_pickle=False, **parts)
