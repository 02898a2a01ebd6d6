"""Trials: one generation through the same code as a real request, without a session."""

import asyncio
import uuid
from dataclasses import replace

from asgiref.sync import sync_to_async

from challenges.catalog import Options, Selection, options
from chatbot.dialogue import free_text
from chatbot.dialogue.base_info import job_for
from chatbot.dialogue.free_text import FreeTextRequest
from chatbot.dialogue.prompt_values import WITHOUT_MODEL
from chatbot.errors import ApplicationError, InvalidFields
from chatbot.events.log import event_log
from chatbot.generation.job import Job
from chatbot.generation.local import LocalGeneration
from chatbot.models import Purpose
from chatbot.prompts.content import Prompt
from chatbot.prompts.contracts import TEMPLATES
from chatbot.runtime import runtime
from chatbot.service import Stream

PLAIN_MESSAGE = "챌린지 추천해 줘"
"""The message of a trial that was started without one."""


class UnusablePrompt(ApplicationError):
    """The prompt's content breaks its contract, so it is not sent to a model."""

    def __init__(self, name: str) -> None:
        super().__init__(422, f"{name}: 표시된 문제를 고친 뒤에 시험할 수 있습니다.")


def select(*, location: str, work_type: str, category: str) -> Selection:
    """The selection for three keys. Raises InvalidFields."""
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
    """Starts a generation that no other request joins. Like any other, it is abandoned when it has no subscribers.

    For a prompt that answers a message, the trial acts as in a session with the selection and one answer. Then the
    person sends ``message`` (PLAIN_MESSAGE if it is blank). Two trials with the same ``seed`` make the same random
    choices. Raises ApplicationError.
    """
    require_usable(prompt)
    generation = runtime().registry.start(await _job(prompt, selection, message, seed=seed, purpose=purpose))
    await asyncio.shield(generation.started)
    return generation


async def foresee(prompt: Prompt, selection: Selection, message: str = "") -> Job:
    """The job that ``start`` would run. The prompt may have problems. Raises ApplicationError."""
    usable = replace(prompt, content=replace(prompt.content, model="", temperature=None, max_tokens=None))
    return await _job(usable, selection, message, seed=0, purpose=Purpose.TRIAL)


async def _job(prompt: Prompt, selection: Selection, message: str, *, seed: int, purpose: Purpose) -> Job:
    if TEMPLATES[prompt.template_key].answers_a_message:
        said = FreeTextRequest(message.strip() or PLAIN_MESSAGE).checked().message or ""
        return await free_text.make_trial(
            prompt, selection, said, providers=runtime().providers, seed=seed, purpose=purpose
        )
    known: Options = await sync_to_async(options.get)()
    return job_for(prompt, selection, providers=runtime().providers, known=known, seed=seed, purpose=purpose)


def asks_no_model(job: Job) -> bool:
    """Whether the message is answered in fixed words, without a model and its prompt."""
    return job.note.intent in WITHOUT_MODEL


async def finish(generation: LocalGeneration) -> None:
    """Waits until the generation has ended. It counts as a subscriber until then."""
    with generation.subscribed():
        await generation.ended.wait()


async def open_stream(generation_id: uuid.UUID, after: int) -> Stream | None:
    """A stream of the trial's events after number ``after``; None when no more events will come."""
    generation = await runtime().find(generation_id, after)
    state = event_log.state(generation_id)
    if generation is None or state is None or (state.ended and after >= state.last):
        return None
    return Stream(generation, after=after)
