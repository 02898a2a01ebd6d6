"""``manage.py purge_sessions``: its output and its effect."""

from datetime import timedelta
from io import StringIO

import pytest
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.core.management import call_command
from django.utils import timezone

from chatbot.models import ChatSession

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("purge_sessions", *arguments, stdout=out)
    return out.getvalue()


def test_it_prints_what_it_erased() -> None:
    ChatSession.objects.create(key="alive")
    for number in range(2):
        ChatSession.objects.create(key=f"old{number}", active_at=timezone.now() - timedelta(days=91))
    assert run("--dry-run") == (
        "Would erase what is older than 90 days: 2 sessions, 0 turns, 0 feedback, 0 generations.\n"
    )
    assert run() == "Erased what is older than 90 days: 2 sessions, 0 turns, 0 feedback, 0 generations.\n"
    assert run() == "Erased what is older than 90 days: 0 sessions, 0 turns, 0 feedback, 0 generations.\n"
    assert ChatSession.objects.get().key == "alive"


def test_expired_addresses_of_failed_logins_are_erased() -> None:
    for name, minutes in (("counts", 14), ("counts-no-more", 16)):
        attempt = AccessAttempt.objects.create(username=name, ip_address="192.0.2.1", failures_since_start=1)
        AccessAttempt.objects.filter(pk=attempt.pk).update(attempt_time=timezone.now() - timedelta(minutes=minutes))
    run("--dry-run")
    assert AccessAttempt.objects.count() == 2
    run()
    assert AccessAttempt.objects.get().username == "counts"


def test_old_sign_ins_are_erased_with_their_addresses() -> None:
    for log in (AccessLog, AccessFailureLog):
        for name, days in (("kept", 89), ("erased", 91)):
            row = log.objects.create(username=name, ip_address="192.0.2.1")
            log.objects.filter(pk=row.pk).update(attempt_time=timezone.now() - timedelta(days=days))
    run()
    assert [log.objects.get().username for log in (AccessLog, AccessFailureLog)] == ["kept", "kept"]
