"""What people and scripts are told while the database is gone."""

from typing import Any

import pytest
from django.db import DataError, IntegrityError, InterfaceError, InternalError, OperationalError
from django.test import Client, RequestFactory

from chatbot.db.errors import is_gone, may_pass
from chatbot.web import outage
from tests.prompts import superuser

KOREAN = "지금은 서비스를 이용할 수 없습니다. 잠시 후 다시 시도해 주세요."


class _SaysWhy(Exception):
    """As the driver's error, which Django's error has as its cause."""

    def __init__(self, sqlstate: str | None) -> None:
        self.sqlstate = sqlstate


def caused(error: Exception, sqlstate: str | None) -> Exception:
    error.__cause__ = _SaysWhy(sqlstate)
    return error


@pytest.mark.parametrize(
    ("error", "gone"),
    [
        (OperationalError("no connection"), True),
        (InterfaceError("closed"), True),
        (caused(OperationalError("shut down"), "57P01"), True),
        (caused(OperationalError("no connection"), None), True),
        (caused(OperationalError("deadlock"), "40P01"), False),
        (caused(OperationalError("locked"), "55P03"), False),
        (IntegrityError("twice"), False),
        (ValueError("no"), False),
    ],
)
def test_what_tells_that_the_database_is_gone(error: Exception, gone: bool) -> None:
    assert is_gone(error) is gone


@pytest.mark.parametrize(
    ("error", "passes"),
    [
        (OperationalError("no connection"), True),
        (caused(OperationalError("deadlock"), "40P01"), True),
        (caused(OperationalError("locked"), "55P03"), True),
        (caused(InternalError("a standby"), "25006"), True),
        (caused(DataError("out of range"), "22003"), False),
        (ValueError("no"), False),
    ],
)
def test_what_may_succeed_later(error: Exception, passes: bool) -> None:
    assert may_pass(error) is passes
    assert (outage.page(RequestFactory().get("/"), error) is not None) is passes


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch, client: Client) -> Client:
    """Somebody who is signed in, when the database goes."""
    client.force_login(superuser())

    def refuse(*_: Any, **__: Any) -> None:
        raise OperationalError("no connection")

    monkeypatch.setattr("django.contrib.auth.middleware.get_user", refuse)
    return client


@pytest.mark.django_db
def test_a_page_of_the_admin_asks_to_come_back(away: Client, caplog: pytest.LogCaptureFixture) -> None:
    response = away.get("/admin/chatbot/generation/", headers={"Accept-Language": "ko"})
    assert (response.status_code, response["Retry-After"], response["Cache-Control"]) == (503, "5", "no-store")
    text = response.content.decode()
    assert KOREAN in text
    assert '<meta http-equiv="refresh" content="5">' in text
    english = away.post("/admin/chatbot/generation/", headers={"Accept-Language": "en"})
    assert "The service is not available at the moment." in english.content.decode()
    assert "refresh" not in english.content.decode()
    assert "Traceback" not in caplog.text


@pytest.mark.django_db
def test_the_studios_scripts_get_words_to_show(away: Client) -> None:
    response = away.post(
        "/admin/chatbot/prompttemplate/1/preview/", {}, "application/json", headers={"Accept-Language": "ko"}
    )
    assert (response.status_code, response["Retry-After"]) == (503, "5")
    assert response.json() == {"status": 503, "message": KOREAN, "data": None}
