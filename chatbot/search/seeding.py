"""The knowledge documents of a new installation (``seed/*.toml``)."""

import tomllib
from collections.abc import Iterator
from pathlib import Path

from django.db import transaction

from challenges.models import Category, SeedRecord
from challenges.text import nfc
from chatbot.models import KnowledgeDocument

_SEED = Path(__file__).parent / "seed"


def load_documents() -> list[str]:
    """Adds documents of the seed that were never added before, and returns their titles.

    It does not change documents that an admin edited, deactivated, deleted or added with the same title. Run
    ``load_catalog`` first: a document whose category is missing is not added yet.
    """
    added = []
    with transaction.atomic():
        loaded = SeedRecord.keys("document")
        categories = {category.key: category for category in Category.objects.all()}
        for key, category, document in seeded_documents():
            taken = KnowledgeDocument.objects.filter(title=document.title).exists()
            if key not in loaded and category in categories and not taken:
                document.category = categories[category]
                document.full_clean()
                document.save()
                SeedRecord.objects.create(kind="document", key=key, object_id=document.pk, digest="")
                added.append(document.title)
    return added


def seeded_documents() -> Iterator[tuple[str, str, KnowledgeDocument]]:
    """The key, the category's key and the content of every document. The name of a file is its category."""
    for file in sorted(_SEED.glob("*.toml")):
        for row in tomllib.loads(file.read_text("utf-8"))["document"]:
            document = KnowledgeDocument(title=nfc(row["title"]), text=nfc(row["text"]), link=row.get("link", ""))
            yield row["key"], file.stem.upper(), document
