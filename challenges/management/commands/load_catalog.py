"""``manage.py load_catalog``: loads the curated catalogue into the database."""

from typing import Any

from django.core.management.base import BaseCommand

from challenges.seeding import load_catalog


class Command(BaseCommand):
    help = "Load the curated catalogue. Rows that were edited or deleted in the admin stay as they are."

    def handle(self, *args: Any, **options: Any) -> None:
        counts = load_catalog()
        self.stdout.write(
            f"Catalogue: {counts['added']} added, {counts['refreshed']} refreshed, {counts['kept']} left as they are."
        )
