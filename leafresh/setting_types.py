"""The types of the settings: each one reads the text of an environment variable and refuses what makes no sense.

A type raises ValueError, whose text continues the name of the variable: ``must be …, not …``. Numbers, flags and
choices need no text: ``Settings`` knows their bounds.

Plain pydantic reads the variables. pydantic-settings would add 53 ms to every start, for sources that nothing uses.
"""

import importlib.util
import ipaddress
import os
import re
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Self, get_args
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, ValidationError
from pydantic.fields import FieldInfo

from chatbot.server.data_files import keep_private

_SQLITE, _POSTGRESQL = "django.db.backends.sqlite3", "django.db.backends.postgresql"
_FLAGS = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
_SCHEMA_MODES = ("auto", "json_schema", "wording")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_NO_LINKS = {"about", "blob", "data", "file", "javascript", "vbscript", "view-source"}


def _must(sentence: str, is_valid: Callable[[str], object]) -> AfterValidator:
    def check(value: str) -> str:
        if not is_valid(value):
            raise ValueError(f"must {sentence}, not {value!r}.")
        return value

    return AfterValidator(check)


def _like(pattern: str) -> Callable[[str], object]:
    return re.compile(pattern).fullmatch


def _digits(pattern: str) -> BeforeValidator:
    """Python and pydantic read more: ``1_000``, ``1e3``, ``nan``, digits of all scripts."""

    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError
        return value

    return BeforeValidator(check)


def _flag(value: str) -> bool:
    """An empty variable means no."""
    if value and value.lower() not in _FLAGS:
        raise ValueError
    return _FLAGS.get(value.lower(), False)


def _comma_separated(value: str) -> list[str]:
    return [item.strip() for item in value.split(",") if item.strip()]


def _schema_modes(value: str) -> dict[str, str]:
    modes: dict[str, str] = {}
    for item in _comma_separated(value):
        model, _, mode = item.rpartition("=")
        if not model or mode not in _SCHEMA_MODES:
            raise ValueError(f"must list model=value with a value of {', '.join(_SCHEMA_MODES)}, not {item!r}.")
        modes[model.strip()] = mode
    return modes


def _is_origin(value: str) -> bool:
    try:
        parts = urlsplit(value)
    except ValueError:  # brackets that are no IPv6 address
        return False
    return parts.scheme in {"http", "https"} and bool(parts.netloc) and value == f"{parts.scheme}://{parts.netloc}"


def _is_link(value: str) -> bool:
    if len(value) > 1000 or not re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*:[!$-;=?-Z_a-z~%&\[\]]+", value):
        return False
    try:
        parts = urlsplit(value)
    except ValueError:  # brackets that are no IPv6 address
        return False
    return parts.scheme not in _NO_LINKS and (parts.scheme not in {"http", "https"} or parts.hostname is not None)


def _is_proxy(value: str) -> bool:
    """Not every address may be trusted: each client would then choose its own address."""
    if value == "unix":
        return True
    try:
        network = ipaddress.ip_network(value)
    except ValueError:
        return False
    mapped = network.version == 6 and network.network_address.ipv4_mapped is not None  # must be written as IPv4
    return network.prefixlen > 0 and not mapped


def _is_rate(value: str) -> bool:
    """The process remembers every request of a period, so their number and the period are bounded."""
    found = re.fullmatch(r"([0-9]{1,5})/([0-9]{0,5})(s|sec|m|min|h|hour|d|day)", value)
    return value == "off" or (
        found is not None and 1 <= int(found[1]) <= 10_000 and 1 <= int(found[2] or 1) * _SECONDS[found[3][0]] <= 86_400
    )


def _short(value: str) -> str:
    if len(value) > 100:
        raise ValueError(f"must have at most 100 characters, not {len(value)}.")
    return value


def _directory(value: Path) -> Path:
    """A directory that exists or is made. Other users of the machine cannot read it."""
    path = value.expanduser().resolve()
    sentence = f"must be a directory that can be written to, not {str(path)!r}"
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(f"{sentence} ({error.strerror}).") from None
    if not os.access(path, os.W_OK | os.X_OK):
        raise ValueError(f"{sentence}.")
    keep_private(path)
    return path


def _database(url: str) -> dict[str, Any]:
    """Django's settings of one database. The URL may hold a password, so the error does not repeat it."""
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


