"""Checks whether the configured providers can write an answer that keeps the contract."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import asdict
from datetime import timedelta

from asgiref.sync import async_to_sync
from django.core import checks
from django.utils import timezone

from challenges.catalog import Options, Selection, options
from chatbot.answers.composer import Composer
from chatbot.answers.rules import broken_rules
from chatbot.diagnostics.deployment import check_models
from chatbot.diagnostics.findings import found
from chatbot.dialogue.base_info import job_for
from chatbot.models import Generation
from chatbot.prompts.content import Prompt, live_prompts
from chatbot.prompts.contracts import BASE_INFO
from chatbot.providers.base import Provider, ProviderError, ProviderRequest
from chatbot.providers.circuit import SKIPPED
from chatbot.providers.configured import Providers
from chatbot.providers.negotiation import Part, refusals

SEED = 1

LATELY = timedelta(minutes=15)
MOST_ROWS = 200
"""The maximum number of generations that are read."""


def check_providers(*, timeout: float) -> Iterator[checks.CheckMessage]:
    """Lets each configured provider write one answer. ``timeout`` is in seconds for each answer."""
    yield from check_models()
    known = options.get()
    if not (known.locations and known.work_types and known.categories):
        yield found("provider.no_options")
        return
    prompt = live_prompts.get().get(BASE_INFO.key)
    if prompt is None:
        yield found("provider.no_prompt")
        return
    for provider in Providers().configured():
        yield try_provider(provider, known=known, prompt=prompt, timeout=timeout)
        yield from _refusals(provider.name)
    yield from _skipped()


def _refusals(name: str) -> Iterator[checks.CheckMessage]:
    """The parts of the request that the provider refused, with its own message."""
    for refusal in refusals().get(name, ()):
        finding = "provider.refuses_schema" if refusal.part is Part.SCHEMA else "provider.refuses"
        yield found(finding, name=name, part=refusal.part, status=refusal.status, words=refusal.words)


def _skipped() -> Iterator[checks.CheckMessage]:
    """The models that the server skipped recently, from the rows of its generations."""
    rows = Generation.objects.filter(started_at__gte=timezone.now() - LATELY).order_by("-started_at")
    tried = [entries for entries in rows.values_list("tried", flat=True)[:MOST_ROWS] if entries]
    counts = Counter(entry["source"] for entries in tried for entry in entries if SKIPPED in entry.get("error", ""))
    for name, count in counts.items():
        yield found("provider.skipped", name=name, count=count, total=len(tried))


def try_provider(provider: Provider, *, known: Options, prompt: Prompt, timeout: float) -> checks.CheckMessage:
    """Lets the provider answer the first selection.

    The finding is an error if clients cannot get the answer, and a warning if the answer had to be repaired.
    """
    selection = Selection(
        *(next(iter(kind.values())) for kind in (known.locations, known.work_types, known.categories))
    )
    label = selection.category.label
    labels = {key: choice.label for key, choice in known.categories.items()}
    composer = Composer(category=selection.category.key, labels=labels)
    request = job_for(prompt, selection, providers=Providers(), known=known, seed=SEED)
    began = time.monotonic()
    try:
        text = async_to_sync(_write)(provider, request, composer, timeout)
    except ProviderError as error:
        reason = f"{error}: “{error.words}”" if error.words else str(error)
        return found("provider.fails", name=provider.name, reason=reason)
    except TimeoutError:
        return found("provider.slow", name=provider.name, timeout=timeout)
    seconds = time.monotonic() - began
    answer = composer.answer
    broken = broken_rules(answer.recommend, [asdict(challenge) for challenge in answer.challenges], label=label)
    if broken:
        return found("provider.unusable", name=provider.name, problems="; ".join(broken))
    repaired = _raw_problems(text, label)
    if repaired:
        return found("provider.repaired", name=provider.name, problems="; ".join(repaired))
    return found("provider.good", name=provider.name, seconds=seconds)


async def _write(provider: Provider, request: ProviderRequest, composer: Composer, timeout: float) -> str:
    """The whole text as the provider wrote it. Raises TimeoutError when the answer is not complete in time."""
    text = ""
    try:
        async with asyncio.timeout(timeout), aclosing(provider.stream(request)) as pieces:
            async for piece in pieces:
                text += piece
                composer.feed(piece)
            composer.finish()
    except TimeoutError:
        if not composer.complete:
            raise
    return text


def _raw_problems(text: str, label: str) -> list[str]:
    try:
        raw = json.loads(text)
    except ValueError:
        raw = None
    if not isinstance(raw, dict):
        return ["it is not plain JSON"]
    return broken_rules(raw.get("recommend"), raw.get("challenges"), label=label)
