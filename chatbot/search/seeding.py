"""The knowledge documents that a new installation starts with (``seed/*.toml``)."""

import hashlib
import json
import tomllib
from collections.abc import Iterator
from pathlib import Path

from django.db import transaction

from challenges.models import Category, SeedRecord
from challenges.text import nfc
from chatbot.models import KnowledgeDocument

SEED = Path(__file__).parent / "seed"

KIND = "document"


def load_seed() -> list[str]:
    """Adds documents that were never added before and returns their titles.

    What an admin edited, deactivated or deleted stays so, and a title that an admin used first stays the admin's. The
    categories come first (``load_catalogue``): a document whose category is missing waits for it.
    """
    with transaction.atomic():
        loaded = set(SeedRecord.objects.filter(kind=KIND).values_list("key", flat=True))
        categories = {category.key: category for category in Category.objects.all()}
        added = []
        for key, category, document in seed_documents():
            taken = KnowledgeDocument.objects.filter(title=document.title).exists()
            if key not in loaded and category in categories and not taken:
                document.category = categories[category]
                added.append(_add(key, document).title)
        return added


def seed_documents() -> Iterator[tuple[str, str, KnowledgeDocument]]:
    """Key, category's key and content of every document; a file is named after its category."""
    for file in sorted(SEED.glob("*.toml")):
        for row in tomllib.loads(file.read_text("utf-8"))["document"]:
            document = KnowledgeDocument(title=nfc(row["title"]), text=nfc(row["text"]), link=row.get("link", ""))
            yield row["key"], file.stem.upper(), document


def _add(key: str, document: KnowledgeDocument) -> KnowledgeDocument:
    document.full_clean()
    document.save()
    content = json.dumps([document.title, document.text, document.link], ensure_ascii=False)
    digest = hashlib.sha256(content.encode()).hexdigest()
    SeedRecord.objects.create(kind=KIND, key=key, object_id=document.pk, digest=digest)
    return document
