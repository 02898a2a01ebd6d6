"""Checks whether the settings accept the address that clients use. Uses no network."""

import ipaddress
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.http.request import validate_host

from chatbot.diagnostics.bind_address import is_loopback, own_address
from chatbot.diagnostics.findings import found
from chatbot.providers.configured import check_configuration

TAG = "leafresh"
"""``manage.py check --deploy --tag leafresh --database default`` runs what this package registers."""
HOST_SETTING = "LEAFRESH_ALLOWED_HOSTS"
DEBUG_HOSTS = [".localhost", "127.0.0.1", "[::1]"]
"""The hosts that Django allows in debug mode if ALLOWED_HOSTS is empty."""

DEFAULT_PORTS = {"http": 80, "https": 443}

Received = tuple[int, Mapping[str, str]]
"""A response's status and headers."""


@dataclass(frozen=True, slots=True)
class Target:
    """The parts of a server's base URL. ``host`` is in lower-case ASCII without brackets; ``prefix`` is a path or
    ""."""

    scheme: str
    host: str
    port: int
    prefix: str = ""

    @classmethod
    def parse(cls, url: str) -> Self:
        """Parses a URL. Raises ValueError with a sentence for the operator."""
        parts = urlsplit(url)  # raises ValueError itself for a broken IPv6 address
        if parts.scheme not in DEFAULT_PORTS or not parts.hostname:
            raise ValueError("It must be an address such as https://chat.example.com.")
        if parts.username is not None or parts.password is not None:
            raise ValueError("It must not hold a user name or a password.")
        if parts.query or parts.fragment:
            raise ValueError("It must not have a query or a fragment.")
        port = DEFAULT_PORTS[parts.scheme] if parts.port is None else parts.port
        return cls(parts.scheme, _ascii(parts.hostname), port, parts.path.rstrip("/"))

    @property
    def bracketed(self) -> str:
        """The host as it is written in a URL: an IPv6 address has brackets."""
        return f"[{self.host}]" if ":" in self.host else self.host

    @property
    def origin(self) -> str:
        """The origin as a browser writes it: without the default port of its scheme."""
        port = "" if self.port == DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{self.bracketed}{port}"

    def __str__(self) -> str:
        return f"{self.origin}{self.prefix}"


def parse_origin(text: str) -> str:
    """The origin as a browser writes it. Raises ValueError with a sentence for the operator."""
    target = Target.parse(text)
    if target.prefix:
        raise ValueError("It must be an origin without a path, such as https://app.example.com.")
    return target.origin


def _ascii(host: str) -> str:
    try:
        return ipaddress.ip_address(host).compressed
    except ValueError:
        pass
    try:
        return host.encode("idna").decode("ascii").lower()
    except UnicodeError:
        raise ValueError("It does not name a host that can exist.") from None


@checks.register(TAG, deploy=True)
def check_models(**_: Any) -> list[checks.CheckMessage]:
    """A system check: the packages of the configured chat models are installed."""
    try:
        check_configuration()
    except ImproperlyConfigured as error:
        return [found("models.missing_package", reason=error)]
    return []


def check_hosts(target: Target, *, answered: bool) -> Iterator[checks.CheckMessage]:
    """Whether the settings allow the target's host.

    ``answered``: the server has already answered a request for this host, so it allows it.
    """
    allowed = allowed_hosts()
    host, own = target.bracketed, own_address()
    refused = "hosts.other_settings" if answered else "hosts.refused"
    name = "hosts.allowed" if validate_host(host, allowed) else refused
    yield found(name, host=host, setting=host_setting(host))
    if own is not None and own != target.host:
        name = "hosts.own_allowed" if validate_host(own, allowed) else "hosts.own_refused"
        yield found(name, host=own, setting=host_setting(own))


def allowed_hosts() -> list[str]:
    return settings.ALLOWED_HOSTS or (DEBUG_HOSTS if settings.DEBUG else [])


def host_setting(host: str) -> str:
    """The line ``LEAFRESH_ALLOWED_HOSTS=…`` with which ``host`` is allowed too."""
    return f"{HOST_SETTING}={','.join(dict.fromkeys([*allowed_hosts(), host]))}"


def check_cors(origin: str | None, target: Target, responses: Mapping[str, Received]) -> Iterator[checks.CheckMessage]:
    """Whether pages of ``origin`` may read streams with credentials. ``origin`` is written as a browser writes it.

    ``responses`` has the keys ``preflight`` and ``stream``. It is empty if the server was not visited.
    """
    names = settings.CORS_ALLOWED_ORIGINS
    if origin is None:
        yield found("cors.some" if names else "cors.none", origins=", ".join(names))
        return
    if origin == target.origin:
        yield found("cors.own", origin=origin)
        return
    if origin.startswith("https:") and target.scheme == "http" and not is_loopback(target.host):
        yield found("cors.mixed", origin=origin, target=target)
    remedy = f"Set LEAFRESH_CORS_ORIGINS={','.join([*names, origin])} and restart the server."
    problems = {name: cors_problems(each, origin, preflight=name == "preflight") for name, each in responses.items()}
    refused = "cors.other_settings" if problems and not any(problems.values()) else "cors.settings_refuse"
    yield found("cors.settings_allow" if origin in names else refused, origin=origin, remedy=remedy)
    refused = "cors.proxy_spoils" if origin in names else "cors.server_refuses"
    for name, each in problems.items():
        entry = refused if each else "cors.server_allows"
        yield found(entry, name=name, origin=origin, problems="; ".join(each), remedy=remedy)


def cors_problems(response: Received, origin: str, *, preflight: bool) -> list[str]:
    """The reasons why a browser would not let a page of the origin read the response (Fetch, "CORS check")."""
    status, headers = response
    allowed = headers.get("access-control-allow-origin")
    named = re.split(r"[\s,]+", headers.get("access-control-allow-headers", "").lower())
    problems = []
    if allowed != origin:
        problems.append(f"Access-Control-Allow-Origin is {allowed or 'missing'}")
    if allowed and headers.get("access-control-allow-credentials") != "true":
        problems.append("Access-Control-Allow-Credentials is not true")
    if preflight and not 200 <= status < 300:
        problems.append(f"it answers {status}")
    elif preflight and allowed and (missing := [name for name in settings.CORS_ALLOW_HEADERS if name not in named]):
        problems.append(f"Access-Control-Allow-Headers does not name {', '.join(missing)}")
    return problems
