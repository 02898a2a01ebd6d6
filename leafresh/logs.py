"""What the log need not say again and again, and what it never says."""

import logging
import time

from chatbot.server.redaction import redacted

SECONDS = 10.0


class Line(logging.Formatter):
    """Says no query of an address and no session, whoever logs it: daphne, Django, a traceback."""

    def format(self, record: logging.LogRecord) -> str:
        return redacted(super().format(record))


class Seldom(logging.Filter):
    """Lets a kind of line (the same words, whatever they tell of) pass once in SECONDS, by its first line alone."""

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        now = time.monotonic()
        if now - self._said.get(record.msg, -SECONDS) < SECONDS:
            return False
        self._said[record.msg] = now
        record.msg, record.args = record.getMessage().partition("\n")[0], None
        return True
