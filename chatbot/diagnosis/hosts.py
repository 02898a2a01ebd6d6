"""Whether requests are refused because of the host name they are addressed to."""

from collections.abc import Iterator, Sequence

from django.conf import settings
from django.http.request import validate_host

from chatbot.diagnosis.finding import Finding, fault, ok, warning
from chatbot.diagnosis.target import Target
from chatbot.reachability import own_address

HOST_SETTING = "LEAFRESH_ALLOWED_HOSTS"

DEBUG_HOSTS = [".localhost", "127.0.0.1", "[::1]"]
"""What Django allows in debug mode when nothing is set."""


def check(target: Target, *, answers: bool) -> Iterator[Finding]:
    """``answers`` is whether a server is known to answer requests that are addressed to the target."""
    allowed = allowed_hosts()
    yield judge_url(target.bracketed, allowed, answers=answers)
    outside = own_address()
    if outside is not None and outside != target.host:
        yield judge_own_address(outside, allowed)


def allowed_hosts() -> list[str]:
    return settings.ALLOWED_HOSTS or (DEBUG_HOSTS if settings.DEBUG else [])


def judge_url(host: str, allowed: Sequence[str], *, answers: bool = False) -> Finding:
    """``host`` is in lower case, without a port, an IPv6 address in brackets."""
    if validate_host(host, allowed):
        return ok(f"Requests addressed to {host} are allowed.")
    if answers:
        return warning(
            f"The settings that this command reads do not allow requests addressed to {host}, but the server answers "
            "them: it was started with other settings, or a proxy passes on another host name.",
            f"Give both the same settings. {remedy(host, allowed)}",
        )
    return fault(f"Requests addressed to {host} are refused with 400: it is no allowed host.", remedy(host, allowed))


def judge_own_address(address: str, allowed: Sequence[str]) -> Finding:
    """Only a warning: clients may well use a name instead."""
    if validate_host(address, allowed):
        return ok(f"Requests addressed to this machine's own address {address} are allowed.")
    return warning(
        f"Requests addressed to this machine's own address {address} are refused with 400: it is no allowed host.",
        f"{remedy(address, allowed)} Needed only if clients use that address.",
    )


def remedy(host: str, allowed: Sequence[str]) -> str:
    return f"Set {setting(host, allowed)} and restart the server."


def setting(host: str, allowed: Sequence[str]) -> str:
    """The variable as it must be to allow ``host`` too."""
    return f"{HOST_SETTING}={','.join(dict.fromkeys([*allowed, host]))}"
