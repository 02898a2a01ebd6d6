"""A message becomes a commission: the session is recalled, the message answered as ``plan_reply`` decides."""

import secrets
from dataclasses import dataclass, replace

from asgiref.sync import sync_to_async

from challenges import revisions
from challenges.catalog import Options, Selection, options
from chatbot.dialogue.base_info import Prepared
from chatbot.dialogue.plan import plan_reply
from chatbot.dialogue.requests import FreeTextRequest
from chatbot.dialogue.sample_session import opened
from chatbot.generation.job import Job, live_prompt
from chatbot.generation.registry import Key
from chatbot.models import Purpose
from chatbot.nlu.analyser_manager import TimeBudget, analyser_for, rough_analyser
from chatbot.nlu.analyser_process import AnalyserGone
from chatbot.nlu.intents.understanding import TurnInput
from chatbot.nlu.safety.word_lists import WordLists, word_lists
from chatbot.prompts.contracts import FREE_TEXT
from chatbot.prompts.live import Prompt
from chatbot.sessions.memory import Memory
from chatbot.sessions.ownership import enter
from chatbot.sessions.store import remembered


def keys_of(request: FreeTextRequest, session_id: str) -> list[Key]:
    """The session's own key for the message. Nobody else joins: what is answered depends on the session's past."""
    return [("session", session_id, FREE_TEXT.key, request.message)]


async def prepare(request: FreeTextRequest, session_id: str) -> Prepared:
    """What a session's message leads to. Raises NotOwner, and ApplicationError when nothing can be written."""
    recalled = await sync_to_async(_recall)(session_id)
    known = recalled.memory.ownership
    entry = enter(known, request.proof, session_id, server_made=request.server_made or not request.session_id)
    ordered = await _commission(request.message or "", recalled, seed=secrets.randbits(31), purpose=Purpose.PUBLIC)
    return Prepared(keys_of(request, session_id), ordered, entry)


async def try_out(prompt: Prompt, selection: Selection, message: str, *, seed: int, purpose: Purpose) -> Job:
    """What a message leads to in a session that has picked the selection, was given challenges, and nothing else."""
    recalled = await sync_to_async(_recall_for)(prompt, selection)
    return await _commission(message, recalled, seed=seed, purpose=purpose)


@dataclass(frozen=True, slots=True)
class _Recalled:
    """What was read from the database, under which ``current`` revisions."""

    current: dict[str, str]
    known: Options
    words: WordLists
    prompt: Prompt
    memory: Memory


def _recall(session_id: str) -> _Recalled:
    current = dict(revisions.read())
    known, words = options.get(current), word_lists.get(current)
    return _Recalled(current, known, words, live_prompt(FREE_TEXT.key, current), remembered([session_id])[session_id])


def _recall_for(prompt: Prompt, selection: Selection) -> _Recalled:
    current = dict(revisions.read())
    return _Recalled(current, options.get(current), word_lists.get(current), prompt, opened(selection))


async def _commission(message: str, recalled: _Recalled, *, seed: int, purpose: Purpose) -> Job:
    """Goes on roughly when the analyser is not there in time."""
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
        return await plan_reply(turn, recalled.prompt, purpose=purpose)
    except AnalyserGone:
        turn = replace(turn, analyser=rough_analyser(recalled.known))
        return await plan_reply(turn, recalled.prompt, purpose=purpose)
