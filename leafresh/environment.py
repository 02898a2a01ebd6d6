"""Reading settings from the environment, with errors that name the variable and say what to do. Where things are kept
is read in ``leafresh.places``."""

import ipaddress
import os
import re
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off", ""}
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def integer(name: str, default: int, *, minimum: int, maximum: int) -> int:
    """A whole number from ``minimum`` to ``maximum``.

    Raises ImproperlyConfigured, as every function here does, when the value makes no sense.
    """
    raw = os.environ.get(name, "").strip()
    if not raw:
        return default
    if not re.fullmatch(r"[+-]?[0-9]{1,18}", raw) or not minimum <= int(raw) <= maximum:
        raise ImproperlyConfigured(f"{name} must be a whole number from {minimum} to {maximum}, not {raw!r}.")
    return int(raw)


def number(name: str, default: float, *, minimum: float, maximum: float) -> float:
    """A decimal number from ``minimum`` to ``maximum``."""
    raw = os.environ.get(name, "").strip()
    if not raw:
        return default
    if not re.fullmatch(r"[+-]?[0-9]{1,12}(\.[0-9]{1,6})?", raw) or not minimum <= float(raw) <= maximum:
        raise ImproperlyConfigured(f"{name} must be a number from {minimum:g} to {maximum:g}, not {raw!r}.")
    return float(raw)


def text(name: str, default: str) -> str:
    """A text of at most 100 characters."""
    value = os.environ.get(name, "").strip() or default
    if len(value) > 100:
        raise ImproperlyConfigured(f"{name} must have at most 100 characters, not {len(value)}.")
    return value


def boolean(name: str, default: bool) -> bool:
    raw = os.environ.get(name)
    if raw is None:
        return default
    value = raw.strip().lower()
    if value in _TRUE:
        return True
    if value in _FALSE:
        return False
    raise ImproperlyConfigured(f"{name} must be true or false, not {raw!r}.")


def choice(name: str, default: str, allowed: tuple[str, ...]) -> str:
    value = os.environ.get(name, "").strip() or default
    if value not in allowed:
        raise ImproperlyConfigured(f"{name} must be one of {', '.join(allowed)}, not {value!r}.")
    return value


def host(name: str, default: str) -> str:
    """An address or host name to listen on."""
    value = os.environ.get(name, "").strip() or default
    if not re.fullmatch(r"[A-Za-z0-9.:_-]{1,253}", value):
        raise ImproperlyConfigured(
            f"{name} must be an address or a host name to listen on, such as 0.0.0.0, not {value!r}."
        )
    return value


def hosts(name: str, default: list[str]) -> list[str]:
    """A comma-separated list of host names as in Django's ALLOWED_HOSTS: no scheme, no port, no path."""
    values = _comma_list(name, default)
    for value in values:
        if not re.fullmatch(r"\*|\.?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*|\[[0-9A-Fa-f:]+\]", value):
            raise ImproperlyConfigured(
                f"{name} must list host names without scheme, port or path, such as chat.example.com, not {value!r}."
            )
    return values


def origins(name: str) -> list[str]:
    """A comma-separated list of origins (``https://app.example.com``); empty when unset."""
    values = _comma_list(name, [])
    for value in values:
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.netloc or value != f"{parts.scheme}://{parts.netloc}":
            raise ImproperlyConfigured(
                f"{name} must list origins with a scheme and without a path, "
                f"such as https://app.example.com, not {value!r}."
            )
    return values


def link(name: str) -> str:
    """An address to open, in a browser or an app (``https://…``, ``myapp://…``), without fragment; empty when unset."""
    value = os.environ.get(name, "").strip()
    if value and not _is_link(value):
        raise ImproperlyConfigured(
            f"{name} must be the address of a web page or of an app, without a fragment, such as "
            f"https://app.example.com/start or myapp://start, not {value!r}."
        )
    return value


_NO_LINKS = {"about", "blob", "data", "file", "javascript", "vbscript", "view-source"}


def _is_link(value: str) -> bool:
    if len(value) > 1000 or not re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*:[!$-;=?-Z_a-z~%&\[\]]+", value):
        return False
    try:
        parts = urlsplit(value)
    except ValueError:  # brackets that are no IPv6 address
        return False
    return parts.scheme not in _NO_LINKS and (parts.scheme not in {"http", "https"} or parts.hostname is not None)


def chat_model(name: str, default: str) -> str:
    """``catalog``, or ``provider:model`` as LangChain's ``init_chat_model`` takes it."""
    value = os.environ.get(name, "").strip() or default
    _check_chat_model(name, value)
    return value


def chat_models(name: str) -> list[str]:
    """A comma-separated list of chat models; empty when unset."""
    values = _comma_list(name, [])
    for value in values:
        _check_chat_model(name, value)
    return values


def mapping(name: str, allowed: tuple[str, ...]) -> dict[str, str]:
    """A comma-separated list of ``key=value``, each value one of ``allowed``; empty when unset."""
    pairs = [value.rpartition("=") for value in _comma_list(name, [])]
    for key, _, value in pairs:
        if not key or value not in allowed:
            raise ImproperlyConfigured(
                f"{name} must list model=value with a value of {', '.join(allowed)}, not {key + '=' + value!r}."
            )
    return {key.strip(): value.strip() for key, _, value in pairs}


def rate(name: str, default: str) -> str | None:
    """So many requests in a time, as django-ninja reads it: ``20/m``, ``100/15min``; None for ``off``.

    Every request of a period is remembered, so their number and the period are bounded.
    """
    value = os.environ.get(name, "").strip() or default
    if value == "off":
        return None
    found = re.fullmatch(r"([0-9]{1,5})/([0-9]{0,5})(s|sec|m|min|h|hour|d|day)", value)
    if not found or not 1 <= int(found[1]) <= 10_000 or not 1 <= int(found[2] or 1) * _SECONDS[found[3][0]] <= 86_400:
        raise ImproperlyConfigured(
            f"{name} must be off or a number of requests (10000 at most) in a time (a day at most), such as 20/m, "
            f"100/15m or 1000/h, not {value!r}."
        )
    return value


def proxies(name: str) -> list[str]:
    """A comma-separated list of addresses, networks and the word ``unix``; empty when unset.

    Not everybody may be trusted: a client would then say itself who it is.
    """
    values = _comma_list(name, [])
    for value in values:
        if value != "unix" and not _is_proxy(value):
            raise ImproperlyConfigured(
                f"{name} must list addresses or networks of proxies, such as 127.0.0.1 or 10.0.0.0/8, or unix, "
                f"not {value!r}."
            )
    return values


def _is_proxy(value: str) -> bool:
    try:
        network = ipaddress.ip_network(value)
    except ValueError:
        return False
    mapped = network.version == 6 and network.network_address.ipv4_mapped is not None  # must be written as IPv4
    return network.prefixlen > 0 and not mapped


def _check_chat_model(name: str, value: str) -> None:
    if value != "catalog" and not re.fullmatch(r"[a-z][a-z0-9_]*:\S+", value):
        raise ImproperlyConfigured(
            f"{name} must be catalog or provider:model, such as openai:gpt-4.1-mini, not {value!r}."
        )


def _comma_list(name: str, default: list[str]) -> list[str]:
    raw = os.environ.get(name)
    if raw is None or not raw.strip():
        return default
    return [value.strip() for value in raw.split(",") if value.strip()]
