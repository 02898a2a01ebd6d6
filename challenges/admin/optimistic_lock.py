"""Optimistic locking for the admin's forms and lists: a person cannot overwrite a change that they have not seen.

A page carries a fingerprint of each field that it showed. When it is saved, the row is locked. Fields that have changed
since then are a conflict. Then nothing is saved, the page shows the other change and its author, and the entered text
stays in the form. Saving again replaces it.

Fingerprints are of contents, so a change counts by whatever way it came: a form, a list, an action, an import. A
version column (django-concurrency) would miss updates of whole querysets.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.models import LogEntry
from django.contrib.admin.utils import unquote
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.http import HttpRequest
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.text import Truncator
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from unfold.admin import ModelAdmin

SEEN = "seen"
"""The hidden input with the fingerprints of what a form showed, as JSON by field."""

_SHOWN_CHARACTERS = 80


def fingerprint(value: Any) -> str:
    """A short digest of a field's value, as a form has it at first."""
    if isinstance(value, list) and any(isinstance(each, models.Model) for each in value):
        value = sorted(str(each.pk) for each in value)
    text = json.dumps(value, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


class LockedForm(forms.BaseModelForm):  # type: ignore[type-arg]  # generic for mypy only
    """Mixed into the form of a row. ``editor`` is the person who saves it, ``stored`` what the row has by field."""

    editor: Any = None
    gone: Any = None  # the key of a row that was deleted while the form was open

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.stored = {name: self.initial.get(name) for name in self._row_fields()}
        if self.instance.pk is not None:
            self.initial[SEEN] = json.dumps({name: fingerprint(value) for name, value in self.stored.items()})
        if self.instance.pk is not None or self.gone is not None:
            self.fields[SEEN] = _SeenField(required=False, widget=forms.HiddenInput())

    def _row_fields(self) -> Iterator[str]:
        meta = self.instance._meta
        for field in (*meta.fields, *meta.many_to_many):
            if field.name in self.fields and not self.fields[field.name].disabled and not field.primary_key:
                yield field.name

    def clean(self) -> dict[str, Any] | None:
        cleaned: dict[str, Any] | None = super().clean()
        if self.instance.pk is None and self.data.get(self.add_prefix(SEEN)):
            self.add_error(None, ValidationError(self._deleted(), code="conflict"))
            self.data = _copied(self.data, **{self.add_prefix(SEEN): ""})
            return cleaned
        changed = [name for name in self._changed_since(self._shown()) if self._would_replace(name)]
        if changed and self.has_changed():
            self.add_error(None, ValidationError(self._conflict(changed), code="conflict"))
            self._show_what_is_stored()
        return cleaned

    def _shown(self) -> Mapping[str, str]:
        """The fingerprints that came with the page; none from a client that never loaded one."""
        in_list = {
            name: fingerprint(self._initial_in_list(name))
            for name in self.stored
            if self[name].html_initial_name in self.data
        }
        try:
            in_form = json.loads(self.data.get(self.add_prefix(SEEN), "{}"))
        except ValueError:
            in_form = {}
        return {**in_list, **(in_form if isinstance(in_form, dict) else {})}

    def _initial_in_list(self, name: str) -> Any:
        """The value that a list has shown. A hidden input sends it back."""
        try:
            return self.fields[name].to_python(self.data[self[name].html_initial_name])
        except ValidationError:
            return None

    def _changed_since(self, shown: Mapping[str, str]) -> list[str]:
        return [
            name for name, value in self.stored.items() if shown.get(name, fingerprint(value)) != fingerprint(value)
        ]

    def _would_replace(self, name: str) -> bool:
        return bool(self.fields[name].has_changed(self.initial.get(name), self[name].data))

    def _conflict(self, changed: Iterable[str]) -> str:
        """The author of the change, and the stored values."""
        values = ", ".join(f"{self.fields[name].label}: {self._in_words(name)}" for name in changed)
        words = {"who": self._who(), "values": values}
        text = _("%(who)s, after you opened this page. Stored now: %(values)s.") % words
        kept = _("What you typed is still here. Save again to replace what is stored.")
        meta = self.instance._meta
        page = reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[self.instance.pk])
        link = _("Show what is stored")
        return format_html('{} {} <a class="underline" href="{}" target="_blank">{}</a>', text, kept, page, link)

    def _deleted(self) -> str:
        """The row was deleted while its page was open."""
        last = _last_entry(type(self.instance), self.gone)
        who = str(last.user) if last else _("Somebody")
        return _("%(who)s deleted this meanwhile. What you typed is still here: save it again to make a new one.") % {
            "who": who
        }

    def _who(self) -> str:
        last = _last_entry(type(self.instance), self.instance.pk)
        if last is None:
            return _("This was changed")
        if last.user_id == getattr(self.editor, "pk", None):
            return _("You changed this in another window (%(time)s)") % {
                "time": date_format(localtime(last.action_time), "DATETIME_FORMAT")
            }
        return _("%(name)s changed this (%(time)s)") % {
            "name": last.user,
            "time": date_format(localtime(last.action_time), "DATETIME_FORMAT"),
        }

    def _in_words(self, name: str) -> str:
        value, field = self.stored[name], self.fields[name]
        if isinstance(value, bool):
            return _("yes") if value else _("no")
        if isinstance(value, list):
            text = ", ".join(map(str, value))
        else:
            choices = {str(key): str(label) for key, label in getattr(field, "choices", [])}
            text = choices.get(str(value), "" if value is None else str(value))
        return _("“%(word)s”") % {"word": Truncator(text).chars(_SHOWN_CHARACTERS)}

    def _show_what_is_stored(self) -> None:
        """The page that is drawn next counts as having shown what is stored, so that saving it replaces that."""
        names = {name: self[name].html_initial_name for name in self.stored}
        shown = {
            names[name]: "" if value is None else str(value)
            for name, value in self.stored.items()
            if names[name] in self.data
        }
        self.data = _copied(self.data, **shown, **{self.add_prefix(SEEN): self.initial.get(SEEN, "")})


