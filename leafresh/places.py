"""Where Leafresh keeps things, from the environment: its directory, its database, Redis, its secret key.

Every function raises ImproperlyConfigured, which names the variable and says what to do, when nothing can be kept so.
"""

import contextlib
import importlib.util
import os
import re
import secrets
import warnings
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

from chatbot.privacy import keep_private

_SQLITE, _POSTGRESQL = "django.db.backends.sqlite3", "django.db.backends.postgresql"


def directory(name: str, default: Path) -> Path:
    """A directory that exists, or is made, and can be written to; of others it is kept private."""
    path = Path(os.environ.get(name, "").strip() or default).expanduser().resolve()
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ImproperlyConfigured(
            f"{name} must be a directory that can be written to, not {str(path)!r} ({error.strerror})."
        ) from None
    if not os.access(path, os.W_OK | os.X_OK):
        raise ImproperlyConfigured(f"{name} must be a directory that can be written to, not {str(path)!r}.")
    keep_private(path)
    return path


def database(name: str, default: str) -> dict[str, Any]:
    """Django's settings of one database from a URL, such as ``sqlite:////srv/leafresh/db.sqlite3`` or
    ``postgres://leafresh:secret@db.example.com:5432/leafresh``.

    The URL may hold a password, so the error does not repeat it.
    """
    url = os.environ.get(name, "").strip() or default
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # django-environ's warning repeats the URL
        try:
            config: dict[str, Any] = dict(environ.Env.db_url_config(url))
        except (environ.ImproperlyConfigured, ValueError, KeyError):
            config = {}
    if config.get("ENGINE") not in {_SQLITE, _POSTGRESQL} or not config.get("NAME"):
        raise ImproperlyConfigured(
            f"{name} must be a database URL such as sqlite:////srv/leafresh/db.sqlite3 or "
            "postgres://leafresh:password@db.example.com:5432/leafresh."
        )
    if config["ENGINE"] == _POSTGRESQL and not all(map(importlib.util.find_spec, ("psycopg", "psycopg_pool"))):
        raise ImproperlyConfigured(
            f"{name} names PostgreSQL, which needs its driver: pip install 'psycopg[binary,pool]'."
        )
    return config


def redis(name: str) -> str:
    """The URL of a Redis server (``redis://``, ``rediss://``, ``unix://``); empty when unset.

    The URL may hold a password, so the error does not repeat it.
    """
    value = os.environ.get(name, "").strip()
    if value and not (re.fullmatch(r"(rediss?://\S+|unix:///\S+)", value) and _has_a_place(value)):
        raise ImproperlyConfigured(
            f"{name} must be the URL of a Redis server, such as redis://127.0.0.1:6379/0. In a password, "
            "write %2F for /, %3F for ? and %23 for #."
        )
    if value and importlib.util.find_spec("redis") is None:
        raise ImproperlyConfigured(f"{name} names a Redis server, which needs its driver: pip install redis.")
    return value


def _has_a_place(url: str) -> bool:
    """Whether the host and the port can be read: a password with ``/`` ends them in its middle."""
    try:
        parts = urlsplit(url)
        return parts.scheme == "unix" or (bool(parts.hostname) and parts.port != 0)
    except ValueError:
        return False


def prefix(name: str, default: str) -> str:
    """What stands before the names of keys: letters, digits, hyphens and underscores, 40 at most."""
    value = os.environ.get(name, "").strip() or default
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,40}", value):
        raise ImproperlyConfigured(
            f"{name} must have at most 40 letters, digits, hyphens and underscores, not {value!r}."
        )
    return value


def earlier_secret_keys(name: str) -> list[str]:
    """A comma-separated list of secret keys whose signatures still count; empty when unset."""
    return [key.strip() for key in os.environ.get(name, "").split(",") if key.strip()]


def secret_key(name: str, file: Path, *, shared: bool) -> str:
    """The variable's value, else the key kept in ``file``, which is made on the first start (mode 0600). Where
    processes are to share it, an empty variable is a mistake: each might make a key of its own."""
    value = os.environ.get(name, "").strip()
    if value:
        return value
    if shared and name in os.environ:
        raise ImproperlyConfigured(
            f"{name} is empty. All processes need the same one: give it a value, or leave the variable out where they "
            "share LEAFRESH_DATA_DIR."
        )
    if not file.exists():
        draft = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as stream:
            stream.write(secrets.token_urlsafe(48) + "\n")
        with contextlib.suppress(FileExistsError):  # another process was first: its key counts
            os.link(draft, file)
        draft.unlink()
    keep_private(file)
    key = file.read_text("ascii").strip()
    if not key:
        raise ImproperlyConfigured(f"The secret key file {str(file)!r} is empty: delete it and start again.")
    return key
