"""Keeping secrets out of what is printed: an error of a database or a model may repeat what it was given."""

import os
import re
from collections.abc import Iterable, Iterator
from urllib.parse import unquote

from django.conf import settings

_PASSWORD_IN_URL = re.compile(r"(?<=://)([^/@\s:]*):([^/@\s]+)@")
_SECRET_NAME = re.compile(r"(?:KEY|SECRET|PASSWORD|PASSWD|_TOKEN)$")
_SHORTEST = 4  # a shorter one could not be told from ordinary words


def redact(text: str) -> str:
    """``text`` without the passwords and keys of the settings and the environment."""
    return without(text, known_secrets())


def without(text: str, secrets: Iterable[str]) -> str:
    for secret in sorted(set(secrets), key=len, reverse=True):
        if len(secret) >= _SHORTEST:
            text = text.replace(secret, "***")
    return _PASSWORD_IN_URL.sub(r"\1:***@", text)


def known_secrets() -> Iterator[str]:
    yield settings.SECRET_KEY
    for database in settings.DATABASES.values():
        yield str(database.get("PASSWORD") or "")
    for name, value in os.environ.items():
        if _SECRET_NAME.search(name):
            yield value
        for match in _PASSWORD_IN_URL.finditer(value):
            yield match[2]
            yield unquote(match[2])
