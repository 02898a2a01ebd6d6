"""What a message most likely wants, and which category it is about: learned when the analyser starts.

It learns from the labelled messages that ship with the project (``messages.tsv``) and from what the database says of
each category: names, keywords, challenges, documents. Features are letters and morphemes that at least two texts have.
Ridge regression tells each class from all others: one system of equations, which numpy alone solves in a second or two.
"""

import csv
import functools
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from chatbot.nlu.hangul import tidy
from chatbot.nlu.morphemes import KiwiAnalyser, Morpheme, Opinion, Topic

FILE = Path(__file__).with_name("messages.tsv")

LONGEST_PIECE = 4
"""Letters of a feature."""

MOST_FEATURES = 6_000
"""Features of each kind, the most frequent."""

PENALTY = 1.0
"""What the weights cost (ridge)."""

ROW = 0.5
"""How much a text of the database counts beside a labelled message, which is worded as people write."""

COLUMNS = 2_048
"""Columns that are dense at once: 30 MB for 3,500 texts."""

MOVES_FROM = 0.0
"""By how much a category must outscore "none" to be believed. With each writer's messages judged by what the others
taught, 4.7 of 100 went to a wrong category (``python -m tests.chatbot.nlu.cross_validation``)."""

_DIGITS = re.compile(r"\d+")
_MARKS = re.compile(r"[^\w가-힣ㄱ-ㅣ ?]+")
_REFUSED = re.compile(r"^.*?(?:말고|말구|빼고|대신에?|됐고|아니고)\s+(?=.*\w{2})")
"""What stands before it is not wanted: its words say nothing of the topic."""

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Labelled:
    """A message, what it wants, and the category that it wants or refuses, "" for none. ``writer`` tells whose style it
    has."""

    message: str
    writer: str
    intent: str
    category: str
    facets: tuple[str, ...]


@functools.cache
def labelled() -> tuple[Labelled, ...]:
    """The messages that ship with the project."""
    with FILE.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return tuple(
            Labelled(
                row["message"],
                row["group"],
                row["intent"],
                row["category"] or row["refused"],
                tuple(row["facets"].split()),
            )
            for row in rows
        )


def wanted_part(message: str) -> str:
    """The message without what it refuses: "채식 말고 폰 정리" speaks of the phone."""
    return _REFUSED.sub("", message)


def features(text: str, morphemes: Sequence[Morpheme]) -> tuple[frozenset[str], frozenset[str]]:
    """Pieces of the text, and morphemes with their neighbours."""
    row = f" {' '.join(_MARKS.sub(' ', _DIGITS.sub('0', tidy(text).casefold())).split())} "
    pieces = (row[at : at + n] for n in range(1, LONGEST_PIECE + 1) for at in range(len(row) - n + 1))
    return frozenset(piece for piece in pieces if piece != " "), frozenset(_of_morphemes(morphemes))


def _of_morphemes(morphemes: Sequence[Morpheme]) -> Iterator[str]:
    told = [one for one in morphemes if one.tag[0] != "S" or one.tag in {"SL", "SN"}]
    names = [f"{one.form.casefold()}/{one.tag[0] if one.tag[0] in 'NV' else one.tag}" for one in told]
    framed = ["<", *names, ">"]
    yield from names
    yield from (f"{one} {two}" for one, two in pairwise(framed))
    yield from (f"{one} {two} {three}" for one, two, three in zip(framed, framed[1:], framed[2:], strict=False))


class Vocabulary:
    """The features that count, with how rare each is."""

    def __init__(self, texts: Sequence[tuple[frozenset[str], frozenset[str]]]) -> None:
        self._places: list[dict[str, int]] = []
        self._rarity: list[Floats] = []
        self.size = 1  # the first column is always 1
        for kind in range(2):
            counts = Counter(feature for text in texts for feature in text[kind])
            kept = [(name, count) for name, count in counts.most_common(MOST_FEATURES) if count > 1]
            self._places.append({name: self.size + at for at, (name, _) in enumerate(kept)})
            self._rarity.append(np.array([np.log(len(texts) / count) for _, count in kept], np.float32))
            self.size += len(kept)

    def row(self, text: tuple[frozenset[str], frozenset[str]]) -> tuple[NDArray[np.int64], Floats]:
        """The columns of a text and their values; each kind of features has the same length in all texts."""
        columns, values = [np.zeros(1, np.int64)], [np.full(1, 0.5, np.float32)]
        for places, rarity, found in zip(self._places, self._rarity, text, strict=True):
            at = np.array([places[name] for name in found if name in places], np.int64)
            if len(at):
                said = rarity[at - next(iter(places.values()))]
                columns.append(at)
                values.append(np.sqrt(said / max(float(said.sum()), 1e-6)))
        return np.concatenate(columns), np.concatenate(values)


