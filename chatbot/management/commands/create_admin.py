"""``manage.py create_admin``: creates the first admin account, and shows its password once."""

import secrets
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Make the account “admin” with a generated password, if there is no admin account yet."

    def handle(self, *args: Any, **options: Any) -> None:
        users = get_user_model()._default_manager
        if users.filter(is_superuser=True).exists():
            self.stdout.write("Admin account: one exists already.")
            return
        password = secrets.token_urlsafe(12)
        users.create_superuser(username="admin", email="", password=password)
        self.stdout.write(f"Admin account: admin, password: {password}")
        self.stdout.write("  It is shown this once. Change it in the admin, or with: manage.py changepassword admin")