def _last_entry(model: type[models.Model], pk: Any) -> LogEntry | None:
    """The newest entry of the admin's log about a row."""
    entries = LogEntry.objects.filter(content_type=ContentType.objects.get_for_model(model), object_id=str(pk))
    return entries.select_related("user").order_by("-action_time", "-pk").first()


def _copied(data: Any, **changed: Any) -> Any:
    """The data of a request with other values: they cannot be changed themselves."""
    copied = deepcopy(data)
    for name, value in changed.items():
        copied[name] = value
    return copied


class _SeenField(forms.CharField):
    """Always unchanged, because it is not a field of the row."""

    def has_changed(self, initial: Any, data: Any) -> bool:
        return False


class OptimisticLockAdmin(ModelAdmin):  # type: ignore[misc]  # unfold ships no types
    """An admin whose form and list are saved under optimistic locking."""

    change_form_before_template = "admin/challenges/seen.html"
    keeps_deleted = True
    """Whether the form of a row that was deleted meanwhile becomes the form of a new row."""

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        return _locked(super().get_form(request, obj, change=change, **kwargs), request)

    def get_changelist_form(self, request: HttpRequest, **kwargs: Any) -> Any:
        return _locked(super().get_changelist_form(request, **kwargs), request)

    def get_changelist_formset(self, request: HttpRequest, **kwargs: Any) -> Any:
        """A list sends back what it showed, so that only what a person changed in it is saved."""
        formset = super().get_changelist_formset(request, **kwargs)
        for name in self.list_editable:
            formset.form.base_fields[name].show_hidden_initial = True
        return formset

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """Locks the row before it is saved. The transaction has already begun."""
        if request.method == "POST" and transaction.get_connection().in_atomic_block:
            self._lock([object_id])
        return super().get_object(request, object_id, from_field)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Turns a form whose row was deleted into the form of a new row. Django would discard the entered text."""
        is_locked = request.method == "POST" and SEEN in request.POST and self.has_add_permission(request)
        is_kept = is_locked and self.keeps_deleted
        if object_id is not None and is_kept and self.get_object(request, unquote(object_id)) is None:
            request.gone = unquote(object_id)  # type: ignore[attr-defined]  # for the form
            return self.add_view(request, form_url, extra_context)
        return super().changeform_view(request, object_id, form_url, extra_context)

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None) -> Any:
        """Deletes what was shown. A row that was changed since then is shown again."""
        rows = self._rows([unquote(object_id)])
        if request.method == "POST" and self._was_changed(request, rows):
            return redirect(request.get_full_path())
        return _with_seen(super().delete_view(request, object_id, extra_context), rows)

    def response_action(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> Any:
        """The same for the rows that an action deletes."""
        keys = request.POST.getlist(ACTION_CHECKBOX_NAME)
        if request.POST.get("action") != "delete_selected" or request.POST.get("select_across") == "1":
            return super().response_action(request, queryset)
        rows = self._rows(keys)
        if request.POST.get("post") and self._was_changed(request, rows):
            return None
        return _with_seen(super().response_action(request, queryset), rows)

    def _was_changed(self, request: HttpRequest, rows: str) -> bool:
        """Whether the rows are others than the confirmation showed; says so."""
        changed = request.POST.get(SEEN, rows) != rows
        if changed:
            messages.warning(request, _("Nothing was deleted: it was changed after you opened the page. Look again."))
        return changed

    def _rows(self, keys: Iterable[str]) -> str:
        """A fingerprint of what the rows hold; of an empty list for keys that are none."""
        try:
            values = [self.opts.pk.to_python(key) for key in keys]
        except ValidationError:
            values = []
        skipped = {field.name for field in self.opts.fields if field.name == "last_login"}
        names = [field.name for field in self.opts.fields if field.name not in skipped]
        rows = self.model._default_manager.filter(pk__in=values).order_by("pk").values(*names)
        return fingerprint([{name: str(value) for name, value in row.items()} for row in rows])

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        if request.method != "POST" or "_save" not in request.POST:
            return super().changelist_view(request, extra_context)
        with transaction.atomic():  # the rows stay as they are from the comparison until they are saved
            ending = f"-{self.opts.pk.name}"
            self._lock(str(value) for name, value in request.POST.items() if name.endswith(ending))
            return _with_rows_of_forms(super().changelist_view(request, extra_context))

    def _lock(self, keys: Iterable[str]) -> None:
        try:
            values = [self.opts.pk.to_python(key) for key in keys]
        except ValidationError:
            return  # the view answers that there is no such row
        rows = self.model._default_manager.select_for_update().filter(pk__in=values).order_by("pk")
        list(rows.values_list("pk"))


def _locked(form: Any, request: HttpRequest) -> Any:
    attributes = {"editor": request.user, "gone": getattr(request, "gone", None)}
    return type(form.__name__, (LockedForm, form), attributes)


def _with_rows_of_forms(response: Any) -> Any:
    """The list with an error, its rows in the order of its forms.

    Django pairs both by their place. The forms are in the order of the page that was sent, and the rows in that of
    what is stored now, which may be another.
    """
    if isinstance(response, TemplateResponse) and response.context_data:
        shown = response.context_data["cl"]
        if shown.formset is not None and shown.formset.is_bound:
            shown.result_list = [form.instance for form in shown.formset.forms]
    return response


_CONFIRMED = b'<input type="hidden" name="post" value="yes">'


def _with_seen(response: Any, rows: str) -> Any:
    """The page that asks for confirmation, which sends back the fingerprint of what it showed."""

    def add(drawn: Any) -> Any:
        hidden = format_html('<input type="hidden" name="{}" value="{}">', SEEN, rows).encode()
        drawn.content = drawn.content.replace(_CONFIRMED, _CONFIRMED + hidden)
        return drawn

    if isinstance(response, TemplateResponse) and response.status_code == 200:
        response.add_post_render_callback(add)
    return response
