"""Filters for the log and the error page. They remove secrets and people's messages, and limit repeated lines."""

import logging
import re
import time

from django.views.debug import SafeExceptionReporterFilter

from chatbot.server.redaction import redacted

INTERVAL_SECONDS = 10.0


class RedactingFormatter(logging.Formatter):
    """Removes queries and session ids from addresses, also in the lines of libraries and in tracebacks."""

    def format(self, record: logging.LogRecord) -> str:
        return redacted(super().format(record))


class RateLimitFilter(logging.Filter):
    """Passes one message of each kind in INTERVAL_SECONDS, shortened to its first line.

    Messages with the same text and different arguments are of one kind.
    """

    def __init__(self) -> None:
        super().__init__()
        self._passed: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        now = time.monotonic()
        if now - self._passed.get(record.msg, -INTERVAL_SECONDS) < INTERVAL_SECONDS:
            return False
        self._passed[record.msg] = now
        record.msg, record.args = record.getMessage().partition("\n")[0], None
        return True


class ReporterFilter(SafeExceptionReporterFilter):
    """Hides URLs with a password on Django's error page (``LEAFRESH_DEBUG``).

    Django itself hides settings whose names look like keys or passwords.
    """

    _known = SafeExceptionReporterFilter.hidden_settings.pattern
    hidden_settings = re.compile(f"{_known}|_URL|CACHES|CHANNEL_LAYERS|LOCATION|HOSTS$", re.IGNORECASE)
