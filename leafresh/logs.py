"""What the log and the error page leave out: secrets, a person's words, and the same line again and again."""

import logging
import re
import time

from django.views.debug import SafeExceptionReporterFilter

from chatbot.server.redaction import redacted

INTERVAL_SECONDS = 10.0


class RedactingFormatter(logging.Formatter):
    """Shows no query of an address and no session id, also in lines of libraries and in tracebacks."""

    def format(self, record: logging.LogRecord) -> str:
        return redacted(super().format(record))


class RateLimitFilter(logging.Filter):
    """Lets one line of each kind pass in INTERVAL_SECONDS, shortened to its first line.

    Lines with the same words are of one kind, whatever their arguments.
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
    """Hides URLs with a password from Django's error page (``LEAFRESH_DEBUG``).

    Django itself hides keys and passwords by the names of their settings.
    """

    _known = SafeExceptionReporterFilter.hidden_settings.pattern
    hidden_settings = re.compile(f"{_known}|_URL|CACHES|CHANNEL_LAYERS|LOCATION|HOSTS$", re.IGNORECASE)
