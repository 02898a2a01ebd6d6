import logging

import pytest

from leafresh import logs


def test_a_kind_of_line_is_said_once_in_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("leafresh.logs.time.monotonic", lambda: now)
    seldom = logs.Seldom()

    def said(text: str, *of: object) -> str | None:
        record = logging.LogRecord("psycopg.pool", logging.WARNING, "", 0, text, of, None)
        return record.getMessage() if seldom.filter(record) else None

    assert said("cannot connect to %s: %s", "a", "refused\n\tIs it there?") == "cannot connect to a: refused"
    assert said("cannot connect to %s: %s", "b", "refused") is None
    assert said("gave up") == "gave up"
    now += logs.SECONDS
    assert said("cannot connect to %s: %s", "a", "a 100% timeout") == "cannot connect to a: a 100% timeout"
