"""How often a client may try to log in to the admin. django-axes counts failures in the database.

There are three bounds. Each ends by itself after AXES_COOLOFF_TIME:

- An account from one address: an attacker who guesses a password is stopped early. Its owner can log in elsewhere.
- An address, for all accounts: an attacker who tries one password with many names is stopped. An office with one
  address has room for typing errors.
- An account from all addresses: only when very many addresses guess its password, the owner cannot log in either.

Django names what is here in settings; it needs the loaded apps.
"""

import datetime
import math
from ipaddress import ip_network
from typing import Any

from axes.conf import settings
from axes.handlers.database import AxesDatabaseHandler
from django.core.exceptions import ValidationError
from django.db.models import Max, Sum
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import ngettext
from unfold.forms import AuthenticationForm

from chatbot.api.client_address import UNKNOWN, TrustedProxies, client_address

BOUNDS = (5, 30, 100)
"""Failures of an account from one address, of an address, of an account: in the order of AXES_LOCKOUT_PARAMETERS."""


class LoginHandler(AxesDatabaseHandler):  # type: ignore[misc]  # axes ships no types
    """django-axes' handler, which has one bound for all three."""

    def get_failures(self, request: Any, credentials: dict[str, Any] | None = None) -> int:
        """0, or AXES_FAILURE_LIMIT when a bound is reached; then ``request.login_wait_seconds`` is set."""
        found = [
            attempts.aggregate(failures=Sum("failures_since_start"), last=Max("attempt_time"))
            for attempts in self.get_user_attempts(request, credentials)
        ]
        reached = [each["last"] for each, bound in zip(found, BOUNDS, strict=True) if (each["failures"] or 0) >= bound]
        if not reached:
            return 0
        until: datetime.datetime = max(reached) + settings.AXES_COOLOFF_TIME
        request.login_wait_seconds = max(1, math.ceil((until - timezone.now()).total_seconds()))
        limit: int = settings.AXES_FAILURE_LIMIT
        return limit

    def reset_user_attempts(self, request: Any, credentials: dict[str, Any] | None = None) -> int:
        """A login resets the failures of its account from its address.

        The other bounds stay: otherwise an attacker with an account could reset them.
        """
        count: int = self.filter_user_attempts(request, credentials)[0].delete()[0]
        return count


class LoginForm(AuthenticationForm):  # type: ignore[misc]  # unfold ships no types
    """Says how long a refused client has to wait, instead of calling the password wrong, which was not checked."""

    def get_invalid_login_error(self) -> ValidationError:
        seconds: int = getattr(self.request, "login_wait_seconds", 0)
        if getattr(self.request, "axes_locked_out", False) and seconds:
            minutes = math.ceil(seconds / 60)
            return ValidationError(
                ngettext(
                    "Too many failed attempts to log in. Please try again in %(minutes)d minute.",
                    "Too many failed attempts to log in. Please try again in %(minutes)d minutes.",
                    minutes,
                ),
                code="locked",
                params={"minutes": minutes},
            )
        error: ValidationError = super().get_invalid_login_error()
        return error


def client_ip(request: HttpRequest) -> str | None:
    """The client's address as the rate limits see it: of IPv6 the first of its /64; None for a Unix socket."""
    address = client_address(
        peer=request.META.get("REMOTE_ADDR"),
        forwarded_for=request.META.get("HTTP_X_FORWARDED_FOR", ""),
        trusted=TrustedProxies.parse(settings.LEAFRESH_TRUSTED_PROXIES),
    )
    return None if address == UNKNOWN else str(ip_network(address).network_address)


def client_str(username: str | None, ip_address: str | None, *_: object) -> str:
    """The client in a line of the log. The name may be any text, so it is quoted; the password is left out."""
    return f"{username!r} from {ip_address or UNKNOWN}"