class IntentClassifier:
    """Learned weights: about 2 MB. Judging a message takes a fifth of a millisecond."""

    def __init__(self, analyser: KiwiAnalyser, topics: Sequence[Topic], messages: Sequence[Labelled] = ()) -> None:
        messages = messages or labelled()
        self._analyser = analyser
        self._intents = sorted({each.intent for each in messages})
        self._categories = ["", *sorted({key for _, key in topics})]
        self._facets = sorted({facet for each in messages for facet in each.facets})
        known = set(self._categories)
        texts = [each.message for each in messages] + [text for text, _ in topics]
        found = [features(text, analyser.morphemes(text)) for text in texts]
        self._vocabulary = Vocabulary(found)
        matrix = _Matrix([self._vocabulary.row(each) for each in found], self._vocabulary.size)
        kinds = [[each.intent, *each.facets] for each in messages]
        about = [each.category if each.category in known else "" for each in messages] + [key for _, key in topics]
        trust = np.concatenate([np.ones(len(messages)), np.full(len(topics), ROW)]).astype(np.float32)
        every = matrix.products()
        wants = _solved(
            every[: len(messages), : len(messages)].copy(), _targets(kinds, [*self._intents, *self._facets])
        )
        topic = _solved(every, _targets([[key] for key in about], self._categories), np.sqrt(trust))
        self._wants, self._topic = matrix.weights(wants), matrix.weights(topic)

    def opinion(self, message: str) -> Opinion:
        wants = self._scores(message, self._wants)
        intents, facets = wants[: len(self._intents)], wants[len(self._intents) :]
        best = int(intents.argmax())
        topic = self._scores(wanted_part(message), self._topic)
        about = int(topic[1:].argmax()) + 1 if len(topic) > 1 else 0
        asking = self._intents.index("question")
        return Opinion(
            intent=self._intents[best],
            margin=_outscores(intents, best),
            asks=_outscores(intents, asking),
            category=self._categories[about] if topic[about] - topic[0] > MOVES_FROM else "",
            leaning=self._categories[about],
            facets=tuple(name for name, score in zip(self._facets, facets, strict=True) if score > FACET_FROM),
        )

    def _scores(self, text: str, weights: Floats) -> Floats:
        columns, values = self._vocabulary.row(features(text, self._analyser.morphemes(text)))
        scores: Floats = values @ weights[columns]
        return scores


def _outscores(scores: Floats, at: int) -> float:
    """By how much the score there is above all others."""
    return float(scores[at] - np.delete(scores, at).max())


FACET_FROM = -0.1
"""Score from which on a facet is believed: 1 is certain, -1 certainly not."""


def _targets(told: Iterable[Sequence[str]], names: Sequence[str]) -> Floats:
    return np.array([[1 if name in each else -1 for name in names] for each in told], np.float32)


def _solved(products: Floats, wanted: Floats, trust: Floats | None = None) -> Floats:
    """How much each text counts in the weights of each class. Overwrites the products, which are large."""
    scale = np.ones(len(wanted), np.float32) if trust is None else trust
    products *= scale[:, None]
    products *= scale
    products[np.diag_indices(len(products))] += PENALTY
    shares: Floats = np.linalg.solve(products, wanted * scale[:, None]) * scale[:, None]
    return shares


class _Matrix:
    """Sparse rows; a few columns at a time are made dense."""

    def __init__(self, rows: Sequence[tuple[NDArray[np.int64], Floats]], columns: int) -> None:
        self._rows, self._columns = len(rows), columns
        at = np.repeat(np.arange(len(rows)), [len(row[0]) for row in rows])
        column = np.concatenate([row[0] for row in rows])
        order = np.argsort(column, kind="stable")
        self._at, self._column = at[order], column[order]
        self._values = np.concatenate([row[1] for row in rows])[order]

    def _blocks(self) -> Iterator[tuple[int, Floats]]:
        for start in range(0, self._columns, COLUMNS):
            first, last = np.searchsorted(self._column, [start, start + COLUMNS])
            block = np.zeros((self._rows, min(COLUMNS, self._columns - start)), np.float32)
            block[self._at[first:last], self._column[first:last] - start] = self._values[first:last]
            yield start, block

    def products(self) -> Floats:
        """Of each row with each."""
        products = np.zeros((self._rows, self._rows), np.float32)
        for _, block in self._blocks():
            products += block @ block.T
        return products

    def weights(self, shares: Floats) -> Floats:
        """Of each column for each class; ``shares`` are those of the first rows."""
        return np.concatenate([block[: len(shares)].T @ shares for _, block in self._blocks()])


class LearnedAnalyser(KiwiAnalyser):
    """An analyser that also judges messages, once it has learned what the categories are about."""

    _classifier: IntentClassifier | None = None

    @property
    def has_learned(self) -> bool:
        return self._classifier is not None

    def learn(self, topics: Sequence[Topic]) -> None:
        """Takes three or four seconds of CPU. Messages are judged by what was learned before, meanwhile."""
        self._classifier = IntentClassifier(self, topics)

    def opinion(self, text: str) -> Opinion | None:
        return self._classifier.opinion(text) if self._classifier is not None else None
