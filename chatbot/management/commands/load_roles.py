"""``manage.py load_roles``: adds the missing groups of prompt editors, prompt publishers and operators."""

from typing import Any

from django.core.management.base import BaseCommand

from chatbot.roles import load_roles


class Command(BaseCommand):
    help = "Make the groups Prompt editor, Prompt publisher and Operator. Groups that exist stay as they are."

    def handle(self, *args: Any, **options: Any) -> None:
        added = load_roles()
        self.stdout.write(f"Roles: {', '.join(added) if added else 'nothing to add'}.")
