"""``manage.py setup``: prepares an empty or older database, so that the server can start."""

from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand

STEPS = ("load_catalog", "load_prompts", "load_roles", "load_word_lists", "load_documents")


class Command(BaseCommand):
    help = (
        "Migrate the database and load the catalogue, the prompts, the roles, the word lists and the documents. What "
        "was edited stays; may be done again, before every new version. An admin account: create_admin."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("migrate", verbosity=0, interactive=False)
        for step in STEPS:
            call_command(step, stdout=self.stdout)
