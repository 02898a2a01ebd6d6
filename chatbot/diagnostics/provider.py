"""Checks whether the configured providers can write an answer that keeps the contract."""

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import asdict

from asgiref.sync import async_to_sync
from django.core import checks

from challenges.catalog import Options, Selection, options
from chatbot.answers.composer import Composer
from chatbot.answers.rules import broken_rules
from chatbot.diagnostics.deployment import check_models
from chatbot.diagnostics.findings import found
from chatbot.dialogue.base_info import job_for
from chatbot.prompts.content import Prompt, live_prompts
from chatbot.prompts.contracts import BASE_INFO
from chatbot.providers.base import Provider, ProviderError, ProviderRequest
from chatbot.providers.configured import Providers

SEED = 1


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
        return found("provider.fails", name=provider.name, reason=error)
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
