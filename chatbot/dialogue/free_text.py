"""Validates messages of clients, and creates their jobs.

It reads the session's memory. Then ``plan_reply`` decides about the answer.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

from asgiref.sync import sync_to_async

from challenges import revisions
from challenges.catalog import Options, Selection, options
from chatbot.dialogue.base_info import live_prompt
from chatbot.dialogue.message import checked_message
from chatbot.dialogue.plan import plan_reply
from chatbot.dialogue.sample_session import opened
from chatbot.generation.job import Job, Key
from chatbot.models import Purpose
from chatbot.nlu.analyser_manager import TimeBudget, analyser_for, rough_analyser
from chatbot.nlu.analyser_process import AnalyserGone
from chatbot.nlu.intents.understanding import TurnInput
from chatbot.nlu.morphemes import Topic
from chatbot.nlu.safety.word_lists import WordLists, word_lists
from chatbot.nlu.topics import described
from chatbot.prompts.content import Prompt
from chatbot.prompts.contracts import FREE_TEXT
from chatbot.providers.configured import Providers
from chatbot.sessions.memory import Memory
from chatbot.sessions.ownership import NO_PROOF, Proof, check_access
from chatbot.sessions.store import remembered, session_key


@dataclass(frozen=True, slots=True)
class FreeTextRequest:
    """A message that a client sent. The other fields are those of ``BaseInfoRequest``."""

    message: str | None
    session_id: str = ""
    proof: Proof = NO_PROOF
    server_made: bool = False

    def checked(self) -> Self:
        """The validated request. Its message is in NFC, without characters that cannot be stored.

        Raises FieldRequired, MessageLength, MalformedSessionId.
        """
        message = checked_message(self.message)
        session_id = session_key(self.session_id)
        return replace(
            self, message=message, session_id=session_id, server_made=self.server_made or not self.session_id
        )


def keys_of(request: FreeTextRequest) -> list[Key]:
    """The single-flight key of the message in its session. Other sessions do not join: the answer depends on the
    past."""
    return [("session", request.session_id, FREE_TEXT.key, request.message)]


async def make_job(request: FreeTextRequest, providers: Providers) -> Job:
    """Creates the job for a checked request. Raises NotOwner, and ApplicationError when there are no active options."""
    recalled = await sync_to_async(_recall)(request.session_id)
    access = check_access(recalled.memory.ownership, request.proof, request.session_id, server_made=request.server_made)
    seed = secrets.randbits(31)
    job = await _plan(request.message or "", recalled, providers, seed=seed, purpose=Purpose.PUBLIC)
    return replace(job, keys=keys_of(request), access=access)


async def make_trial(
    prompt: Prompt, selection: Selection, message: str, *, providers: Providers, seed: int, purpose: Purpose
) -> Job:
    """Creates the job for a message in a sample session with this selection and one answer."""
    recalled = await sync_to_async(_recall_sample)(prompt, selection)
    return await _plan(message, recalled, providers, seed=seed, purpose=purpose)


@dataclass(frozen=True, slots=True)
class _Recalled:
    """The data for a message from the database. ``current`` are its revisions."""

    current: dict[str, str]
    known: Options
    words: WordLists
    texts: Sequence[Topic]
    prompt: Prompt
    memory: Memory


def _recall(session_id: str) -> _Recalled:
    current = dict(revisions.read())
    memory = remembered([session_id])[session_id]
    return _Recalled(current, *_read(current), live_prompt(FREE_TEXT.key, current), memory)


def _recall_sample(prompt: Prompt, selection: Selection) -> _Recalled:
    current = dict(revisions.read())
    return _Recalled(current, *_read(current), prompt, opened(selection))


def _read(current: dict[str, str]) -> tuple[Options, WordLists, Sequence[Topic]]:
    return options.get(current), word_lists.get(current), described.get(current)


async def _plan(message: str, recalled: _Recalled, providers: Providers, *, seed: int, purpose: Purpose) -> Job:
    """Plans the reply. Uses the rough analyser when the analyser does not answer in time."""
    budget = TimeBudget()
    turn = TurnInput(
        message=message,
        memory=recalled.memory,
        options=recalled.known,
        words=recalled.words,
        analyser=await analyser_for(recalled.known, budget, recalled.texts),
        budget=budget,
        revisions=recalled.current,
        seed=seed,
    )
    try:
        return await plan_reply(turn, recalled.prompt, providers, purpose=purpose)
    except AnalyserGone:
        turn = replace(turn, analyser=rough_analyser(recalled.known))
        return await plan_reply(turn, recalled.prompt, providers, purpose=purpose)
