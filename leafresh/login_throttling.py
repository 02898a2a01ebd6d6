"""Limits failed logins to the admin. django-axes counts them in the database.

There are three bounds. A client that has reached one may try again after AXES_COOLOFF_TIME:

- An account from one address: an attacker who guesses a password is stopped early. Its owner can log in elsewhere.
- An address, for all accounts: an attacker who tries one password with many names is stopped. An office with one
  address has room for typing errors.
- An account from all addresses: only when very many addresses guess its password, the owner cannot log in either.

The settings refer to this module by name. Importing it needs the loaded apps.
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

from chatbot.api.client import UNKNOWN, TrustedProxies, client_address

BOUNDS = (5, 30, 100)
"""The maximum failures of an account from one address, of an address, and of an account.

The order is that of AXES_LOCKOUT_PARAMETERS.
"""


class LoginHandler(AxesDatabaseHandler):  # type: ignore[misc]  # axes ships no types
    """A handler of django-axes with a bound for each parameter. The original has one bound for all of them."""

    def get_failures(self, request: Any, credentials: dict[str, Any] | None = None) -> int:
        """Returns AXES_FAILURE_LIMIT and sets ``request.login_wait_seconds`` when a bound is reached, else 0."""
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
        """Resets the failures of the account from the address after a login.

        The other counters are not reset, because an attacker with an account could use that.
        """
        count: int = self.filter_user_attempts(request, credentials)[0].delete()[0]
        return count


class LoginForm(AuthenticationForm):  # type: ignore[misc]  # unfold ships no types
    """The form of a refused login tells how long to wait. It does not call the password wrong: it was not checked."""

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
    """The client's address as for the rate limits: the first address of an IPv6 /64; None for a Unix socket."""
    address = client_address(
        peer=request.META.get("REMOTE_ADDR"),
        forwarded_for=request.META.get("HTTP_X_FORWARDED_FOR", ""),
        trusted=TrustedProxies.parse(settings.LEAFRESH_TRUSTED_PROXIES),
    )
    return None if address == UNKNOWN else str(ip_network(address).network_address)


def client_str(username: str | None, ip_address: str | None, *_: object) -> str:
    """The client for a line in the log, without the password. The name may be any text, so it is quoted."""
    return f"{username!r} from {ip_address or UNKNOWN}"
