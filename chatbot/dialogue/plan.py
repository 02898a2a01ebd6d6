"""What is said to a message: which kind of answer, for which selection, with what was looked up, by whom."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from asgiref.sync import sync_to_async
from django.conf import settings

from challenges.catalog import Options, has_new
from chatbot.answers.schema import HELP, RECOMMENDATION
from chatbot.dialogue import prompt_values
from chatbot.dialogue.next_selection import NextSelection, resolve_selection
from chatbot.dialogue.quoting import quoted
from chatbot.dialogue.retrieval import Reading, Retrieved, likely_category, retrieve, suiting
from chatbot.events.types import Notice
from chatbot.generation.job import Job, labels_of, providers_for, values_for, variables_of
from chatbot.models import Intent, Purpose
from chatbot.nlu.analyser_manager import Patience
from chatbot.nlu.hangul import HANGUL
from chatbot.nlu.intents.understand import understand
from chatbot.nlu.intents.understanding import Situation, Understanding
from chatbot.nlu.morphemes import Language
from chatbot.nlu.safety.word_lists import WordLists
from chatbot.prompts.contracts import TEMPLATES, output_format
from chatbot.prompts.live import Prompt
from chatbot.providers.base import Candidate, Occasion, Provider, ProviderRequest
from chatbot.providers.catalog import CatalogProvider
from chatbot.sessions.memory import Memory, Note
from chatbot.sessions.notices import category_changed, shown

KINDS: Mapping[str, str] = {
    Intent.EXPLAIN: "explanation",
    Intent.GREETING: "smalltalk",
    Intent.THANKS: "smalltalk",
    Intent.ABUSE: "declined",
    Intent.DANGER: HELP,
}
"""The kind of an answer by intent; all others are answered by a recommendation."""


@dataclass(frozen=True, slots=True)
class TurnInput:
    """A message and all it is answered from. ``patience`` is how long it waits for the ``language``; ``current`` are
    the revisions under which the rest was read."""

    message: str
    memory: Memory
    known: Options
    words: WordLists
    language: Language
    patience: Patience
    current: Mapping[str, str]
    seed: int


async def reply(scene: TurnInput, prompt: Prompt, *, purpose: Purpose) -> Job:
    """The commission that answers the message. Raises ApplicationError when nothing can be picked or written, and
    LanguageGone."""
    understanding = await scene.patience.run(scene.language, _understand, scene)
    kind = KINDS.get(understanding.intent, RECOMMENDATION)
    sources: list[Provider] = (
        [CatalogProvider()] if understanding.intent in prompt_values.WITHOUT_MODEL else providers_for(prompt)
    )
    reading = Reading(scene.message, understanding, scene.language, scene.patience, scene.known, scene.current)
    course = await _course(scene, reading, by_catalogue=not sources[0].hosted)
    explained = _explained(understanding, scene.memory)
    retrieved = await retrieve(reading, course.selection, given=scene.memory.given, explained=explained)
    if understanding.intent == Intent.OFF_TOPIC and retrieved.found:
        reasons = (*understanding.reasons, {"code": "documents_know", "title": retrieved.found[0].title})
        understanding = replace(understanding, intent=Intent.ASK, reasons=reasons)
    if kind == RECOMMENDATION and not retrieved.found and sources[0].hosted:
        found = await sync_to_async(suiting)(course.selection, scene.memory.given, scene.seed)
        retrieved = replace(retrieved, found=found)
    variables = _variables(scene, understanding, course, retrieved, explained)
    system_prompt, user_prompt = prompt.render(values_for(variables, output_format=output_format(kind)))
    return Job(
        prompt=prompt,
        sources=sources,
        request=ProviderRequest(
            system_prompt,
            user_prompt,
            course.selection,
            scene.memory.given,
            scene.seed,
            kind=kind,
            occasion=_occasion(scene, understanding, course, retrieved, explained),
            candidates=retrieved.candidates,
            output_schema=TEMPLATES[prompt.template_key].output_schema,
        ),
        labels=labels_of(scene.known),
        variables=variables,
        purpose=purpose,
        note=_note(scene, understanding, course, retrieved, kind),
        notices=_notices(course, scene.memory) if kind == RECOMMENDATION else (),
    )


def _understand(scene: TurnInput) -> Understanding:
    memory = scene.memory
    situation = Situation(memory.base_category, memory.category, memory.shown)
    return understand(scene.message, language=scene.language, known=scene.known, words=scene.words, situation=situation)


async def _course(scene: TurnInput, reading: Reading, *, by_catalogue: bool) -> NextSelection:
    memory, understanding, spent, likely = scene.memory, reading.understanding, set[str](), ""
    wants_new = understanding.intent == Intent.OTHER and by_catalogue and memory.category in scene.known.categories
    if wants_new and not await sync_to_async(has_new)(memory.category, memory.given):
        spent = {memory.category}
    if not memory.category and not understanding.category:
        likely = await likely_category(reading)
    chance = random.Random(scene.seed)  # noqa: S311  variety, not secrecy
    return resolve_selection(understanding, memory, scene.known, chance=chance, spent=spent, likely=likely)


def _explained(understanding: Understanding, memory: Memory) -> list[Candidate]:
    """The challenges to tell more about: the one that was meant, else all that were shown."""
    if understanding.intent != Intent.EXPLAIN:
        return []
    shown = [Candidate(each.title, each.description, each.category) for each in memory.shown]
    number = understanding.number
    return shown if number is None or not 0 <= number < len(shown) else [shown[number]]


def _variables(
    scene: TurnInput,
    understanding: Understanding,
    course: NextSelection,
    retrieved: Retrieved,
    explained: Sequence[Candidate],
) -> dict[str, str]:
    """What is put into the prompt, text of people and documents marked as such."""
    context = prompt_values.context(
        understanding,
        found=retrieved.found,
        explained=explained,
        given=scene.memory.given,
    )
    history = prompt_values.history(scene.memory.exchanges, scene.known, budget=settings.LEAFRESH_HISTORY_CHARS)
    assumed = {name: prompt_values.assumed(value) for name, value in variables_of(course.selection).items()}
    return {
        **variables_of(course.selection),
        **{name: assumed[name] for name in course.assumed if name != "category"},
        "message": quoted("message", scene.message),
        "history": quoted("history", history),
        "context": quoted("context", context),
    }


def _occasion(
    scene: TurnInput,
    understanding: Understanding,
    course: NextSelection,
    retrieved: Retrieved,
    explained: Sequence[Candidate],
) -> Occasion:
    selection = course.selection
    names = {"location": selection.location.label, "workType": selection.work_type.label}
    return Occasion(
        intent=understanding.intent,
        facet=understanding.facets[0] if understanding.facets else "",
        subject=retrieved.subject,
        before=course.moved_from.label if course.moved_from else "",
        explained=explained,
        passage=retrieved.passage,
        assumed=[names[name] for name in _new_assumptions(course, scene.memory) if name in names],
        said=scene.memory.said,
        danger=understanding.danger,
        english=not HANGUL.search(scene.message),
        refused=understanding.refused,
        after_help=scene.memory.last_kind == "help",
    )


def _note(
    scene: TurnInput, understanding: Understanding, course: NextSelection, retrieved: Retrieved, kind: str
) -> Note:
    memory, category = scene.memory, course.selection.category.key
    talks_about = category if kind == RECOMMENDATION else ""
    return Note(
        location="" if memory.location or "location" in course.assumed else course.selection.location.key,
        work_type="" if memory.work_type or "workType" in course.assumed else course.selection.work_type.key,
        base_category="" if memory.base_category else talks_about,
        category=talks_about,
        message=scene.message,
        intent=understanding.intent,
        reasons=understanding.reasons,
        moved_from=course.moved_from.key if course.moved_from and talks_about else "",
        found=[
            {"kind": each.kind, "id": each.id, "title": each.title, "link": each.link, "score": round(each.score, 3)}
            for each in retrieved.found
        ],
    )


def _new_assumptions(course: NextSelection, memory: Memory) -> tuple[str, ...]:
    """What is assumed and was not said to be: once a session is enough."""
    return () if memory.shown else course.assumed


def _notices(course: NextSelection, memory: Memory) -> list[Notice]:
    """What a person should know first: that the category changed, and what is only assumed."""
    selection, notices = course.selection, []
    if course.moved_from is not None:
        notices.append(Notice("category-changed", category_changed(course.moved_from, selection.category)))
    if assumed := _new_assumptions(course, memory):
        parts = {"location": selection.location, "workType": selection.work_type, "category": selection.category}
        notices.append(Notice("assumed", {name: shown(parts[name]) for name in assumed}))
    return notices
