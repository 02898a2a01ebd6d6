"""Prompt templates and their versions in the admin."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import RelatedDropdownFilter
from unfold.decorators import action
from unfold.enums import ActionVariant

from chatbot.admin.badges import badge, link, moment
from chatbot.admin.prompt_form import PromptVersionForm
from chatbot.admin.results import results_table
from chatbot.models import PromptTemplate, PromptVersion
from chatbot.prompts.contracts import TEMPLATES
from chatbot.prompts.publishing import create_version, make_live

_SHOWN_VERSIONS = 20

_READ_FIELDS = (
    *("name", "live", "full_texts", "model", "temperature", "max_tokens"),
    *("note", "author", "created_at", "how_it_does"),
)


def may_publish(request: HttpRequest) -> bool:
    return bool(request.user.has_perm("chatbot.change_prompttemplate"))


@admin.register(PromptTemplate)
class PromptTemplateAdmin(ModelAdmin):  # type: ignore[misc]  # unfold ships no types
    """Templates are code; what can be edited of them are their versions."""

    list_display = ("key", "live", "note", "made_by", "made_at", "version_count")
    list_select_related = ("live_version__template", "live_version__author")
    readonly_fields = ("key", "live", "note", "made_by", "made_at", "variables", "versions")
    fields = readonly_fields
    actions_detail = ("new_version",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[PromptTemplate]:
        queryset: QuerySet[PromptTemplate] = super().get_queryset(request)
        return queryset.select_related(*self.list_select_related).annotate(number_of_versions=Count("versions"))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_new_version_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.has_perm("chatbot.add_promptversion"))

    @admin.display(description=gettext_lazy("live version"))
    def live(self, template: PromptTemplate) -> SafeString:
        version = template.live_version
        if version is None:
            return badge(_("none"), "danger")
        return link(reverse("admin:chatbot_promptversion_change", args=[version.pk]), version)

    @admin.display(description=gettext_lazy("note"))
    def note(self, template: PromptTemplate) -> str:
        return template.live_version.note if template.live_version else ""

    @admin.display(description=gettext_lazy("author"))
    def made_by(self, template: PromptTemplate) -> str:
        return str(template.live_version.author or "–") if template.live_version else ""

    @admin.display(description=gettext_lazy("created"))
    def made_at(self, template: PromptTemplate) -> str:
        return moment(template.live_version.created_at) if template.live_version else "–"

    @admin.display(description=gettext_lazy("versions"))
    def version_count(self, template: Any) -> SafeString:
        return link(_versions_of(template), template.number_of_versions)

    @admin.display(description=gettext_lazy("variables"))
    def variables(self, template: PromptTemplate) -> SafeString:
        contract = TEMPLATES.get(template.key)
        return render_to_string("admin/chatbot/prompt_variables.html", {"contract": contract})

    @admin.display(description=gettext_lazy("versions"))
    def versions(self, template: PromptTemplate) -> SafeString:
        rows = template.versions.select_related("template", "author").order_by("-number")[:_SHOWN_VERSIONS]
        context = {"versions": rows, "template": template, "all_versions": _versions_of(template)}
        return render_to_string("admin/chatbot/prompt_versions.html", context)

    @action(  # type: ignore[untyped-decorator]  # unfold ships no types
        description=gettext_lazy("New version"),
        url_path="new-version",
        icon="add",
        permissions=["new_version"],
        variant=ActionVariant.PRIMARY,
    )
    def new_version(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return redirect(f"{reverse('admin:chatbot_promptversion_add')}?template={int(object_id)}")


def _versions_of(template: PromptTemplate) -> str:
    return f"{reverse('admin:chatbot_promptversion_changelist')}?template__id__exact={template.pk}"


@admin.register(PromptVersion)
class PromptVersionAdmin(ModelAdmin):  # type: ignore[misc]  # unfold ships no types
    """A version is written once and never changed or deleted; one of a template's versions is live."""

    form = PromptVersionForm
    list_display = ("name", "live", "note", "author", "created_at")
    list_select_related = ("template", "author")
    list_filter = (("template", RelatedDropdownFilter),)
    list_filter_submit = True
    show_full_result_count = False
    search_fields = ("note", "system_text", "user_text")
    search_help_text = gettext_lazy("Note or text")
    fields = ("template", "system_text", "user_text", "model", "temperature", "max_tokens", "note")
    actions = ("make_selected_live",)
    actions_detail = ("publish",)
    warn_unsaved_form = True

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_publish_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may_publish(request)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return self.fields if obj is None else _READ_FIELDS

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return () if obj is None else self.get_fields(request, obj)

    @admin.display(description=gettext_lazy("how it does"))
    def how_it_does(self, version: PromptVersion) -> SafeString:
        return results_table(version)

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """A version that is live already cannot be made so."""
        live = PromptTemplate.objects.filter(live_version=object_id).exists()
        return [] if live else super().get_actions_detail(request, object_id)

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Starts from the live texts of ``?template=``; the first template when none is asked for."""
        if not _chosen_template(request).exists() and self.has_add_permission(request):
            first = PromptTemplate.objects.order_by("pk").first()
            if first is None:
                self.message_user(request, _("There is no template yet: run “manage.py load_prompts”."), messages.ERROR)
                return redirect("admin:chatbot_prompttemplate_changelist")
            return redirect(f"{request.path}?template={first.pk}")
        context = {"show_save_and_add_another": False, "show_save_and_continue": False, **(extra_context or {})}
        response: HttpResponse = super().add_view(request, form_url, context)
        return response

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        live = PromptVersion.objects.filter(pk__in=PromptTemplate.objects.values("live_version"))
        start = live.filter(template__in=_chosen_template(request)).first()
        names = ("system_text", "user_text", "model", "temperature", "max_tokens")
        texts = {name: getattr(start, name) for name in names} if start else {}
        return {**super().get_changeform_initial_data(request), **texts}

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        if "template" in form.base_fields:
            chosen = _chosen_template(request)
            field = form.base_fields["template"]
            field.queryset, field.empty_label = chosen, None
            for permission in ("can_add_related", "can_change_related", "can_delete_related", "can_view_related"):
                setattr(field.widget, permission, False)
            contract = TEMPLATES.get(chosen[0].key) if chosen else None
            field.help_text = render_to_string("admin/chatbot/prompt_variables.html", {"contract": contract})
        return form

    def save_form(self, request: Any, form: Any, change: bool) -> PromptVersion:
        """The version is made where all versions are made; the form has checked its texts already."""
        return create_version(author=request.user, **form.cleaned_data)

    def save_model(self, request: HttpRequest, obj: PromptVersion, form: Any, change: bool) -> None:
        """It is saved already."""

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """It has no relations to save."""

    def response_add(self, request: HttpRequest, obj: PromptVersion, post_url_continue: Any = None) -> HttpResponse:
        message = _("%(version)s was made. It is not live yet: read it once more, then make it live.")
        self.message_user(request, message % {"version": obj}, messages.SUCCESS)
        return redirect("admin:chatbot_promptversion_change", obj.pk)

    @admin.display(description=gettext_lazy("version"), ordering="number")
    def name(self, version: PromptVersion) -> str:
        return str(version)

    @admin.display(description=gettext_lazy("live"))
    def live(self, version: PromptVersion) -> SafeString | str:
        return badge(_("live"), "success") if version.template.live_version_id == version.pk else "–"

    @admin.display(description=gettext_lazy("texts"))
    def full_texts(self, version: PromptVersion) -> SafeString:
        texts = {"system_text": version.system_text, "user_text": version.user_text}
        return render_to_string("admin/chatbot/prompt_texts.html", texts)

    @admin.action(description=gettext_lazy("Make the selected version live"), permissions=["publish"])
    def make_selected_live(self, request: HttpRequest, queryset: QuerySet[PromptVersion]) -> None:
        chosen = list(queryset.select_related("template")[:2])
        if len(chosen) != 1:
            self.message_user(request, _("Select exactly one version to make it live."), messages.ERROR)
            return
        self._publish(request, chosen[0])

    @action(  # type: ignore[untyped-decorator]  # unfold ships no types
        description=gettext_lazy("Make live"),
        url_path="publish",
        icon="publish",
        permissions=["publish"],
        variant=ActionVariant.PRIMARY,
        dialog={
            "title": gettext_lazy("Make this version live?"),
            "description": gettext_lazy(
                "The next recommendation is written with it; those being written now end as they began."
            ),
            "form_class": None,
            "form_submit_text": gettext_lazy("Make live"),
        },
    )
    def publish(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        self._publish(request, get_object_or_404(PromptVersion.objects.select_related("template"), pk=object_id))
        return HttpResponse(headers={"HX-Redirect": reverse("admin:chatbot_promptversion_change", args=[object_id])})

    def _publish(self, request: HttpRequest, version: PromptVersion) -> None:
        make_live(version)
        self.log_change(request, version.template, _("Made %(version)s live.") % {"version": version})
        self.message_user(request, _("%(version)s is live now.") % {"version": version}, messages.SUCCESS)


def _chosen_template(request: HttpRequest) -> QuerySet[PromptTemplate]:
    """The template that a new version is written for, as the address or the form says it; else nothing."""
    text = request.GET.get("template") or request.POST.get("template") or ""
    return PromptTemplate.objects.filter(pk=int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else 0)
