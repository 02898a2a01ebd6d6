"""Plans the reply to a message: the kind of the answer, the selection, the search results and the providers."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from asgiref.sync import sync_to_async
from django.conf import settings

from challenges.catalog import has_new
from chatbot.answers.rules import HELP, RECOMMENDATION, Challenge
from chatbot.dialogue import prompt_values
from chatbot.dialogue.base_info import labels_of, names_of, providers_for, values_for, variables_of
from chatbot.dialogue.next_selection import NextSelection, resolve_selection
from chatbot.dialogue.retrieval import Retrieved, answer_of, likely_category, retrieve, suiting
from chatbot.events.types import Notice
from chatbot.generation.job import Job
from chatbot.models import Intent, Purpose
from chatbot.nlu.hangul import HANGUL
from chatbot.nlu.intents.understand import understand
from chatbot.nlu.intents.understanding import TurnInput, Understanding
from chatbot.prompts.content import Prompt
from chatbot.prompts.contracts import TEMPLATES, output_format
from chatbot.providers.base import Provider, TemplateContext
from chatbot.providers.catalog import CatalogProvider
from chatbot.providers.configured import Providers
from chatbot.sessions.conversation import category_changed, labelled
from chatbot.sessions.memory import Memory, Note

KINDS: Mapping[str, str] = {
    Intent.EXPLAIN: "explanation",
    Intent.QUESTION: "explanation",
    Intent.GREETING: "smalltalk",
    Intent.THANKS: "smalltalk",
    Intent.ABUSE: "declined",
    Intent.DANGER: HELP,
}
"""The kind of the answer for each intent. Other intents get a recommendation."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """The plan for a turn. ``explained`` are the challenges to explain."""

    kind: str
    understanding: Understanding
    next: NextSelection
    explained: Sequence[Challenge]
    retrieved: Retrieved


async def plan_reply(turn: TurnInput, prompt: Prompt, providers: Providers, *, purpose: Purpose) -> Job:
    """Creates the job that answers the turn. Raises AnalyserGone, and ApplicationError if there are no active
    options."""
    understanding = await turn.budget.run(turn.analyser, understand, turn)
    answered = await answer_of(turn, understanding)
    if not answered.passage and understanding.otherwise is not None:
        understanding = understanding.otherwise
    is_fixed = understanding.intent in prompt_values.WITHOUT_MODEL
    ordered: list[Provider] = [CatalogProvider()] if is_fixed else providers_for(prompt, providers)
    plan = await _plan(turn, understanding, answered, by_model=ordered[0].hosted)
    variables = _variables(turn, plan)
    system_prompt, user_prompt = prompt.render(values_for(variables, output_format=output_format(plan.kind)))
    return Job(
        system_prompt=system_prompt,
        user_prompt=user_prompt,
        selection=plan.next.selection,
        given=turn.memory.given,
        seed=turn.seed,
        kind=plan.kind,
        template_context=_template_context(turn, plan),
        candidates=plan.retrieved.candidates,
        output_schema=TEMPLATES[prompt.template_key].output_schema,
        prompt=prompt,
        providers=ordered,
        labels=labels_of(turn.options),
        names=names_of(turn.options),
        variables=variables,
        purpose=purpose,
        note=_note(turn, plan),
        notices=_notices(plan.next, turn.memory) if plan.kind == RECOMMENDATION else (),
    )


async def _plan(turn: TurnInput, understanding: Understanding, answered: Retrieved, *, by_model: bool) -> _Plan:
    memory, kind = turn.memory, KINDS.get(understanding.intent, RECOMMENDATION)
    following = await _next_selection(turn, understanding, by_model=by_model)
    explained = _explained(understanding, memory)
    retrieved = answered
    if understanding.intent != Intent.QUESTION:
        retrieved = await retrieve(turn, understanding, following.selection, explained=explained)
    if understanding.intent == Intent.OFF_TOPIC and retrieved.found:
        reasons = (*understanding.reasons, {"code": "documents_know", "title": retrieved.found[0].title})
        understanding = replace(understanding, intent=Intent.ASK, reasons=reasons)
    if kind == RECOMMENDATION and not retrieved.found and by_model:
        found = await sync_to_async(suiting)(following.selection, memory.given, turn.seed)
        retrieved = replace(retrieved, found=found)
    return _Plan(kind, understanding, following, explained, retrieved)


async def _next_selection(turn: TurnInput, understanding: Understanding, *, by_model: bool) -> NextSelection:
    memory, spent, likely = turn.memory, set[str](), ""
    wants_new = understanding.intent == Intent.OTHER and not by_model and memory.category in turn.options.categories
    if wants_new and not await sync_to_async(has_new)(memory.category, memory.given):
        spent = {memory.category}
    if not memory.category and not understanding.category:
        likely = await likely_category(turn, understanding)
    chance = random.Random(turn.seed)  # noqa: S311  not for security
    return resolve_selection(understanding, memory, turn.options, chance=chance, spent=spent, likely=likely)


def _explained(understanding: Understanding, memory: Memory) -> Sequence[Challenge]:
    """The challenge that the message means. If that is unknown, all shown challenges."""
    if understanding.intent != Intent.EXPLAIN:
        return ()
    challenges, number = memory.shown, understanding.number
    return challenges if number is None or not 0 <= number < len(challenges) else [challenges[number]]


def _variables(turn: TurnInput, plan: _Plan) -> dict[str, str]:
    """The values of the prompt's variables. Text of people and documents is marked as data."""
    memory, labels = turn.memory, variables_of(plan.next.selection)
    assumed = {name: prompt_values.assumed(labels[name]) for name in plan.next.assumed if name != "category"}
    history = prompt_values.history(memory.exchanges, turn.options, budget=settings.LEAFRESH_HISTORY_CHARS)
    context = prompt_values.context(
        plan.understanding, found=plan.retrieved.found, explained=plan.explained, given=memory.given
    )
    quotes = {"message": turn.message, "history": history, "context": context}
    return {**labels, **assumed, **{name: prompt_values.quoted(name, text) for name, text in quotes.items()}}