def _redis(url: str) -> str:
    """The URL may hold a password, so the error does not repeat it. A password with ``/`` would end the host early."""
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


_CommaSeparated = BeforeValidator(_comma_separated)
_HostName = Annotated[
    str,
    _must(
        "list host names without scheme, port or path, such as chat.example.com",
        _like(r"\*|\.?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*|\[[0-9A-Fa-f:]+\]"),
    ),
]
_Origin = Annotated[
    str, _must("list origins with a scheme and without a path, such as https://app.example.com", _is_origin)
]
_Proxy = Annotated[
    str, _must("list addresses or networks of proxies, such as 127.0.0.1 or 10.0.0.0/8, or unix", _is_proxy)
]

Whole = Annotated[int, _digits(r"[+-]?[0-9]{1,18}")]
Number = Annotated[float, _digits(r"[+-]?[0-9]{1,12}(\.[0-9]{1,6})?")]
Flag = Annotated[bool, BeforeValidator(_flag)]
ShortText = Annotated[str, AfterValidator(_short)]
Address = Annotated[
    str, _must("be an address or a host name to listen on, such as 0.0.0.0", _like(r"[A-Za-z0-9.:_-]{1,253}"))
]
Link = Annotated[
    str,
    _must(
        "be the address of a web page or of an app, without a fragment, such as https://app.example.com/start or "
        "myapp://start",
        _is_link,
    ),
]
Rate = Annotated[
    str | None,
    _must(
        "be off or a number of requests (10000 at most) in a time (a day at most), such as 20/m, 100/15m or 1000/h",
        _is_rate,
    ),
    AfterValidator(lambda value: None if value == "off" else value),
]
Prefix = Annotated[
    str, _must("have at most 40 letters, digits, hyphens and underscores", _like(r"[A-Za-z0-9_-]{1,40}"))
]
ChatModel = Annotated[
    str, _must("be catalog or provider:model, such as openai:gpt-4.1-mini", _like(r"catalog|[a-z][a-z0-9_]*:\S+"))
]
HostNames = Annotated[list[_HostName], _CommaSeparated]
Origins = Annotated[list[_Origin], _CommaSeparated]
Proxies = Annotated[list[_Proxy], _CommaSeparated]
ChatModels = Annotated[list[ChatModel], _CommaSeparated]
SecretKeys = Annotated[list[str], _CommaSeparated]
SchemaModes = Annotated[dict[str, str], BeforeValidator(_schema_modes)]
Directory = Annotated[Path, AfterValidator(_directory)]
Database = Annotated[dict[str, Any], BeforeValidator(_database)]
RedisUrl = Annotated[str, AfterValidator(_redis)]


class Settings(BaseModel):
    """A group of settings. The docstring of a group is its heading in ``docs/settings.md``."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Self:
        """The group's settings from the variables of the same names.

        Raises ImproperlyConfigured with one sentence that names the first variable that makes no sense.
        """
        given = {name: environment[name].strip() for name in cls.model_fields if name in environment}
        counting = {name: value for name, value in given.items() if value or cls.model_fields[name].annotation is bool}
        try:
            return cls.model_validate(counting, context=given)
        except ValidationError as error:
            raise ImproperlyConfigured(cls._sentence(error, given)) from None

    @classmethod
    def _sentence(cls, error: ValidationError, given: Mapping[str, str]) -> str:
        first = error.errors(include_url=False, include_input=False)[0]
        if not first["loc"]:
            return str(first["ctx"]["error"])
        name = str(first["loc"][0])
        if values := values_of(cls.model_fields[name]):
            return f"{name} must be {values}, not {given[name]!r}."
        return f"{name} {first['ctx']['error']}"


def values_of(field: FieldInfo) -> str:
    """What a number, a flag or a choice may be, in words; empty for the other types."""
    bounds = {name: getattr(it, name) for it in field.metadata for name in ("ge", "le") if hasattr(it, name)}
    if field.annotation is bool:
        return "true or false"
    if bounds:
        kind = "a whole number" if field.annotation is int else "a number"
        return f"{kind} from {bounds['ge']} to {bounds['le']}"
    choices = [str(it) for it in get_args(field.annotation) if isinstance(it, str)]
    return f"one of {', '.join(choices)}" if choices else ""
