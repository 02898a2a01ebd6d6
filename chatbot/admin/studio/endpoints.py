"""Endpoints for the studio's scripts: saving the draft, trials, checks, publishing. Responses have the envelope.

Views that start or follow background work are coroutines on the server's event loop. Work that ``async_to_sync`` starts
would need the thread of a request that has already ended.
"""

import secrets
import uuid
from typing import Any

from asgiref.sync import sync_to_async
from django.contrib import messages
from django.contrib.auth.models import User
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _

from challenges.catalog import Selection
from chatbot.admin.labels import OPTIONS
from chatbot.admin.studio.protocol import BadRequest, number_in, read_body, respond, signed_in, text_in, whole_in
from chatbot.admin.studio.state import check_progress, conflict, draft_state, preview
from chatbot.admin.studio.trials import message_in, side, side_label, trial_report, understood
from chatbot.admin.studio.versions import log_release
from chatbot.admin.studio.wording import refusal_text
from chatbot.errors import ApplicationError
from chatbot.evaluation import checks, trial
from chatbot.events.subscription import cursor_of, stream_response
from chatbot.models import Generation, PromptCheck, PromptTemplate, Purpose
from chatbot.prompts.content import Prompt, PromptContent, clean_text
from chatbot.prompts.drafts import DraftConflict, DraftTooLong, draft_of, save_draft
from chatbot.prompts.releases import InvalidPrompt, NotReleased, publish
from chatbot.providers.configured import provider_names


async def update_draft(request: HttpRequest, template: PromptTemplate) -> HttpResponse:
    """Replaces the draft if it has the script's revision. Otherwise 409 with the other editor's text."""
    body = read_body(request)
    if body.get("user", request.user.pk) != request.user.pk:
        raise BadRequest(401, _("Another person is signed in now, so nothing was saved. Sign in again."))
    content = _content(body)
    try:
        shown = await _preview(body, template, content)
    except BadRequest:
        raise
    except ApplicationError:  # an invalid selection or message must not prevent saving the text
        shown = None
    revision, by = whole_in(body, "revision"), signed_in(request)
    try:
        draft = await sync_to_async(save_draft)(template=template, revision=revision, content=content, by=by)
    except DraftConflict as other:
        message = _("The draft has changed in the meantime.")
        return respond(await sync_to_async(conflict)(other.draft, content), status=409, message=message)
    except DraftTooLong as error:
        words = _("This is too long to be saved: %(length)s characters, %(limit)s at most. Shorten it first.")
        values = {"length": f"{error.length:,}", "limit": f"{error.limit:,}"}
        raise BadRequest(422, words % values) from None
    return respond({**await sync_to_async(draft_state)(template, draft), "preview": shown})


async def show_preview(request: HttpRequest, template: PromptTemplate) -> HttpResponse:
    """The rendered prompt for a selection, and the state of the draft. The draft is not saved."""
    body = read_body(request)
    draft = await sync_to_async(draft_of)(template)
    shown = await _preview(body, template, PromptContent.of(draft))
    return respond({**await sync_to_async(draft_state)(template, draft), "preview": shown})


async def start_trials(request: HttpRequest, template: PromptTemplate) -> HttpResponse:
    """Starts a generation for each side, with the same selection, message and seed."""
    body = read_body(request)
    places = ("left", "right")
    names = [text_in(body, place) for place in places]
    message = message_in(body, template)
    selection = await _select(body)
    prompts = [await sync_to_async(side)(template, name) for name in names]
    for prompt in prompts:
        trial.require_usable(prompt)
    await sync_to_async(_count_trial)(signed_in(request))
    seed = secrets.randbits(31)
    begun = [await trial.start(prompt, selection, seed=seed, message=message) for prompt in prompts]
    sides = {
        place: {
            "id": str(generation.id),
            "label": side_label(template, name, prompt),
            "events": reverse("admin:chatbot_prompttemplate_trial_events", args=[template.pk, generation.id]),
            "report": reverse("admin:chatbot_prompttemplate_trial", args=[template.pk, generation.id]),
            "stop": f"/api/chatbot/generations/{generation.id}/stop",
        }
        for place, name, prompt, generation in zip(places, names, prompts, begun, strict=True)
    }
    return respond({**sides, "understood": await sync_to_async(understood)(begun[0].job)})


TRIALS_PER_MINUTE = 10
"""Of one person. Each trial is two calls of a model, which cost money and take the slots of people's answers."""


def _count_trial(by: User) -> None:
    """Raises BadRequest when the person has had their trials of this minute."""
    key = f"studio-trials:{by.pk}"
    cache.add(key, 0, timeout=60)  # from the first trial on
    try:
        count = cache.incr(key)
    except ValueError:  # it has just expired, or the cache is gone: nobody is refused for that
        return
    if (count or 0) > TRIALS_PER_MINUTE:
        words = _("That was %(limit)s trials within a minute. Wait a moment before the next one.")
        raise BadRequest(429, words % {"limit": TRIALS_PER_MINUTE})


