"""Prompt templates in the admin: the list, and the URLs of the studio's pages and endpoints."""

from dataclasses import asdict
from inspect import iscoroutinefunction
from operator import attrgetter
from typing import Any

from asgiref.sync import sync_to_async
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from challenges.admin.lists import column
from chatbot.admin.columns import ReadOnlyAdmin, badge, count_of, moment
from chatbot.admin.studio import endpoints, pages
from chatbot.admin.studio.protocol import SignedOut, View, in_envelope, signed_in
from chatbot.admin.studio.trials import version_of
from chatbot.admin.studio.versions import log_release
from chatbot.admin.studio.wording import refusal_text
from chatbot.models import PromptTemplate, PromptVersion
from chatbot.prompts.content import clean_text
from chatbot.prompts.contracts import TEMPLATES
from chatbot.prompts.files import export_template
from chatbot.prompts.releases import InvalidPrompt, NotReleased, roll_back

READ, EDIT, PUBLISH = "view_prompttemplate", "change_promptdraft", "publish_prompt"


@admin.register(PromptTemplate)
class PromptTemplateAdmin(ReadOnlyAdmin):
    """Templates are defined in code, so they cannot be added or deleted here. People edit the draft of a template."""

    list_display = ("key", "live", "note", "made_by", "made_at", "version_count")
    list_select_related = ("live_version__template", "live_version__author")

    live = column(_("live version"), lambda row: row.live_version or badge(_("none"), "danger"))
    note = column(_("note"), lambda row: row.live_version.note if row.live_version else "")
    made_by = column(_("author"), lambda row: row.live_version.author or "–" if row.live_version else "")
    made_at = column(_("created"), lambda row: moment(row.live_version.created_at) if row.live_version else "–")
    version_count = column(_("versions"), attrgetter("number_of_versions"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[PromptTemplate]:
        queryset: QuerySet[PromptTemplate] = super().get_queryset(request)
        queryset = queryset.select_related(*self.list_select_related)
        return queryset.annotate(number_of_versions=count_of(PromptVersion, "template"))

    def get_urls(self) -> list[URLPattern]:
        scripts: list[tuple[str, str, View, str, View]] = [
            ("draft/", "save", endpoints.update_draft, EDIT, require_POST),
            ("preview/", "preview", endpoints.show_preview, READ, require_POST),
            ("trials/", "trials", endpoints.start_trials, EDIT, require_POST),
            ("trials/<uuid:generation_id>/", "trial", endpoints.show_trial, READ, require_GET),
            ("trials/<uuid:generation_id>/events/", "trial_events", endpoints.trial_events, READ, require_GET),
            ("checks/", "checks", endpoints.start_check, EDIT, require_POST),
            ("checks/<int:check_id>/", "check", endpoints.show_check, READ, require_GET),
            ("checks/<int:check_id>/stop/", "check_stop", endpoints.stop_check, EDIT, require_POST),
            ("publish/", "publish", endpoints.publish_draft, EDIT, require_POST),
        ]
        shown = {"change": pages.overview, "editor": pages.editor, "compare": pages.compare, "impact": pages.impact}
        admin_view = self.admin_site.admin_view
        views = [
            *((f"{name}/", name, admin_view(require_GET(self._page(page)))) for name, page in shown.items()),
            ("export/", "export", admin_view(require_GET(self._for(_export, READ)))),
            ("roll-back/", "roll_back", admin_view(require_POST(self._for(self._roll_back, PUBLISH)))),
            *((end, name, method(self._script(view, right))) for end, name, view, right, method in scripts),
        ]
        prefix = "chatbot_prompttemplate"
        own = [path(f"<int:template_id>/{end}", view, name=f"{prefix}_{name}") for end, name, view in views]
        return [*own, *super().get_urls()]

    def _find(self, request: HttpRequest, template_id: int, right: str) -> PromptTemplate:
        """The template with this id. Raises PermissionDenied, Http404."""
        if not request.user.has_perm(f"chatbot.{right}"):
            raise PermissionDenied
        return get_object_or_404(PromptTemplate.objects.select_related("live_version__template"), pk=template_id)

    def _for(self, view: View, right: str) -> View:
        def found(request: HttpRequest, template_id: int, **rest: Any) -> Any:
            return view(request, self._find(request, template_id, right), **rest)

        return found

    def _script(self, view: View, right: str) -> View:
        """Makes a view for scripts: a signed-out person gets an error in the envelope, not the login page."""

        def enter(request: HttpRequest, template_id: int) -> PromptTemplate:
            if not self.admin_site.has_permission(request):
                raise SignedOut
            template = self._find(request, template_id, right)
            if template.key not in TEMPLATES:  # no code uses the template any more: it can only be read
                raise Http404(template.key)
            return template

        async def script(request: HttpRequest, template_id: int, **rest: Any) -> Any:
            template = await sync_to_async(enter)(request, template_id)
            return await (view if iscoroutinefunction(view) else sync_to_async(view))(request, template, **rest)

        answered: View = never_cache(in_envelope(script))
        return answered

    def _page(self, page: View) -> View:
        def shown(request: HttpRequest, template: PromptTemplate) -> HttpResponse:
            rights = pages.Rights(*(request.user.has_perm(f"chatbot.{right}") for right in (EDIT, PUBLISH)))
            found = page(request, template, rights)
            if isinstance(found, HttpResponse):
                return found
            request.current_app = self.admin_site.name
            base = {**self.admin_site.each_context(request), "title": template.key, "opts": self.opts}
            context = {**base, "template": template, **asdict(rights), **found}
            return TemplateResponse(request, f"admin/chatbot/studio/{page.__name__}.html", context)

        return self._for(shown, READ)

    def _roll_back(self, request: HttpRequest, template: PromptTemplate) -> HttpResponse:
        """Makes the version with the posted number live again."""
        version = version_of(template, request.POST.get("version", ""))
        why = clean_text(request.POST.get("why", "")).strip() or _("Rolled back from %(version)s.") % {
            "version": template.live_version
        }
        try:
            release = roll_back(version=version, by=signed_in(request), why=why)
        except (InvalidPrompt, NotReleased) as refusal:
            self.message_user(request, refusal_text(refusal), messages.ERROR)
        else:
            log_release(release, signed_in(request))
            words = _("%(version)s is live again: the next recommendation is written with it.")
            self.message_user(request, words % {"version": version}, messages.SUCCESS)
        return redirect("admin:chatbot_prompttemplate_change", template.pk)


def _export(request: HttpRequest, template: PromptTemplate) -> HttpResponse:
    """Downloads the live version as a file for ``manage.py prompts import``."""
    if template.live_version is None:
        raise Http404(template.key)
    headers = {"Content-Disposition": f'attachment; filename="{template.key}.toml"'}
    return HttpResponse(export_template(template), content_type="application/toml; charset=utf-8", headers=headers)
