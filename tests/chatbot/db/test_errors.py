"""What an error tells about the state of the database."""

import pytest
from django.db import DataError, IntegrityError, InterfaceError, InternalError, OperationalError

from chatbot.db.errors import is_gone, may_pass


class _SaysWhy(Exception):
    """An error of the driver, which is the cause of Django's error."""

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
