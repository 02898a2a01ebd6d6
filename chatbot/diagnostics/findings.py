"""The findings of ``manage.py doctor``: messages of Django's system checks from ``findings.toml``, without secrets."""

import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

from django.conf import settings
from django.core import checks

CATALOG = tomllib.loads(Path(__file__).with_name("findings.toml").read_text("utf-8"))
LEVELS = {"info": checks.INFO, "warning": checks.WARNING, "error": checks.ERROR}

_PASSWORD_IN_URL = re.compile(r"(?<=://)([^/@\s:]*):([^/@\s]+)@")
_SECRET_NAME = re.compile(r"(?:KEY|SECRET|PASSWORD|PASSWD|_TOKEN)$")
_SHORTEST = 4
"""The minimum length of a secret that is hidden: a shorter one could be an ordinary word."""


def found(name: str, /, **values: object) -> checks.CheckMessage:
    """The finding of ``findings.toml`` with this name, such as “database.ok”, with ``values`` filled in.

    Its id is the name after “leafresh.”.
    """
    section, _, key = name.partition(".")
    entry = CATALOG[section][key]
    kind = next(level for level in LEVELS if level in entry)
    hint = re.sub(r"\{(\w+)\}", lambda match: CATALOG["shared"].get(match[1], match[0]), entry.get("hint", ""))
    message, hint = (_printable(text.format(**values)) for text in (entry[kind], hint))
    return checks.CheckMessage(LEVELS[kind], message, hint=hint or None, id=f"leafresh.{name}")


def _printable(text: str) -> str:
    """The text without secrets, and without control characters from a server, which could confuse a terminal."""
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in redact(text))


def redact(text: str) -> str:
    """The text without passwords in URLs, and without the secrets of the settings and the environment."""
    for secret in sorted(set(_known_secrets()), key=len, reverse=True):
        if len(secret) >= _SHORTEST:
            text = text.replace(secret, "***")
    return _PASSWORD_IN_URL.sub(r"\1:***@", text)


def _known_secrets() -> Iterator[str]:
    yield from (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    for database in settings.DATABASES.values():
        yield str(database.get("PASSWORD") or "")
    for name, value in os.environ.items():
        if _SECRET_NAME.search(name):
            yield value
        for match in _PASSWORD_IN_URL.finditer(value):
            yield from (match[2], unquote(match[2]))
