"""``manage.py load_documents``: loads knowledge documents of the seed that are missing."""

from typing import Any

from django.core.management.base import BaseCommand

from chatbot.search.seeding import load_documents


class Command(BaseCommand):
    help = "Add the seed's knowledge documents. What was edited or deleted since stays so."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"Documents: {len(load_documents())} added.")