def _template_context(turn: TurnInput, plan: _Plan) -> TemplateContext:
    memory, understanding, selection = turn.memory, plan.understanding, plan.next.selection
    names = {"location": selection.location.label, "workType": selection.work_type.label}
    return TemplateContext(
        intent=understanding.intent,
        facet=understanding.facets[0] if understanding.facets else "",
        subject=plan.retrieved.subject,
        moved_from=plan.next.moved_from.label if plan.next.moved_from else "",
        explained=plan.explained,
        passage=plan.retrieved.passage,
        assumed=[names[name] for name in _new_assumptions(plan.next, memory) if name in names],
        refused=understanding.refused,
        said=memory.said,
        danger=understanding.danger,
        english=not HANGUL.search(turn.message),
        after_help=memory.last_kind == HELP,
    )


def _note(turn: TurnInput, plan: _Plan) -> Note:
    memory, following, selection = turn.memory, plan.next, plan.next.selection
    category = selection.category.key if plan.kind == RECOMMENDATION else ""
    return Note(
        location="" if memory.location or "location" in following.assumed else selection.location.key,
        work_type="" if memory.work_type or "workType" in following.assumed else selection.work_type.key,
        base_category="" if memory.base_category else category,
        category=category,
        message=turn.message,
        intent=plan.understanding.intent,
        reasons=plan.understanding.reasons,
        moved_from=following.moved_from.key if following.moved_from and category else "",
        found=[
            {"kind": each.kind, "id": each.id, "title": each.title, "link": each.link, "score": round(each.score, 3)}
            for each in plan.retrieved.found
        ],
    )


def _new_assumptions(following: NextSelection, memory: Memory) -> tuple[str, ...]:
    """The assumptions that the session has not been told yet."""
    return () if memory.shown else following.assumed


def _notices(following: NextSelection, memory: Memory) -> list[Notice]:
    """The notices before the answer: a changed category, and assumptions."""
    selection, notices = following.selection, []
    if following.moved_from is not None:
        notices.append(Notice("category-changed", category_changed(following.moved_from, selection.category)))
    if assumed := _new_assumptions(following, memory):
        parts = {"location": selection.location, "workType": selection.work_type, "category": selection.category}
        notices.append(Notice("assumed", {name: labelled(parts[name]) for name in assumed}))
    return notices
