"""Trains the weights from ``data/*.tsv``: ``python -m chatbot.nlu.safety.training``.

A linear support vector machine (squared hinge) separates each kind from all others. numpy solves it by conjugate
gradients in about two minutes. ``--meanings`` first computes vectors for the meanings of morphemes from the analyser's
model. With them, a word that is not in the small table of messages counts like words with a similar meaning.
"""

import argparse
import csv
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from chatbot.nlu.hangul import FINALS, is_syllable, joined, letters, tidy
from chatbot.nlu.morphemes import KiwiAnalyser, Morpheme
from chatbot.nlu.safety.danger_classifier import (
    BUCKETS,
    DIMENSIONS,
    KINDS,
    MEANING_TAGS,
    MEANINGS,
    Features,
    Weights,
    features,
    save_weights,
    squares,
)

DATA = Path(__file__).with_name("data")
EVERYDAY = Path(__file__).parents[1] / "messages.tsv"

_MARKS, _COMMON = 1600, 22_000
"""The number of morphemes with which others are compared, and of those that get a vector: the commonest ones."""

PENALTY = 0.3
ROUNDS = 4
STEPS = 30

Row = tuple[str, str]
"""A message and its kind."""

Floats = NDArray[np.float32]


def table() -> list[Row]:
    """The labelled messages, each once. Messages from which intents are learned are ordinary, unless ``data`` says
    otherwise."""
    rows: dict[str, str] = {row["message"]: "none" for row in _read(EVERYDAY)}
    for path in sorted(DATA.glob("*.tsv")):
        rows.update({row["message"]: row["kind"] for row in _read(path)})
    return list(rows.items())


def _read(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)


def varied(rows: Sequence[Row], *, seed: int = 3) -> Iterator[Row]:
    """The rows, and variants of some: without spaces, with typing errors, or next to an ordinary message."""
    chance = random.Random(seed)  # noqa: S311  not for security
    ordinary = [message for message, kind in rows if kind == "none" and 6 < len(message) < 30]
    for message, kind in rows:
        yield message, kind
        if not re.search("[가-힣]", message):
            continue
        if " " in message and chance.random() < 0.35:
            yield message.replace(" ", ""), kind
        if ordinary and chance.random() < 0.3:
            pattern = chance.choice(_BESIDE)
            yield pattern.format(message, chance.choice(ordinary)), kind
        if chance.random() < 0.25:
            yield _mistyped(message, chance), kind


_BESIDE = (
    "{0} {1}",
    "{1} {0}",
    "{1}. {0}",
    "{1} 근데 {0}",
    "{0} ㅠㅠ",
    "{0}!!",
    "아 {0}",
    "{0} ㅋㅋ",
    "저기 {0}",
    "{0}...",
)


def _mistyped(message: str, chance: random.Random) -> str:
    at = chance.randrange(len(message))
    syllable = message[at]
    if not is_syllable(syllable):
        return message
    parts = letters(syllable)
    final = (ord(syllable) - 0xAC00) % len(FINALS)
    written = chance.choice((parts, syllable + parts[-1], chr(ord(syllable) - final) if final else syllable + parts[0]))
    return message[:at] + written + message[at + 1 :]


@dataclass
class _Matrix:
    """Sparse rows (bucket, weight) in one array each, and dense columns for the meanings."""

    at: NDArray[np.int64]
    buckets: NDArray[np.int64]
    values: Floats
    dense: Floats
    columns: int

    def times(self, weights: Floats, dense: Floats) -> Floats:
        products = self.values * weights[self.buckets]
        return np.bincount(self.at, products, len(self.dense)).astype(np.float32) + self.dense @ dense

    def turned(self, errors: Floats) -> tuple[Floats, Floats]:
        sparse = np.bincount(self.buckets, self.values * errors[self.at], self.columns).astype(np.float32)
        return sparse, self.dense.T @ errors


def train(rows: Sequence[Row], analysed: Sequence[Sequence[Morpheme] | None]) -> Weights:
    """Trains weights that distinguish the kinds of the rows. Rows without morphemes give rough weights."""
    made = [features(message, morphemes) for (message, _), morphemes in zip(rows, analysed, strict=True)]
    blocks = len(made[0].blocks)
    rarity = _rarity(made, blocks)
    matrix = _matrix(made, rarity, blocks)
    weights = np.zeros((len(KINDS), blocks * BUCKETS), np.float32)
    dense = np.zeros((len(KINDS), matrix.dense.shape[1]), np.float32)
    for kind, name in enumerate(KINDS):
        wanted = np.array([1.0 if each == name else -1.0 for _, each in rows], np.float32)
        weights[kind], dense[kind] = _separate(matrix, wanted)
    return Weights.made(weights, dense, rarity)


