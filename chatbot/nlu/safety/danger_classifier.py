"""A linear classifier for messages about which no rule is certain: its features, and weights from ``training.py``.

Features are letters, parts of letters, morphemes, and the meanings of morphemes. A feature is a number below
``BUCKETS``, the checksum of its name. Two names rarely have the same number, and a new word needs no table.
"""

import functools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Self
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from chatbot.nlu.hangul import letters, tidy
from chatbot.nlu.morphemes import Morpheme
from chatbot.nlu.patterns import Span
from chatbot.nlu.safety.frames import frames, subject_of

BUCKETS = 1 << 17

MEANINGS = Path(__file__).with_name("meanings.npz")
"""The meanings of morphemes as vectors of ``DIMENSIONS`` numbers. ``training.py`` computes them from the model of
kiwipiepy_model 0.24.0 (Apache License 2.0): see ``meanings.NOTICE``."""

DIMENSIONS = 64

CHARACTERS, LETTERS, MORPHEMES = 0, 1, 2
BLOCKS = 3
"""The number of kinds of features. Each kind is scaled to the same length for messages of any length."""

_LONGEST_CHARACTERS, _SHORTEST_LETTERS, _LONGEST_LETTERS = 4, 3, 6
_NEIGHBOURS = 3

_DIGITS = re.compile(r"\d+")
_MARKS = re.compile(r"[^\w가-힣ㄱ-ㅣ ?]+")
_NO_LETTERS = re.compile(r"[^가-힣ㄱ-ㅣa-z ]+")
_SPACES = re.compile(r" +")

_MARKING = frozenset({"SF", "SP", "SW", "SE", "SS", "SSO", "SSC", "SO", "W_EMOJI"})
MEANING_TAGS = frozenset({"NNG", "NNP", "NP", "VV", "VA", "XR", "MAG", "VX", "NNB", "SL", "VCN", "MM", "NR"})
_VERBS = frozenset({"VV", "VA"})


@dataclass(frozen=True)
class Features:
    """The distinct buckets of each block, and the mean of the message's meanings as a vector of length 1 (or 0)."""

    blocks: tuple[NDArray[np.int64], ...]
    meaning: NDArray[np.float32]


def features(message: str, morphemes: Sequence[Morpheme] | None) -> Features:
    """The features of a message. Without morphemes, only features of letters."""
    text = _DIGITS.sub("0", tidy(message).casefold())
    blocks = [_buckets(_characters(text)), _buckets(_letters(text))]
    if morphemes is None:
        return Features(tuple(blocks), np.zeros(DIMENSIONS, np.float32))
    blocks.append(_buckets(_of_morphemes(morphemes)))
    return Features(tuple(blocks), meaning(morphemes))


def _buckets(names: Iterable[str]) -> NDArray[np.int64]:
    return np.fromiter({crc32(name.encode()) % BUCKETS for name in names}, np.int64)


def _characters(text: str) -> Iterator[str]:
    row = _SPACES.sub(" ", _MARKS.sub(" ", f" {text} "))
    for length in range(1, _LONGEST_CHARACTERS + 1):
        for at in range(len(row) - length + 1):
            piece = row[at : at + length]
            if piece != " ":
                yield "c" + piece


def _letters(text: str) -> Iterator[str]:
    row = letters(_SPACES.sub(" ", f" {_NO_LETTERS.sub('', text)} "))
    for length in range(_SHORTEST_LETTERS, _LONGEST_LETTERS + 1):
        for at in range(len(row) - length + 1):
            yield "j" + row[at : at + length]


def _of_morphemes(morphemes: Sequence[Morpheme]) -> Iterator[str]:
    told = [one for one in morphemes if one.tag not in _MARKING]
    names = [f"{one.form}/{one.tag[0] if one.tag[0] in 'NV' else one.tag}" for one in told]
    framed = ["<", *names, ">"]
    yield from ("m" + name for name in names)
    yield from (f"b{one} {two}" for one, two in pairwise(framed))
    yield from (f"t{one} {two} {three}" for one, two, three in zip(framed, framed[1:], framed[2:], strict=False))
    meaning = [name for name, one in zip(names, told, strict=True) if one.tag in MEANING_TAGS]
    grouped = [_group(one) or name for name, one in zip(names, told, strict=True) if one.tag in MEANING_TAGS]
    for at, name in enumerate(meaning):
        yield from (f"s{name} {later}" for later in meaning[at + 1 : at + 1 + _NEIGHBOURS])
        yield from (f"g{grouped[at]} {later}" for later in grouped[at + 1 : at + 1 + _NEIGHBOURS])
    yield from _roles(morphemes)
    yield from (f"f{name}" for name in frames().filled(morphemes))


