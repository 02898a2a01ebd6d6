"""``manage.py purge_sessions``: erases sessions that were inactive for ``LEAFRESH_SESSION_DAYS`` days."""

from datetime import timedelta
from typing import Any

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from chatbot.sessions.erasure import Rows
from chatbot.sessions.retention import purge, purgeable


class Command(BaseCommand):
    help = (
        "Erase sessions that were not active for LEAFRESH_SESSION_DAYS days, with what they alone were answered, and "
        "trials and checks of that age. May run while the server does, as often as one likes."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only say what would be erased")

    def handle(self, *args: Any, dry_run: bool, **options: Any) -> None:
        rows, verb = (purgeable(), "Would erase") if dry_run else (purge(), "Erased")
        if not dry_run:  # otherwise addresses of failed logins stay in the database until the next login
            AccessAttempt.objects.filter(attempt_time__lt=timezone.now() - settings.AXES_COOLOFF_TIME).delete()
            for log in (AccessLog, AccessFailureLog):  # they hold addresses, too
                oldest = timezone.now() - timedelta(days=settings.LEAFRESH_SESSION_DAYS)
                log.objects.filter(attempt_time__lt=oldest).delete()
        self.stdout.write(
            f"{verb} what is older than {_counted(settings.LEAFRESH_SESSION_DAYS, 'day')}: {_listed(rows)}."
        )


def _listed(rows: Rows) -> str:
    """The number of rows of each kind, also zeros, so that the lines in a log have the same form every day."""
    sessions, turns = _counted(rows["ChatSession"], "session"), _counted(rows["Turn"], "turn")
    return f"{sessions}, {turns}, {rows['Feedback']} feedback, {_counted(rows['Generation'], 'generation')}"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
