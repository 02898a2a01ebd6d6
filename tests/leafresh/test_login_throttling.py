"""An attacker who guesses passwords is stopped, and the owner of the account is not."""

from datetime import timedelta
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

pytestmark = pytest.mark.django_db

RIGHT = "correct horse battery staple"
KOREAN = "로그인에 여러 번 실패했습니다. 15분 후에 다시 시도해 주세요."
ENGLISH = "Too many failed attempts to log in. Please try again in 15 minutes."


@pytest.fixture(autouse=True)
def alice(settings: Settings) -> User:
    return User.objects.create_superuser("alice", password=RIGHT)


def log_in(
    name: str = "alice",
    password: str = "wrong",  # noqa: S107  of a throw-away account
    *,
    address: str = "192.0.2.1",
    **headers: str,
) -> Any:
    credentials = {"username": name, "password": password}
    return Client(headers=headers).post("/admin/login/", credentials, REMOTE_ADDR=address)


def fail(times: int, **options: Any) -> None:
    for _ in range(times):
        assert log_in(**options).status_code == 200


def some_address(number: int) -> str:
    return f"198.51.{number // 250}.{number % 250 + 1}"


def test_five_failures_are_the_last_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    fail(4)
    fifth = log_in()
    assert (fifth.status_code, fifth["Retry-After"]) == (429, "900")
    assert KOREAN in fifth.text
    monkeypatch.setattr(User, "check_password", lambda *_: pytest.fail("a password was looked at"))
    right = log_in(password=RIGHT)
    assert right.status_code == 429
    assert 890 <= int(right["Retry-After"]) <= 900
    assert KOREAN in right.text
    assert ENGLISH in log_in(password=RIGHT, **{"accept-language": "en"}).text


def test_the_owner_gets_in_from_elsewhere_and_is_not_forgiven_for_others() -> None:
    fail(4)
    assert log_in().status_code == 429
    assert log_in(password=RIGHT, address="192.0.2.2").status_code == 302
    assert log_in(password=RIGHT).status_code == 429


def test_it_ends_by_itself_also_while_somebody_goes_on_trying() -> None:
    fail(4)
    for _ in range(20):
        assert log_in().status_code == 429
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=14))
    waiting = log_in(password=RIGHT)
    assert waiting.status_code == 429
    assert 50 <= int(waiting["Retry-After"]) <= 60
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=15, seconds=1))
    assert log_in(password=RIGHT).status_code == 302


def test_who_mistypes_and_gets_in_begins_again() -> None:
    for _ in range(3):
        fail(4)
        assert log_in(password=RIGHT).status_code == 302


def test_one_password_for_many_names_from_one_address() -> None:
    for number in range(29):
        fail(1, name=f"somebody{number}")
    assert log_in(name="somebody").status_code == 429
    assert log_in(password=RIGHT).status_code == 429
    assert log_in(password=RIGHT, address="192.0.2.2").status_code == 302


def test_an_account_that_is_guessed_from_everywhere() -> None:
    for number in range(99):
        fail(1, address=some_address(number))
    assert log_in(password=RIGHT, address="192.0.2.200").status_code == 302
    assert log_in(address=some_address(100)).status_code == 429
    assert log_in(password=RIGHT, address="192.0.2.200").status_code == 429


def test_a_login_with_another_account_does_not_reset_an_attackers_bounds() -> None:
    User.objects.create_user("mallory", password=RIGHT, is_staff=True)
    for number in range(29):
        fail(1, name=f"somebody{number}")
    assert log_in(name="mallory", password=RIGHT).status_code == 302
    assert log_in(name="somebody").status_code == 429


def test_a_client_cannot_forge_its_address(settings: Settings) -> None:
    def forged_headers(number: int) -> dict[str, str]:
        return {"x-forwarded-for": some_address(number), "x-real-ip": some_address(number), "forwarded": "for=1.2.3.4"}

    for number in range(4):
        fail(1, **forged_headers(number))
    assert log_in(**forged_headers(5)).status_code == 429

    settings.LEAFRESH_TRUSTED_PROXIES = ["192.0.2.50"]
    for number in range(6):
        fail(1, name="bob", address="192.0.2.50", **{"x-forwarded-for": some_address(number)})


@pytest.mark.parametrize(
    ("address", "kept"), [("2001:db8::1", "2001:db8::"), ("::ffff:192.0.2.9", "192.0.2.9"), ("", None)]
)
def test_every_kind_of_address(address: str, kept: str | None) -> None:
    fail(4, address=address)
    assert log_in(address=address).status_code == 429
    assert list(AccessAttempt.objects.values_list("ip_address", flat=True)) == [kept]
    if kept == "2001:db8::":  # within a /64 an address can be changed at will
        assert log_in(address="2001:db8::ffff").status_code == 429


def test_failures_are_logged_with_name_and_address_and_never_with_the_password(
    caplog: pytest.LogCaptureFixture,
) -> None:
    fail(4, password="my-secret-word")
    log_in(password="my-secret-word")
    fail(1, name="a\nb")
    lines = [record.getMessage() for record in caplog.records if record.name.startswith("axes")]
    assert lines == [
        "AXES: New login failure by 'alice' from 192.0.2.1. Created new record in the database.",
        *["AXES: Repeated login failure by 'alice' from 192.0.2.1. Updated existing record in the database."] * 4,
        "AXES: Locking out 'alice' from 192.0.2.1 after repeated login failures.",
        r"AXES: New login failure by 'a\nb' from 192.0.2.1. Created new record in the database.",
    ]
    kept = [value for row in AccessAttempt.objects.values() for value in row.values()]
    assert not any("my-secret-word" in str(value) for value in kept)


def test_an_operator_lets_somebody_in_again(capsys: pytest.CaptureFixture[str]) -> None:
    fail(4)
    assert log_in().status_code == 429
    call_command("axes_reset_username", "alice")
    assert log_in(password=RIGHT).status_code == 302


def test_what_is_kept_of_failures_goes_with_the_next_attempt() -> None:
    for number in range(10):
        fail(1, address=some_address(number))
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=16))
    fail(1)
    assert AccessAttempt.objects.count() == 1
