"""A message, as a client sends it, becomes a job: the session is recalled, then ``plan_reply`` decides how the message
is answered."""

import secrets
import unicodedata
from dataclasses import dataclass, replace
from typing import Self

from asgiref.sync import sync_to_async

from challenges import revisions
from challenges.catalog import Options, Selection, options
from challenges.text import nfc, storable
from chatbot.dialogue.base_info import live_prompt
from chatbot.dialogue.plan import plan_reply
from chatbot.dialogue.sample_session import opened
from chatbot.errors import FieldRequired, MessageLength
from chatbot.generation.job import Job, Key
from chatbot.models import Purpose
from chatbot.nlu.analyser_manager import TimeBudget, analyser_for, rough_analyser
from chatbot.nlu.analyser_process import AnalyserGone
from chatbot.nlu.intents.understanding import TurnInput
from chatbot.nlu.safety.word_lists import WordLists, word_lists
from chatbot.prompts.content import Prompt
from chatbot.prompts.contracts import FREE_TEXT
from chatbot.providers.configured import Providers
from chatbot.sessions.memory import Memory
from chatbot.sessions.ownership import NO_PROOF, Proof, enter
from chatbot.sessions.store import remembered, session_key

SHORTEST_MESSAGE, LONGEST_MESSAGE = 2, 500
"""Visible characters of a message at least, and characters at most, after NFC."""

_COMPOSED_FROM = 4  # code points that NFC composes to one at most: a longer text is refused before it is composed


@dataclass(frozen=True, slots=True)
class FreeTextRequest:
    """A message as the client sent it; the rest as in ``BaseInfoRequest``."""

    message: str | None
    session_id: str = ""
    proof: Proof = NO_PROOF
    server_made: bool = False

    def checked(self) -> Self:
        """The request, its message composed (NFC) and free of what cannot be stored. Raises FieldRequired,
        MessageLength, MalformedSessionId."""
        message = self.message or ""
        if not message.strip():
            raise FieldRequired("message")
        if len(message) <= _COMPOSED_FROM * LONGEST_MESSAGE:
            message = nfc(storable(message))
        visible = sum(unicodedata.category(character)[0] not in "ZCM" for character in message[: LONGEST_MESSAGE + 1])
        if visible < SHORTEST_MESSAGE or len(message) > LONGEST_MESSAGE:
            raise MessageLength(SHORTEST_MESSAGE, LONGEST_MESSAGE)
        session_id = session_key(self.session_id)
        return replace(
            self, message=message, session_id=session_id, server_made=self.server_made or not self.session_id
        )


def keys_of(request: FreeTextRequest) -> list[Key]:
    """The session's own key for the message. No other session joins: the answer depends on the session's past."""
    return [("session", request.session_id, FREE_TEXT.key, request.message)]


async def make_job(request: FreeTextRequest, providers: Providers) -> Job:
    """The job for a checked request. Raises NotOwner, and ApplicationError when nothing can be picked."""
    recalled = await sync_to_async(_recall)(request.session_id)
    entry = enter(recalled.memory.ownership, request.proof, request.session_id, server_made=request.server_made)
    seed = secrets.randbits(31)
    job = await _plan(request.message or "", recalled, providers, seed=seed, purpose=Purpose.PUBLIC)
    return replace(job, keys=keys_of(request), entry=entry)


async def make_trial(
    prompt: Prompt, selection: Selection, message: str, *, providers: Providers, seed: int, purpose: Purpose
) -> Job:
    """The job for a message in a sample session, which has picked the selection and was answered once."""
    recalled = await sync_to_async(_recall_sample)(prompt, selection)
    return await _plan(message, recalled, providers, seed=seed, purpose=purpose)


@dataclass(frozen=True, slots=True)
class _Recalled:
    """What was read from the database, and under which ``current`` revisions."""

    current: dict[str, str]
    known: Options
    words: WordLists
    prompt: Prompt
    memory: Memory


def _recall(session_id: str) -> _Recalled:
    current = dict(revisions.read())
    known, words = options.get(current), word_lists.get(current)
    return _Recalled(current, known, words, live_prompt(FREE_TEXT.key, current), remembered([session_id])[session_id])


def _recall_sample(prompt: Prompt, selection: Selection) -> _Recalled:
    current = dict(revisions.read())
    return _Recalled(current, options.get(current), word_lists.get(current), prompt, opened(selection))


async def _plan(message: str, recalled: _Recalled, providers: Providers, *, seed: int, purpose: Purpose) -> Job:
    """Understands the message roughly when the analyser does not answer in time."""
    budget = TimeBudget()
    turn = TurnInput(
        message=message,
        memory=recalled.memory,
        options=recalled.known,
        words=recalled.words,
        analyser=await analyser_for(recalled.known, budget),
        budget=budget,
        revisions=recalled.current,
        seed=seed,
    )
    try:
        return await plan_reply(turn, recalled.prompt, providers, purpose=purpose)
    except AnalyserGone:
        turn = replace(turn, analyser=rough_analyser(recalled.known))
        return await plan_reply(turn, recalled.prompt, providers, purpose=purpose)
