"""The look of the admin: its titles, its sidebar and its colours (settings of django-unfold)."""

from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


def _entry(title: Promise | str, icon: str, model: str, view: str = "changelist") -> dict[str, Any]:
    """An entry of the admin's sidebar, shown to users who may view the model (``app.model``)."""
    app, name = model.split(".")
    permissions = (f"{app}.view_{name}", f"{app}.change_{name}")
    return {
        "title": title,
        "icon": icon,
        "link": reverse_lazy(f"admin:{app}_{name}_{view}"),
        "permission": lambda request: any(request.user.has_perm(permission) for permission in permissions),
    }


def _shows_challenges(request: HttpRequest) -> bool:
    return request.path.startswith("/admin/challenges/challenge/") and "/coverage/" not in request.path


UNFOLD = {
    "LOGIN": {"form": "leafresh.login_throttling.LoginForm"},
    "SITE_TITLE": "Leafresh",
    "SITE_HEADER": "Leafresh",
    "SITE_SYMBOL": "eco",
    "SHOW_LANGUAGES": False,
    "DASHBOARD_CALLBACK": "chatbot.admin.site.dashboard",
    "STYLES": [lambda request: static("chatbot/admin.css")],
    "SIDEBAR": {
        "show_search": True,
        "navigation": [
            {
                "title": _("Prompts"),
                "separator": True,
                "items": [
                    _entry(_("Prompt templates"), "description", "chatbot.prompttemplate"),
                    _entry(_("Prompt versions"), "history_edu", "chatbot.promptversion"),
                    _entry(_("Pinned samples"), "push_pin", "chatbot.promptsample"),
                ],
            },
            {
                "title": _("Catalogue"),
                "separator": True,
                "items": [
                    {**_entry(_("Challenges"), "eco", "challenges.challenge"), "active": _shows_challenges},
                    _entry(_("Coverage"), "grid_on", "challenges.challenge", "coverage"),
                    _entry(_("Categories"), "category", "challenges.category"),
                    _entry(_("Locations"), "location_on", "challenges.location"),
                    _entry(_("Work types"), "work", "challenges.worktype"),
                ],
            },
            {
                "title": _("Conversations"),
                "separator": True,
                "items": [
                    _entry(_("Generations"), "auto_awesome", "chatbot.generation"),
                    _entry(_("Sessions"), "forum", "chatbot.chatsession"),
                    _entry(_("Feedback"), "thumbs_up_down", "chatbot.feedback"),
                    _entry(_("Knowledge documents"), "menu_book", "chatbot.knowledgedocument"),
                    _entry(_("Word lists"), "playlist_add_check", "chatbot.listedword"),
                ],
            },
            {
                "title": _("Accounts"),
                "separator": True,
                "collapsible": True,
                "items": [
                    _entry(_("Users"), "person", "auth.user"),
                    _entry(_("Groups"), "group", "auth.group"),
                    _entry(_("Changes"), "history", "admin.logentry"),
                    _entry(_("Sign-ins"), "login", "axes.accesslog"),
                    _entry(_("Failed sign-ins"), "gpp_bad", "axes.accessfailurelog"),
                ],
            },
        ],
    },
    "COLORS": {
        "primary": {
            "50": "oklch(97.9% .021 166.1)",
            "100": "oklch(95% .052 163.1)",
            "200": "oklch(90.5% .093 164.2)",
            "300": "oklch(84.5% .143 165)",
            "400": "oklch(76.5% .177 163.2)",
            "500": "oklch(59.6% .145 163.2)",
            "600": "oklch(50.8% .118 165.6)",
            "700": "oklch(43.2% .095 166.9)",
            "800": "oklch(37.8% .077 168.9)",
            "900": "oklch(32% .065 170)",
            "950": "oklch(26.2% .051 172.6)",
        },
    },
}
