"""The word lists as they begin (``seed.toml``)."""

import hashlib
import tomllib
from collections.abc import Iterator
from pathlib import Path

from django.db import transaction

from challenges.models import SeedRecord
from challenges.text import nfc
from chatbot.models.knowledge import ListedWord, WordKind
from chatbot.nlu.safety.word_lists import WordLists

SEED = Path(__file__).with_name("seed.toml")


def load_seed() -> int:
    """Adds every seeded word that was never added before; returns how many. What an admin edited stays as it is, and
    what was deleted stays away, as each word is remembered once it was loaded."""
    with transaction.atomic():
        remembered = set(SeedRecord.objects.filter(kind="word").values_list("key", flat=True))
        present = set(ListedWord.objects.values_list("word", flat=True))
        new = [(word, kind) for word, kind in seeded() if _key(word) not in remembered]
        rows = ListedWord.objects.bulk_create(
            ListedWord(word=word, kind=kind) for word, kind in new if word not in present
        )
        ids = {row.word: row.pk for row in rows}
        SeedRecord.objects.bulk_create(
            SeedRecord(kind="word", key=_key(word), object_id=ids.get(word, 0), digest="") for word, _ in new
        )
    return len(rows)


def seeded() -> Iterator[tuple[str, WordKind]]:
    """The seed's words, each once, with their kinds."""
    words: dict[str, WordKind] = {}
    tables = tomllib.loads(SEED.read_text("utf-8"))
    for kind in WordKind:
        for word in tables[kind]:
            words.setdefault(nfc(word), kind)
    yield from words.items()


def seed_lists() -> WordLists:
    """The lists that the seed makes."""
    words: dict[str, list[str]] = {kind: [] for kind in WordKind.values}
    for word, kind in seeded():
        words[kind].append(word)
    return WordLists(**{kind: tuple(listed) for kind, listed in words.items()})


def _key(word: str) -> str:
    """Words are remembered by a digest: they may be longer than keys are."""
    return hashlib.sha256(word.encode()).hexdigest()