def _rarity(made: Sequence[Features], blocks: int) -> Floats:
    """The rarity of each bucket: features that few messages have weigh more."""
    counts = np.zeros((blocks, BUCKETS), np.float32)
    for each in made:
        for block, buckets in enumerate(each.blocks):
            counts[block, buckets] += 1
    rarity: Floats = np.log(len(made) / np.maximum(counts, 1)).astype(np.float32)
    return rarity


def _matrix(made: Sequence[Features], rarity: Floats, blocks: int) -> _Matrix:
    at, buckets, values = [], [], []
    for row, each in enumerate(made):
        for block, found in enumerate(each.blocks):
            said = rarity[block, found]
            at.append(np.full(len(found), row))
            buckets.append(found + block * BUCKETS)
            values.append(np.sqrt(said / max(float(said.sum()), 1e-6)))
    dense = np.array([squares(each.meaning) for each in made], np.float32)
    return _Matrix(
        np.concatenate(at), np.concatenate(buckets), np.concatenate(values).astype(np.float32), dense, blocks * BUCKETS
    )


def _separate(matrix: _Matrix, wanted: Floats) -> tuple[Floats, Floats]:
    """Minimises the squared hinge loss. Each round uses only the rows whose margin is still below one."""
    sparse, dense = np.zeros(matrix.columns, np.float32), np.zeros(matrix.dense.shape[1], np.float32)
    active = np.ones(len(wanted), np.float32)
    for _ in range(ROUNDS):
        sparse, dense = _solved(matrix, wanted, active, sparse, dense)
        active = (wanted * matrix.times(sparse, dense) < 1).astype(np.float32)
    return sparse, dense


def _solved(matrix: _Matrix, wanted: Floats, active: Floats, sparse: Floats, dense: Floats) -> tuple[Floats, Floats]:
    """Solves one round by conjugate gradients, starting from the last result."""
    first = matrix.turned(active * (wanted - matrix.times(sparse, dense)))
    left = _moved(first, (sparse, dense), np.float32(-PENALTY))
    way = left
    size = _product(left, left)
    for _ in range(STEPS):
        back = matrix.turned(active * matrix.times(*way))
        along = _moved(back, way, np.float32(PENALTY))
        step = np.float32(size / max(_product(way, along), 1e-9))
        sparse, dense = _moved((sparse, dense), way, step)
        left = _moved(left, along, -step)
        now = _product(left, left)
        if now < 1e-6:
            break
        way = _moved(left, way, np.float32(now / size))
        size = now
    return sparse, dense


def _moved(start: tuple[Floats, Floats], way: tuple[Floats, Floats], by: np.float32) -> tuple[Floats, Floats]:
    return start[0] + by * way[0], start[1] + by * way[1]


def _product(one: tuple[Floats, Floats], other: tuple[Floats, Floats]) -> float:
    return float(one[0] @ other[0] + one[1] @ other[1])


def learn_meanings(*, seed: int = 1) -> None:
    """Writes ``meanings.npz``: vectors of the common morphemes.

    Morphemes that are similar in the analyser's model have similar vectors. Their similarities to some morphemes are
    reduced to the principal directions. The model is that of kiwipiepy_model, Apache License 2.0 (``meanings.NOTICE``).
    """
    from kiwipiepy import Kiwi

    kiwi = Kiwi(num_workers=1, load_multi_dict=False)
    marks = random.Random(seed).sample(range(100, 20_000), _MARKS)  # noqa: S311
    alike = np.array([[kiwi.morpheme_similarity(one, mark) for mark in marks] for one in range(_COMMON)], np.float32)
    alike -= alike[100:].mean(0, keepdims=True)
    alike -= alike.mean(1, keepdims=True)
    _, directions = np.linalg.eigh(alike[100:].T @ alike[100:])
    places = alike @ directions[:, ::-1][:, :DIMENSIONS]
    places /= np.sqrt(places.std(0, keepdims=True))
    places /= np.linalg.norm(places, axis=1, keepdims=True) + 1e-9
    named: dict[str, int] = {}
    for number in range(_COMMON):
        token = kiwi.morpheme(number)
        tag = str(token.tag).partition("-")[0]
        if token.form and tag in MEANING_TAGS:
            named.setdefault(f"{token.form}/{tag}", number)
    kept = np.round(places[list(named.values())] * 203).clip(-127, 127).astype(np.int8)
    names = np.frombuffer("\n".join(named).encode(), np.uint8)
    np.savez_compressed(MEANINGS, allow_pickle=False, names=names, places=kept)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--meanings", action="store_true", help="learn meanings from the analyser's model first")
    if parser.parse_args().meanings:
        learn_meanings()
    rows = [(joined(tidy(message)).casefold(), kind) for message, kind in varied(table())]
    analyser = KiwiAnalyser(frozenset())
    full = train(rows, analyser.analyse([message for message, _ in rows]))
    save_weights(full, train(rows, [None] * len(rows)))
    print(f"Trained on {len(rows)} messages.")


if __name__ == "__main__":
    main()
