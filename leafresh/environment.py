"""Reads settings from environment variables. ``leafresh.variables`` declares each of them.

A kind of value is a function that converts text to a value. For an invalid text it raises ValueError. The error's text
follows the name of the variable: ``must be …, not …``.
"""

import contextlib
import importlib.util
import ipaddress
import os
import re
import secrets
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

from chatbot.server.data_files import keep_private

Value = TypeVar("Value")
Number = TypeVar("Number", int, float)
Kind = Callable[[str], Value]

_FLAGS = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
_SQLITE, _POSTGRESQL = "django.db.backends.sqlite3", "django.db.backends.postgresql"
_SCHEMA_MODES = ("auto", "json_schema", "wording")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_NO_LINKS = {"about", "blob", "data", "file", "javascript", "vbscript", "view-source"}


class Setting(NamedTuple):
    """A setting in ``docs/settings.md``, besides its reason. ``values`` is empty when the reason describes them."""

    section: str
    default: str
    values: str


class Environment:
    """The environment variables. White space around a value is ignored, and an empty variable means the default."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self.settings: dict[str, Setting] = {}
        self._variables = variables
        self._section = ""

    def section(self, title: str) -> None:
        """Begins a section of ``docs/settings.md``. It contains the settings that are read after this call."""
        self._section = title

    def read(
        self, name: str, kind: Kind[Value], default: str = "", *, shown: str = "", values: str = "", empty: str = ""
    ) -> Value:
        """The value of a setting. Raises ImproperlyConfigured with one sentence that names the variable.

        ``default`` is written as in the environment. The docs show ``shown`` instead of it. ``empty`` is the meaning of
        an empty variable, if it is not the default.
        """
        self.settings[name] = Setting(self._section, shown or (f"`{default}`" if default else "none"), values)
        try:
            return kind(self._variables.get(name, default).strip() or empty or default)
        except ValueError as error:
            raise ImproperlyConfigured(f"{name} {error}") from None

    def is_empty(self, name: str) -> bool:
        """Whether the variable is set, but empty."""
        return not self._variables.get(name, "unset").strip()

    def flag(self, name: str, *, default: bool = False) -> bool:
        """A setting that is true or false. An empty variable means false."""
        return self.read(name, _flag, str(default).lower(), empty="false")

    def whole(self, name: str, default: int, least: int, most: int) -> int:
        values = f"a whole number from {least} to {most}"
        return self.read(name, _number(int, r"[+-]?\d{1,18}", least, most, values), str(default), values=values)

    def number(self, name: str, default: float, least: float, most: float) -> float:
        values = f"a number from {least} to {most}"
        kind = _number(float, r"[+-]?\d{1,12}(\.\d{1,6})?", least, most, values)
        return self.read(name, kind, str(default), values=values)

    def choice(self, name: str, *choices: str) -> str:
        """A setting that is one of the choices. The first choice is the default."""
        values = f"one of {', '.join(choices)}"
        return self.read(name, _text(f"be {values}", choices.__contains__), choices[0], values=values)


def _text(sentence: str, is_valid: Callable[[str], object]) -> Kind[str]:
    def kind(text: str) -> str:
        if not is_valid(text):
            raise ValueError(f"must {sentence}, not {text!r}.")
        return text

    return kind


def _like(pattern: str) -> Callable[[str], object]:
    return re.compile(pattern, re.ASCII).fullmatch


def _number(convert: Kind[Number], pattern: str, least: Number, most: Number, values: str) -> Kind[Number]:
    """A number within bounds. The pattern is needed: Python also reads ``1_000``, ``1e3``, ``nan`` and other digits."""
    valid = _text(f"be {values}", lambda text: _like(pattern)(text) and least <= convert(text) <= most)
    return lambda text: convert(valid(text))


def _flag(text: str) -> bool:
    return _FLAGS[_text("be true or false", lambda value: value.lower() in _FLAGS)(text).lower()]


def listed(kind: Kind[Value]) -> Kind[list[Value]]:
    """A list of values of one kind, separated by commas."""
    return lambda text: [kind(item) for item in map(str.strip, text.split(",")) if item]


def optional(kind: Kind[str]) -> Kind[str]:
    """A value of the kind, or an empty one."""
    return lambda text: kind(text) if text else text


def _is_origin(value: str) -> bool:
    """As a browser writes it: in lower case and ASCII, without the default port. Another spelling matches no page."""
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:  # brackets that are no IPv6 address, or a port that is none
        return False
    # App shells have schemes of their own.
    return (
        re.fullmatch(r"[a-z][a-z0-9+.-]*://([a-z0-9._-]+|\[[0-9a-f:.]+\])(:[1-9][0-9]*)?", value, re.ASCII) is not None
        and parts.scheme not in _NO_LINKS
        and port != {"http": 80, "https": 443}.get(parts.scheme, 0)
    )


def _is_admin_origin(value: str) -> bool:
    """Django takes all names of a domain, too (``https://*.example.com``)."""
    return value.startswith(("http://", "https://")) and _is_origin(value.replace("://*.", "://", 1))


def _is_link(value: str) -> bool:
    if len(value) > 1000 or not re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*:[!$-;=?-Z_a-z~%&\[\]]+", value):
        return False
    try:
        parts = urlsplit(value)
    except ValueError:  # brackets that are no IPv6 address
        return False
    return parts.scheme not in _NO_LINKS and (parts.scheme not in {"http", "https"} or parts.hostname is not None)


def _is_proxy(value: str) -> bool:
    """Whether the value is a proxy address. A network of all addresses is refused: clients could forge theirs."""
    if value == "unix":
        return True
    try:
        network = ipaddress.ip_network(value)
    except ValueError:
        return False
    mapped = network.version == 6 and network.network_address.ipv4_mapped is not None  # refused: write it as IPv4
    return network.prefixlen > 0 and not mapped


address = _text("be an address or a host name to listen on, such as 0.0.0.0", _like(r"[A-Za-z0-9.:_-]{1,253}"))
chat_model = _text("be catalog or provider:model, such as openai:gpt-4.1-mini", _like(r"catalog|[a-z][a-z0-9_]*:\S+"))
host = _text(
    "list host names without scheme, port or path, such as chat.example.com",
    _like(r"\*|\.?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*|\[[0-9A-Fa-f:]+\]"),
)
link = _text(
    "be the address of a web page or of an app, without a fragment, such as https://app.example.com/start or "
    "myapp://start",
    _is_link,
)
header = _text("list names of headers in lower case, such as x-request-id", _like(r"[a-z0-9!#$%&'*+.^_`|~-]+"))
origin = _text(
    "list origins as browsers send them (a scheme and a host in lower case; no path, no *, no default port), such as "
    "https://app.example.com",
    _is_origin,
)
admin_origin = _text(
    "list origins with a scheme and without a path or a default port, such as https://chat.example.com",
    _is_admin_origin,
)
prefix = _text("have at most 40 letters, digits, hyphens and underscores", _like(r"[A-Za-z0-9_-]{1,40}"))
proxy = _text("list addresses or networks of proxies, such as 127.0.0.1 or 10.0.0.0/8, or unix", _is_proxy)


def rate(text: str) -> tuple[int, int] | None:
    """A number of requests, and the seconds of their period; None means no limit. Both are bounded, because the process
    remembers every request of a period."""
    if text == "off":
        return None
    found = re.fullmatch(r"([0-9]{1,5})/([0-9]{0,5})(s|sec|m|min|h|hour|d|day)", text)
    count, seconds = (int(found[1]), int(found[2] or 1) * _SECONDS[found[3][0]]) if found else (0, 0)
    if not (1 <= count <= 10_000 and 1 <= seconds <= 86_400):
        raise ValueError(
            "must be off or a number of requests (10000 at most) in a time (a day at most), such as 20/m, 100/15m or "
            f"1000/h, not {text!r}."
        )
    return count, seconds


def short_text(text: str) -> str:
    if len(text) > 100:
        raise ValueError(f"must have at most 100 characters, not {len(text)}.")
    return text


def schema_modes(text: str) -> dict[str, str]:
    """``model=mode``, separated by commas."""
    modes: dict[str, str] = {}
    for item in listed(str)(text):
        model, _, mode = item.rpartition("=")
        if not model or mode not in _SCHEMA_MODES:
            raise ValueError(f"must list model=value with a value of {', '.join(_SCHEMA_MODES)}, not {item!r}.")
        modes[model.strip()] = mode
    return modes


def directory(text: str) -> Path:
    """A directory, which is created if it is missing. Other users of the machine cannot read it."""
    path = Path(text).expanduser().resolve()
    sentence = f"must be a directory that can be written to, not {str(path)!r}"
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(f"{sentence} ({error.strerror}).") from None
    if not os.access(path, os.W_OK | os.X_OK):
        raise ValueError(f"{sentence}.")
    keep_private(path)
    return path


def database(url: str) -> dict[str, Any]:
    """Django's settings of one database. The URL may contain a password, so the error does not repeat the URL."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # django-environ's warning repeats the URL
        try:
            config: dict[str, Any] = dict(environ.Env.db_url_config(url))
        except (environ.ImproperlyConfigured, ValueError, KeyError):
            config = {}
    if config.get("ENGINE") not in {_SQLITE, _POSTGRESQL} or not config.get("NAME"):
        raise ValueError(
            "must be a database URL such as sqlite:////srv/leafresh/db.sqlite3 or "
            "postgres://leafresh:password@db.example.com:5432/leafresh."
        )
    if config["ENGINE"] == _POSTGRESQL and not all(map(importlib.util.find_spec, ("psycopg", "psycopg_pool"))):
        raise ValueError("names PostgreSQL, which needs its driver: pip install 'psycopg[binary,pool]'.")
    return config


def redis_url(url: str) -> str:
    """The URL of a Redis server. It may contain a password, so the error does not repeat the URL.

    A ``/`` in the password would end the host part, so it must be escaped.
    """
    try:
        parts = urlsplit(url)
        has_host = parts.scheme == "unix" or (bool(parts.hostname) and parts.port != 0)
    except ValueError:
        has_host = False
    if not has_host or not re.fullmatch(r"(rediss?://\S+|unix:///\S+)", url):
        raise ValueError(
            "must be the URL of a Redis server, such as redis://127.0.0.1:6379/0. In a password, "
            "write %2F for /, %3F for ? and %23 for #."
        )
    if importlib.util.find_spec("redis") is None:
        raise ValueError("names a Redis server, which needs its driver: pip install redis.")
    return url


def kept_secret_key(file: Path) -> str:
    """The secret key in ``file``. A missing file is created with mode 0600 and a random key."""
    if not file.exists():
        draft = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as stream:
            stream.write(secrets.token_urlsafe(48) + "\n")
        with contextlib.suppress(FileExistsError):  # another process created the file first: its key is used
            os.link(draft, file)
        draft.unlink()
    keep_private(file)
    key = file.read_text("ascii").strip()
    if not key:
        raise ImproperlyConfigured(f"The secret key file {str(file)!r} is empty: delete it and start again.")
    return key
