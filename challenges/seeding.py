"""Loads the curated catalogue in ``challenges/seed`` into the database.

Loading again adds new rows and updates unchanged ones. It does not touch rows that an admin edited, deactivated or
deleted. A digest of each row is stored when it is loaded, and a row with another digest counts as edited.
"""

import hashlib
import json
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.db import models, transaction

from challenges.models import Category, Challenge, Location, SeedRecord, WorkType
from challenges.text import lookup_name, nfc

SEED = Path(__file__).parent / "seed"

_KINDS: dict[str, type[models.Model]] = {
    "location": Location,
    "work_type": WorkType,
    "category": Category,
    "challenge": Challenge,
}

Row = dict[str, Any]


def load_catalog() -> Counter[str]:
    """Loads the seed. Returns how many rows were ``added``, ``refreshed`` and ``kept``."""
    with transaction.atomic():
        loader = _Loader()
        for kind, key, row in seeded_rows():
            loader.load(kind, key, row)
    return loader.counts


def seeded_rows() -> Iterator[tuple[str, str, Row]]:
    """The kind, key and content of every row. Options come before the challenges that refer to them."""
    options = tomllib.loads((SEED / "options.toml").read_text("utf-8"))
    for kind in ("location", "work_type", "category"):
        for order, row in enumerate(options[kind]):
            own_names = {lookup_name(row["key"]), lookup_name(row["label"])}
            aliases = [nfc(alias) for alias in row["aliases"] if lookup_name(alias) not in own_names]
            yield kind, row["key"], {**row, "label": nfc(row["label"]), "aliases": aliases, "order": order}
    for category in options["category"]:
        file = SEED / f"{category['key'].lower()}.toml"
        for row in tomllib.loads(file.read_text("utf-8"))["challenge"]:
            content = {name: value for name, value in row.items() if name != "key"}
            yield "challenge", row["key"], {**content, "category": category["key"]}


class _Loader:
    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._records = {(record.kind, record.key): record for record in SeedRecord.objects.all()}
        self._related: dict[str, dict[str, Any]] = {
            "category": {row.key: row for row in Category.objects.all()},
            "locations": {row.key: row for row in Location.objects.all()},
            "work_types": {row.key: row for row in WorkType.objects.all()},
        }

    def load(self, kind: str, key: str, row: Row) -> None:
        model = _KINDS[kind]
        record = self._records.get((kind, key))
        if record is None:
            if self._taken(model, row):
                self.counts["kept"] += 1  # an admin has added the same row
                return
            instance = self._write(model(), row)
            SeedRecord.objects.create(kind=kind, key=key, object_id=instance.pk, digest=digest(instance))
            self.counts["added"] += 1
            return
        existing = model._default_manager.filter(pk=record.object_id).first()
        if existing is None or digest(existing) != record.digest or self._matches(existing, row):
            self.counts["kept"] += 1
            return
        record.digest = digest(self._write(existing, row))
        record.save()
        self.counts["refreshed"] += 1

    def _taken(self, model: type[models.Model], row: Row) -> bool:
        unique = {name: row[name] for name in ("key", "label", "title") if name in row}
        query = models.Q(*unique.items(), _connector=models.Q.OR)
        return model._default_manager.filter(query).exists()

    def _matches(self, instance: models.Model, row: Row) -> bool:
        content = _content(instance)
        return all(content[name] == (sorted(value) if name in _MANY else value) for name, value in row.items())

    def _write(self, instance: models.Model, row: Row) -> models.Model:
        for name, value in row.items():
            if name not in _MANY:
                setattr(instance, name, self._related["category"][value] if name == "category" else value)
        instance.full_clean()
        instance.save()
        if isinstance(instance, Challenge):
            instance.locations.set([self._related["locations"][key] for key in row["locations"]])
            instance.work_types.set([self._related["work_types"][key] for key in row["work_types"]])
        elif isinstance(instance, (Location, WorkType, Category)):
            kind = {Location: "locations", WorkType: "work_types", Category: "category"}[type(instance)]
            self._related[kind][instance.key] = instance
        return instance


_MANY = ("locations", "work_types")


def _content(instance: models.Model) -> Row:
    """The fields of a row that an admin can edit, as plain values."""
    if isinstance(instance, Challenge):
        return {
            "title": instance.title,
            "description": instance.description,
            "category": instance.category.key,
            "active": instance.active,
            "locations": sorted(instance.locations.values_list("key", flat=True)),
            "work_types": sorted(instance.work_types.values_list("key", flat=True)),
        }
    names = ["key", "label", "description", "emoji", "aliases", "keywords", "order", "active"]
    return {name: getattr(instance, name) for name in names if hasattr(instance, name)}


def digest(instance: models.Model) -> str:
    """A digest of the fields that an admin can edit."""
    content = json.dumps(_content(instance), ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()
