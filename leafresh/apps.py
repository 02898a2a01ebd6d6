"""How the admin names the apps of libraries."""

from axes.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SignInsConfig(AppConfig):  # type: ignore[misc]  # axes ships no types
    """django-axes: it counts failed sign-ins and logs all of them."""

    verbose_name = _("Sign-ins")
