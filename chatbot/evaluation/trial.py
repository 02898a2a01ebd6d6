"""Trying a prompt: one generation on the production path that belongs to nobody's conversation."""

import asyncio
import uuid
from dataclasses import replace
from functools import partial

from asgiref.sync import sync_to_async

from challenges.catalog import Options, Selection, options
from chatbot.cluster.remote_generations import RemoteGenerations, remote_generations
from chatbot.dialogue import free_text
from chatbot.dialogue.prompt_values import WITHOUT_MODEL
from chatbot.dialogue.requests import FreeTextRequest
from chatbot.errors import ApplicationError, InvalidFields
from chatbot.events.log import event_log
from chatbot.events.subscription import Subscription
from chatbot.generation.job import Job, commission
from chatbot.generation.local import LocalGeneration
from chatbot.generation.registry import GenerationRegistry, registry
from chatbot.models import Purpose
from chatbot.prompts.contracts import TEMPLATES
from chatbot.prompts.live import Prompt

PLAIN_MESSAGE = "챌린지 추천해 줘"
"""What is said when a prompt for messages is tried without one."""


class UnusablePrompt(ApplicationError):
    """The prompt's content breaks its contract, so it is not sent to a model."""

    def __init__(self, name: str) -> None:
        super().__init__(422, f"{name}: 표시된 문제를 고친 뒤에 시험할 수 있습니다.")


def select(*, location: str, work_type: str, category: str) -> Selection:
    """The selection meant by three keys. Raises InvalidFields."""
    known = options.get()
    try:
        return known.select(location=location, work_type=work_type, category=category)
    except ValueError as error:
        raise InvalidFields(list(getattr(error, "fields", []))) from None


def require_usable(prompt: Prompt) -> None:
    """Raises UnusablePrompt when the content breaks its contract."""
    contract = TEMPLATES.get(prompt.template_key)
    if contract is None or any(prompt.content.problems(contract)):
        raise UnusablePrompt(prompt.name)


async def start(
    prompt: Prompt, selection: Selection, *, seed: int, message: str = "", purpose: Purpose = Purpose.TRIAL
) -> LocalGeneration:
    """A running generation that nobody else joins, and that ends like any other when nobody listens to it.

    ``message`` is what a person says who has picked the selection and was given challenges, for prompts that answer
    one; a plain wish when it is blank. The same seed gives two trials the same chances. Raises ApplicationError.
    """
    require_usable(prompt)
    generation = LocalGeneration(await _order(prompt, selection, message, seed=seed, purpose=purpose))
    registry().start(generation, keys=())
    await asyncio.shield(generation.started)
    return generation


async def foresee(prompt: Prompt, selection: Selection, message: str = "") -> Job:
    """What ``start`` would do, for a prompt that may have problems. Raises ApplicationError."""
    usable = replace(prompt, content=replace(prompt.content, model="", temperature=None, max_tokens=None))
    return await _order(usable, selection, message, seed=0, purpose=Purpose.TRIAL)


async def _order(prompt: Prompt, selection: Selection, message: str, *, seed: int, purpose: Purpose) -> Job:
    if TEMPLATES[prompt.template_key].answers_a_message:
        said = FreeTextRequest(message.strip() or PLAIN_MESSAGE).checked().message or ""
        return await free_text.try_out(prompt, selection, said, seed=seed, purpose=purpose)
    known: Options = await sync_to_async(options.get)()
    return commission(prompt, selection, known=known, seed=seed, purpose=purpose)


def asks_no_model(ordered: Job) -> bool:
    """Whether the message is one that is answered in fixed words, whatever the prompt says."""
    return ordered.note.intent in WITHOUT_MODEL


async def finish(generation: LocalGeneration) -> None:
    """Listens to the generation until it has ended."""
    registry().attach(generation.id)
    try:
        await generation.ended.wait()
    finally:
        registry().detach(generation.id)


async def listen(generation_id: uuid.UUID, after: int) -> Subscription | None:
    """The trial's events behind number ``after``; None when nothing will come any more."""
    running, followers = registry().get(generation_id), remote_generations()
    owner: GenerationRegistry | RemoteGenerations = registry()
    followed = None
    if running is None and followers is not None:
        owner, followed = followers, await followers.find(generation_id, after)
    state = event_log.state(generation_id)
    if state is None or (state.ended and after >= state.last) or not (state.ended or running or followed):
        return None
    return Subscription(
        generation_id=generation_id,
        session_id="",
        opened=partial(owner.attach, generation_id),
        closed=partial(owner.detach, generation_id),
        stream_end=lambda: followed.stream_end("") if followed else None,
        after=after,
    )
