"""Django's users and groups, in the same look as the rest."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, User
from django.utils.translation import gettext, gettext_lazy
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminSelect2MultipleWidget

from chatbot.roles import ROLES

admin.site.unregister(User)
admin.site.unregister(Group)


def role_name(group: Group) -> str:
    """A group's name; those that every installation has are said in the reader's language."""
    return gettext(group.name) if group.name in ROLES else group.name


class _SearchableRights:
    """Groups and permissions in one searchable field each: two lists side by side do not fit beside the sidebar."""

    filter_horizontal = ()

    def formfield_for_manytomany(self, db_field: Any, request: Any = None, **kwargs: Any) -> Any:
        widget = UnfoldAdminSelect2MultipleWidget()
        classes = widget.attrs["class"]
        field = super().formfield_for_manytomany(db_field, request, widget=widget, **kwargs)  # type: ignore[misc]  # ModelAdmin's
        field.widget.attrs["class"] = classes  # unfold would make it a plain list again
        if db_field.name == "groups":
            field.label_from_instance = role_name
        return field


@admin.register(User)
class UserAdmin(_SearchableRights, DjangoUserAdmin, ModelAdmin):  # type: ignore[misc,type-arg]  # unfold ships no types
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm


@admin.register(Group)
class GroupAdmin(_SearchableRights, DjangoGroupAdmin, ModelAdmin):  # type: ignore[misc]  # unfold ships no types
    list_display = ("role",)

    @admin.display(description=gettext_lazy("role"), ordering="name")
    def role(self, group: Group) -> str:
        return role_name(group)