def _roles(morphemes: Sequence[Morpheme]) -> Iterator[str]:
    """The subject of each verb."""
    for at, one in enumerate(morphemes):
        if one.tag in _VERBS:
            subject = subject_of(Span(at, at + 1), morphemes)
            yield f"r{_group(subject) or 'thing' if subject is not None else ''} {one.form}"


def _group(morpheme: Morpheme) -> str:
    return frames().groups.get(morpheme.form, "") if morpheme.tag[0] in "NS" else ""


def meaning(morphemes: Sequence[Morpheme]) -> NDArray[np.float32]:
    """The mean vector of the meaningful morphemes."""
    rows, places = _meanings()
    known = [rows[key] for one in morphemes if one.tag in MEANING_TAGS and (key := f"{one.form}/{one.tag}") in rows]
    total: NDArray[np.float32] = places[known].astype(np.float32).sum(0) if known else np.zeros(DIMENSIONS, np.float32)
    length = float(np.linalg.norm(total))
    return total / np.float32(length) if length else total


@functools.cache
def _meanings() -> tuple[dict[str, int], NDArray[np.int8]]:
    with np.load(MEANINGS) as file:
        names = file["names"].tobytes().decode().split("\n")
        return {name: row for row, name in enumerate(names)}, file["places"]


_WEIGHTS = Path(__file__).with_name("weights.npz")

KINDS = ("none", "abuse", "self_harm", "emergency", "violence")

Floats = NDArray[np.float32]

_UPPER = np.triu_indices(DIMENSIONS)
_TWICE = np.where(_UPPER[0] == _UPPER[1], np.sqrt(0.5), 1.0).astype(np.float32)


def squares(meaning: Floats) -> Floats:
    """A meaning, its products with itself, and 1. With products, the classifier can weigh pairs of meanings."""
    products = np.outer(meaning, meaning)[_UPPER] * _TWICE
    return np.concatenate([meaning, products, np.array([0.7], np.float32)]).astype(np.float32)


@dataclass(frozen=True)
class Weights:
    """Weights: ``words`` by kind and bucket, in units of ``step``; ``meanings`` by kind; ``rarity`` by bucket."""

    words: NDArray[np.int8]
    step: Floats
    meanings: Floats
    rarity: NDArray[np.float16]

    @classmethod
    def made(cls, words: Floats, meanings: Floats, rarity: Floats) -> Self:
        step = np.maximum(np.abs(words).max(1), 1e-6) / 127
        return cls(np.round(words / step[:, None]).astype(np.int8), step, meanings, rarity.astype(np.float16))

    def scores(self, message: Features) -> Floats:
        """The score of the message for each kind, from 1 (certain) to -1 (certainly not)."""
        scores: Floats = self.meanings @ squares(message.meaning)
        for block, buckets in enumerate(message.blocks):
            rarity = self.rarity[block, buckets].astype(np.float32)
            values = np.sqrt(rarity / max(float(rarity.sum()), 1e-6))
            scores = scores + self.step * (self.words[:, buckets + block * BUCKETS] @ values)
        return scores


@functools.cache
def weights(*, rough: bool) -> Weights:
    """The weights, loaded once. ``rough`` ones need no morphemes."""
    name = "rough" if rough else "full"
    with np.load(_WEIGHTS) as file:
        return Weights(*(file[f"{name}_{part}"] for part in ("words", "step", "meanings", "rarity")))


def save_weights(full: Weights, rough: Weights) -> None:
    """Writes both to ``weights.npz``, which is part of the product."""
    parts = {
        f"{name}_{part}": getattr(each, part)
        for name, each in (("full", full), ("rough", rough))
        for part in ("words", "step", "meanings", "rarity")
    }
    np.savez_compressed(_WEIGHTS, allow_pickle=False, **parts)
