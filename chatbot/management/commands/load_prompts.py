"""``manage.py load_prompts``: adds the first version of each prompt template that has none."""

from typing import Any

from django.core.management.base import BaseCommand

from chatbot.prompts.seeding import load_prompts


class Command(BaseCommand):
    help = "Load the first version of every prompt template. Templates that have one stay as they are."

    def handle(self, *args: Any, **options: Any) -> None:
        added = load_prompts()
        self.stdout.write(f"Prompts: {', '.join(added) if added else 'nothing to add'}.")
