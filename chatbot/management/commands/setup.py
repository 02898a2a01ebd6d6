"""``manage.py setup``: prepares an empty or older database, so that the server can start."""

from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser

from challenges.seeding import load_catalog
from chatbot.nlu.safety.word_lists import load_word_lists
from chatbot.prompts.seeding import load_prompts
from chatbot.roles import load_roles
from chatbot.search.seeding import load_documents


class Command(BaseCommand):
    help = (
        "Migrate the database and load the catalogue, the prompts, the roles, the word lists and the documents. What "
        "was edited or deleted stays so; may be done again, before every new version. An admin account: create_admin."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--all", action="store_true", help="also make an admin account and collect static files")

    def handle(self, *args: Any, all: bool, **options: Any) -> None:  # noqa: A002  the option's name
        if all:
            self.stdout.write("Preparing the database. This takes some seconds.")
            self.stdout.flush()
        call_command("migrate", verbosity=0, interactive=False)
        rows = load_catalog()
        counts = f"{rows['added']} added, {rows['refreshed']} refreshed, {rows['kept']} left as they are"
        self.stdout.write(f"Catalogue: {counts}.")
        self.stdout.write(f"Prompts: {', '.join(load_prompts()) or 'nothing to add'}.")
        self.stdout.write(f"Roles: {', '.join(load_roles()) or 'nothing to add'}.")
        self.stdout.write(f"Word lists: {load_word_lists()} words added.")
        self.stdout.write(f"Documents: {len(load_documents())} added.")
        if all:
            call_command("create_admin", stdout=self.stdout)
            call_command("collectstatic", interactive=False, verbosity=0)
