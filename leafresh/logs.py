"""What the log need not say again and again."""

import logging
import time

SECONDS = 10.0


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