async def trial_events(request: HttpRequest, template: PromptTemplate, generation_id: uuid.UUID) -> HttpResponseBase:
    """The events of a trial, in the same format as for clients."""
    trials = Generation.objects.only("pk")
    await sync_to_async(get_object_or_404)(trials, pk=generation_id, purpose=Purpose.TRIAL)
    cursor = cursor_of(request)
    stream = await trial.open_stream(generation_id, cursor.number if cursor else 0)
    if stream is None:
        return HttpResponse(status=204)  # stops the browser from reconnecting
    return stream_response(stream.subscriptions())


def show_trial(request: HttpRequest, template: PromptTemplate, generation_id: uuid.UUID) -> HttpResponse:
    """The report of a trial."""
    return respond(trial_report(get_object_or_404(Generation, pk=generation_id, purpose=Purpose.TRIAL)))


async def start_check(request: HttpRequest, template: PromptTemplate) -> HttpResponse:
    """Starts a check of the draft at the script's revision, or joins the running one."""
    draft = await sync_to_async(draft_of)(template)
    if draft.revision != whole_in(read_body(request), "revision"):
        raise _draft_changed()
    check = await checks.start(template, PromptContent.of(draft), signed_in(request))
    return respond(await sync_to_async(check_progress)(template, check))


def show_check(request: HttpRequest, template: PromptTemplate, check_id: int) -> HttpResponse:
    return respond(check_progress(template, _check(template, check_id)))


def stop_check(request: HttpRequest, template: PromptTemplate, check_id: int) -> HttpResponse:
    checks.stop(_check(template, check_id).pk)
    return respond(check_progress(template, _check(template, check_id)))


def publish_draft(request: HttpRequest, template: PromptTemplate) -> HttpResponse:
    """Publishes the draft at the script's revision, with a passed check or with a superuser's reason."""
    body = read_body(request)
    content = PromptContent.of(draft_of(template))
    override = text_in(body, "override", "")
    try:
        release = publish(
            template=template,
            revision=whole_in(body, "revision"),
            note=clean_text(text_in(body, "note"))[:200],
            by=signed_in(request),
            providers=provider_names(model=content.model),
            override=clean_text(override) or None,  # white space is a missing reason, not a request for the check
        )
    except DraftConflict:
        raise _draft_changed() from None
    except (InvalidPrompt, NotReleased) as refusal:
        status = 403 if isinstance(refusal, NotReleased) and refusal.code == "forbidden" else 422
        raise BadRequest(status, refusal_text(refusal)) from None
    log_release(release, signed_in(request))
    words = _("%(version)s is live: the next recommendation is written with it.") % {"version": release.version}
    messages.success(request, words)
    return respond({"page": reverse("admin:chatbot_prompttemplate_change", args=[template.pk])}, message=words)


def _draft_changed() -> BadRequest:
    return BadRequest(409, _("The draft has changed in the meantime. Load the page again."))


def _check(template: PromptTemplate, check_id: int) -> PromptCheck:
    return get_object_or_404(PromptCheck.objects.select_related("started_by"), pk=check_id, template=template)


def _content(body: dict[str, Any]) -> PromptContent:
    max_tokens, temperature = number_in(body, "max_tokens"), number_in(body, "temperature")
    if max_tokens is not None and int(max_tokens) != max_tokens:
        raise BadRequest(422, _("%(name)s must be a whole number.") % {"name": "max_tokens"})
    if max_tokens is not None and max_tokens < 0:
        raise BadRequest(422, _("%(name)s must not be negative.") % {"name": "max_tokens"})
    return PromptContent(
        clean_text(text_in(body, "system_text")),
        clean_text(text_in(body, "user_text")),
        clean_text(text_in(body, "model", ""))[:100],
        None if temperature is None else float(temperature),
        None if max_tokens is None else int(max_tokens),
    )


async def _select(body: dict[str, Any]) -> Selection:
    """The selection of the request. Raises ApplicationError."""
    return await sync_to_async(trial.select)(**{kind: text_in(body, kind) for kind in OPTIONS})


async def _preview(body: dict[str, Any], template: PromptTemplate, content: PromptContent) -> dict[str, Any] | None:
    """The rendered prompt for the request's selection; None without a selection. Raises ApplicationError.

    A coroutine, because the first message of a process waits seconds for the analyser.
    """
    if not all(body.get(kind) for kind in OPTIONS):
        return None
    prompt = Prompt.of_draft(template, content)
    job = await trial.foresee(prompt, await _select(body), message_in(body, template))
    return {**preview(content, job), "understood": await sync_to_async(understood)(job)}
