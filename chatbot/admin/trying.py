"""The form for trying a message: it shows what the bot would understand with the present words and names."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from asgiref.sync import sync_to_async
from django import forms
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from challenges import revisions
from challenges.catalog import Options, options
from challenges.forms import NormalizedField
from challenges.models import Challenge
from chatbot.admin.columns import kind_badge
from chatbot.admin.labels import active_labels, facet_label, label, reason_text
from chatbot.answers.rules import CHALLENGES, RECOMMENDATION
from chatbot.dialogue.message import LONGEST_MESSAGE
from chatbot.dialogue.plan import KINDS
from chatbot.dialogue.sample_session import with_challenges
from chatbot.nlu.analyser_manager import TimeBudget, analyser_for, rough_analyser
from chatbot.nlu.analyser_process import AnalyserGone
from chatbot.nlu.intents.understand import understand
from chatbot.nlu.intents.understanding import TurnInput, Understanding
from chatbot.nlu.safety.word_lists import WordLists, word_lists
from chatbot.sessions.memory import Memory


class TryForm(forms.Form):
    """A message, and the category of the conversation so far."""

    message = NormalizedField(
        label=gettext_lazy("Message"),
        max_length=LONGEST_MESSAGE,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
    )
    category = forms.ChoiceField(
        label=gettext_lazy("Talked about so far"), required=False, widget=UnfoldAdminSelectWidget
    )

    def __init__(self, known: Options, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(data, auto_id="try-%s")
        picked = [(key, choice.label) for key, choice in known.categories.items()]
        self.fields["category"].choices = [("", _("nothing yet")), *picked]  # type: ignore[attr-defined]
        self.fields["message"].widget.attrs["placeholder"] = _("For example: 비건 말고 더 쉬운 거 없어?")


def trying_view(model_admin: Any) -> Callable[..., Any]:
    """The view of the form. A script gets a part of the page; a browser without scripts gets the whole page.

    It is a coroutine, so that it blocks no thread while the first message loads the analyser, which takes seconds.
    """

    @never_cache
    @require_GET
    async def view(request: HttpRequest) -> HttpResponseBase:
        opened = await sync_to_async(_open)(model_admin, request)
        if isinstance(opened, HttpResponse):
            return opened
        form, context, memory, known, words = opened
        if form.is_valid():
            understanding = await _understood(form.cleaned_data["message"], memory, known, words)
            context["tried"] = _tried(understanding, memory, known)
        part = request.headers.get("HX-Request") == "true"
        name = "tried.html" if part else "trying_page.html"
        return TemplateResponse(request, f"admin/chatbot/{name}", context)

    return view


def _open(
    model_admin: Any, request: HttpRequest
) -> HttpResponse | tuple[TryForm, dict[str, Any], Memory, Options, WordLists]:
    """The form, the context of the page, and the data for understanding the message.

    For a signed-out person, a response that leads to the login. Raises PermissionDenied.
    """
    site = model_admin.admin_site
    if not site.has_permission(request):
        if request.headers.get("HX-Request"):
            return HttpResponse(headers={"HX-Refresh": "true"})  # loading the page again leads to the login
        return redirect_to_login(request.get_full_path(), reverse("admin:login"))
    if not model_admin.has_view_permission(request):
        raise PermissionDenied
    current = revisions.read()
    known = options.get(current)
    form = TryForm(known, request.GET)
    category = form.cleaned_data["category"] if form.is_valid() else ""
    request.current_app = site.name
    context = {**site.each_context(request), "title": _("Try a message"), "opts": model_admin.opts, "trying": form}
    rows = Challenge.objects.filter(active=True, category__key=category).select_related("category").order_by("pk")
    memory = with_challenges(rows[:CHALLENGES], category=category)
    return form, context, memory, known, word_lists.get(current)


async def _understood(message: str, memory: Memory, known: Options, words: WordLists) -> Understanding:
    budget = TimeBudget()
    analyser = await analyser_for(known, budget)
    turn = TurnInput(message, memory, known, words, analyser)
    try:
        return await budget.run(analyser, understand, turn)
    except AnalyserGone:
        rough = rough_analyser(known)
        return await budget.run(rough, understand, replace(turn, analyser=rough))


def _tried(understanding: Understanding, memory: Memory, known: Options) -> dict[str, Any]:
    """The understanding for the page: the intent, the kind of the answer, other facts with labels, and the reasons."""
    named = active_labels(known)
    number, shown = understanding.number, memory.shown
    facts = [
        (_("category"), label(named, "category", understanding.category)),
        (_("not wanted"), ", ".join(sorted(label(named, "category", key) for key in understanding.avoid))),
        (_("location"), label(named, "location", understanding.location)),
        (_("work type"), label(named, "work_type", understanding.work_type)),
        (_("how it should be"), ", ".join(map(facet_label, understanding.facets))),
        (_("challenge"), shown[number].title if number is not None and 0 <= number < len(shown) else ""),
        (_("looked up by"), ", ".join(understanding.topic)),
    ]
    return {
        "intent": capfirst(str(understanding.intent.label)),
        "kind": kind_badge({"kind": KINDS.get(understanding.intent, RECOMMENDATION)}),
        "facts": [(name, value) for name, value in facts if value],
        "reasons": [reason_text(reason, named) for reason in understanding.reasons],
    }
