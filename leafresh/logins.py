"""How often somebody may try to log in to the admin, counted by django-axes in the database that all processes share.

Three bounds, each in COOL_OFF and lifted by itself:

- an account from one address: who guesses a password is stopped early, and its owner still gets in from elsewhere;
- an address, whatever the account: who tries one password with many names is stopped, and an office with one address
  has room for people who mistype;
- an account from everywhere: only when very many addresses guess the same account's password is its owner kept out too.

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
    """django-axes' own, which has one bound for all three."""

    def get_failures(self, request: Any, credentials: dict[str, Any] | None = None) -> int:
        """0, or AXES_FAILURE_LIMIT when a bound is reached; then ``request.login_waits`` is in seconds."""
        found = [
            attempts.aggregate(failures=Sum("failures_since_start"), last=Max("attempt_time"))
            for attempts in self.get_user_attempts(request, credentials)
        ]
        reached = [each["last"] for each, bound in zip(found, BOUNDS, strict=True) if (each["failures"] or 0) >= bound]
        if not reached:
            return 0
        until: datetime.datetime = max(reached) + settings.AXES_COOLOFF_TIME
        request.login_waits = max(1, math.ceil((until - timezone.now()).total_seconds()))
        limit: int = settings.AXES_FAILURE_LIMIT
        return limit

    def reset_user_attempts(self, request: Any, credentials: dict[str, Any] | None = None) -> int:
        """Who gets in is forgiven for this account from this address. The other bounds count on: a guesser with an
        account of his own could reset them."""
        count: int = self.filter_user_attempts(request, credentials)[0].delete()[0]
        return count


class LoginForm(AuthenticationForm):  # type: ignore[misc]  # unfold ships no types
    """Says for how long nobody is let in, instead of calling the password wrong: it was not looked at."""

    def get_invalid_login_error(self) -> ValidationError:
        if seconds := seconds_to_wait(self.request):
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


def seconds_to_wait(request: HttpRequest) -> int:
    """Until somebody may try to log in again; 0 when nothing was refused."""
    locked = getattr(request, "axes_locked_out", False)
    seconds: int = getattr(request, "login_waits", 0)
    return seconds if locked else 0


def address_of(request: HttpRequest) -> str | None:
    """Of the client, as the rate limits see it; None for a Unix socket. Of IPv6 the first address of its /64."""
    address = client_address(
        peer=request.META.get("REMOTE_ADDR"),
        forwarded_for=request.META.get("HTTP_X_FORWARDED_FOR", ""),
        trusted=TrustedProxies.parse(settings.LEAFRESH_TRUSTED_PROXIES),
    )
    return None if address == UNKNOWN else str(ip_network(address).network_address)


def who(username: str | None, ip_address: str | None, *_: object) -> str:
    """In the log: what was typed as a name, which may be anything, on one line; never the password."""
    return f"{username!r} from {ip_address or UNKNOWN}"
