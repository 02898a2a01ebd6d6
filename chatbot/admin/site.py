"""The first page of the admin, and Django's users and groups in the same style."""

from collections import Counter
from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, User
from django.db.models import Count, Model
from django.http import HttpRequest
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminSelect2MultipleWidget

from challenges.admin.change_log import ChangeLogAdmin
from challenges.admin.lists import ActionBound, column
from challenges.admin.optimistic_lock import OptimisticLockAdmin
from challenges.models import Challenge
from chatbot.admin.model_health import model_health
from chatbot.models import Feedback, Generation, Outcome, PromptTemplate, Purpose, Thumb
from chatbot.providers.circuit import open_circuits
from chatbot.providers.negotiation import refusals
from chatbot.roles import ROLES

Card = tuple[str, str, str, str]

admin.site.index_template = "admin/chatbot/dashboard.html"
admin.site.unregister(User)
admin.site.unregister(Group)


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """unfold's ``DASHBOARD_CALLBACK``: adds the cards that the person may see, and the state of each chat model.

    Takes at most five SQL statements. A card has a title, a value, a note, and a link to a view.
    """
    kinds = ((Generation, _generations), (PromptTemplate, _prompts), (Challenge, _challenges), (Feedback, _feedback))
    cards = [make() for model, make in kinds if admin.site.get_model_admin(model).has_view_permission(request)]
    sees_generations = admin.site.get_model_admin(Generation).has_view_permission(request)
    if sees_generations:
        cards += _models()
    return {**context, "cards": cards, "models": model_health() if sees_generations else []}


def _last_day(model: type[Model], time: str, column_name: str, **also: Any) -> Counter[str]:
    """The number of rows in the last 24 hours for each value of a column. ``also`` are further conditions."""
    rows = model._default_manager.filter(**{f"{time}__gte": now() - timedelta(days=1)}, **also).order_by()
    return Counter(dict(rows.values_list(column_name).annotate(Count("pk"))))


def _generations() -> Card:
    counts = _last_day(Generation, "started_at", "outcome", purpose=Purpose.PUBLIC)
    bad = counts[Outcome.FAILED] + counts[Outcome.INTERRUPTED]
    note = _("%(count)d of them failed or were interrupted") % {"count": bad} if bad else _("none of them failed")
    total = counts.total()
    return _("Generations in 24 hours"), str(total), note if total else "", "admin:chatbot_generation_changelist"


def _models() -> list[Card]:
    """A card for each hosted model that this process skips, or that refused a part of a request."""
    skipped, refused = open_circuits(), refusals()
    cards = []
    for name in sorted({*skipped, *refused}):
        value = _("skipped after failures") if name in skipped else _("answers")
        parts = ", ".join(refusal.part for refusal in refused.get(name, ()))
        note = _("refuses %(parts)s") % {"parts": parts} if parts else ""
        cards.append((_("Chat model %(name)s") % {"name": name}, value, note, "admin:chatbot_generation_changelist"))
    return cards


def _prompts() -> Card:
    templates = list(PromptTemplate.objects.select_related("live_version__template"))
    live = [str(template.live_version) for template in templates if template.live_version]
    missing = [template.key for template in templates if not template.live_version]
    note = _("without a live version: %(keys)s") % {"keys": ", ".join(missing)} if missing else ""
    return _("Live prompts"), ", ".join(live) or "–", note, "admin:chatbot_prompttemplate_changelist"


def _challenges() -> Card:
    count = Challenge.objects.filter(active=True).count()
    return _("Active challenges"), str(count), _("See which selections are thin"), "admin:challenges_challenge_coverage"


def _feedback() -> Card:
    counts = _last_day(Feedback, "given_at", "thumb")
    value = f"👍 {counts[Thumb.UP]} · 👎 {counts[Thumb.DOWN]}"
    return _("Feedback in 24 hours"), value, _("See what people thought"), "admin:chatbot_feedback_changelist"


def role_name(group: Group) -> str:
    """The name of a group. Names of the standard groups are translated."""
    return _(group.name) if group.name in ROLES else group.name


class _SearchableRights:
    """Shows groups and permissions as searchable fields: two lists side by side do not fit beside the sidebar."""

    filter_horizontal = ()

    def formfield_for_manytomany(self, db_field: Any, request: Any = None, **kwargs: Any) -> Any:
        widget = UnfoldAdminSelect2MultipleWidget()
        classes = widget.attrs["class"]
        field = super().formfield_for_manytomany(db_field, request, widget=widget, **kwargs)  # type: ignore[misc]  # ModelAdmin's
        field.widget.attrs["class"] = classes  # unfold has replaced them by those of a plain list
        if db_field.name == "groups":
            field.label_from_instance = role_name
        return field


@admin.register(User)
class UserAdmin(_SearchableRights, ActionBound, ChangeLogAdmin, OptimisticLockAdmin, DjangoUserAdmin, ModelAdmin):  # type: ignore[misc,type-arg]  # unfold ships no types
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    readonly_fields = ("last_login", "date_joined")  # each login changes the first
    keeps_deleted = False  # a new account has another form, with a password


@admin.register(Group)
class GroupAdmin(_SearchableRights, ActionBound, ChangeLogAdmin, OptimisticLockAdmin, DjangoGroupAdmin, ModelAdmin):  # type: ignore[misc]  # unfold ships no types
    list_display = ("role",)
    role = column(gettext_lazy("role"), role_name, ordering="name")
