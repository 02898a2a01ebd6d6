"""The word lists that are searched in messages: those in the database, and the seed (``seed.toml``)."""

import hashlib
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from django.db import transaction

from challenges.models import SeedRecord
from challenges.revisions import Cached
from challenges.text import nfc
from chatbot.models.knowledge import ListedWord, WordKind

_SEED = Path(__file__).with_name("seed.toml")


@dataclass(frozen=True)
class WordLists:
    """The words and phrases of each kind. ``fine`` are exceptions."""

    abuse: tuple[str, ...] = ()
    self_harm: tuple[str, ...] = ()
    emergency: tuple[str, ...] = ()
    violence: tuple[str, ...] = ()
    fine: tuple[str, ...] = ()

    @classmethod
    def of(cls, words: Iterable[tuple[str, str]]) -> Self:
        """The lists for pairs of a word and its kind."""
        listed = list(words)
        return cls(**{kind: tuple(word for word, its in listed if its == kind) for kind in WordKind.values})


word_lists = Cached("words", lambda: WordLists.of(ListedWord.objects.order_by("pk").values_list("word", "kind")))
"""All listed words, read from the database again when a row has changed."""


def seeded_words() -> Iterator[tuple[str, WordKind]]:
    """The words of the seed, each once, with their kinds."""
    words: dict[str, WordKind] = {}
    tables = tomllib.loads(_SEED.read_text("utf-8"))
    for kind in WordKind:
        for word in tables[kind]:
            words.setdefault(nfc(word), kind)
    yield from words.items()


def seeded_lists() -> WordLists:
    """The lists of the seed."""
    return WordLists.of(seeded_words())


def load_word_lists() -> int:
    """Adds every seeded word that was never added before; returns how many. What an admin edited stays as it is, and
    what was deleted stays away, as each word is recorded when it is loaded."""
    with transaction.atomic():
        loaded = SeedRecord.keys("word")
        present = set(ListedWord.objects.values_list("word", flat=True))
        new = [(word, kind) for word, kind in seeded_words() if _key(word) not in loaded]
        rows = ListedWord.objects.bulk_create(
            ListedWord(word=word, kind=kind) for word, kind in new if word not in present
        )
        ids = {row.word: row.pk for row in rows}
        SeedRecord.objects.bulk_create(
            SeedRecord(kind="word", key=_key(word), object_id=ids.get(word, 0), digest="") for word, _ in new
        )
    return len(rows)


def _key(word: str) -> str:
    """Words are recorded by a digest: they may be longer than keys are."""
    return hashlib.sha256(word.encode()).hexdigest()
