"""Measures how well messages are understood: ``python -m tests.chatbot.nlu.measure FILE.jsonl``.

Each line of a file is a message with what is right (see ``Case``). It is answered as the server answers it, with the
seeded catalogue and documents, and without a model. ``--quiet`` prints totals alone.
"""

# Django's settings must be set up before its models are imported, so functions import what needs them.

import argparse
import asyncio
import json
import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.e2e.server import prepared_data

if TYPE_CHECKING:
    from chatbot.generation.job import Job
    from chatbot.sessions.memory import Exchange, Memory

KINDS = frozenset({"recommendation", "explanation", "smalltalk", "declined", "help"})


def listed(value: object) -> tuple[str, ...]:
    """``value`` as a list: a list is unchanged, a text is split at ``|``."""
    texts = value if isinstance(value, list) else str(value or "").split("|")
    return tuple(text.strip() for text in texts if str(text).strip())


@dataclass(frozen=True)
class Case:
    """A message, and what is right.

    ``selection`` is what was picked before, ``history`` what was said after that: messages, or ``{"vibe": …}`` for
    another pick. ``kinds`` and ``categories`` accept any of several. A category ``!KEY`` is right when it is another
    one. Empty ones are not judged. ``says``: the answer has one of the words. ``lacks``: no card has one of them.
    ``number``: which of the shown challenges is explained, from 1.
    """

    message: str
    kinds: tuple[str, ...]
    categories: tuple[str, ...] = ()
    selection: dict[str, str] = field(default_factory=dict)
    history: Sequence[Any] = ()
    says: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    number: int = 0

    @classmethod
    def of(cls, row: dict[str, Any]) -> "Case":
        kinds = listed(row["kind"])
        if unknown := set(kinds) - KINDS:
            raise ValueError(f"{row['message']!r}: no kind of an answer: {unknown}")
        return cls(
            row["message"],
            kinds,
            listed(row.get("category")),
            row.get("selection") or {},
            row.get("history") or (),
            listed(row.get("says")),
            listed(row.get("lacks")),
            int(row.get("number") or 0),
        )


def cases(path: Path) -> Iterator[Case]:
    for line in path.read_text("utf-8").splitlines():
        if line.strip():
            yield Case.of(json.loads(line))


@dataclass(frozen=True)
class Answered:
    """An answer. ``explained`` is the number of the explained challenge, from 1; 0 means none or all."""

    kind: str
    category: str
    intent: str
    recommend: str
    cards: tuple[str, ...] = ()
    explained: int = 0
    seconds: float = 0.0


def wrong(case: Case, answered: Answered, keys: dict[str, str]) -> str:
    """The mistake in the answer; "" if it is correct. ``keys`` are the keys of categories by any of their names."""
    if answered.kind not in case.kinds:
        return f"kind {answered.kind}"
    wanted = [name for name in case.categories if not name.startswith("!")]
    shunned = {keys[name[1:]] for name in case.categories if name.startswith("!")}
    if case.categories and answered.kind == "recommendation":
        right = answered.category in {keys[name] for name in wanted} or (shunned and answered.category not in shunned)
        if not right:
            return f"category {answered.category}"
    if case.says and answered.kind in {"recommendation", "explanation"}:
        said = "".join(answered.recommend.split())
        if not any("".join(word.split()) in said for word in case.says):
            return "does not say it"
    if any(word in card for word in case.lacks for card in answered.cards):
        return "a card has what is not wanted"
    if case.number and answered.kind == "explanation" and answered.explained != case.number:
        return f"explains {answered.explained}"
    return ""


class Session:
    """Answers messages as a session of the server would, in memory."""

    def __init__(self, memory: "Memory", seed: int) -> None:
        self.memory, self.seed = memory, seed

    async def ask(self, message: str) -> Answered:
        from asgiref.sync import sync_to_async

        from chatbot.dialogue import free_text
        from chatbot.models import Purpose
        from chatbot.providers.configured import Providers

        recalled = await sync_to_async(free_text._recall)("")
        shown = self.memory.shown
        began = time.process_time()
        job = await free_text._plan(
            message,
            replace(recalled, memory=self.memory),
            Providers(),
            seed=self.seed,
            purpose=Purpose.PUBLIC,
        )
        seconds = time.process_time() - began
        answer = await written(job)
        self._remember(message, job, answer)
        explained = job.template_context.explained
        place = shown.index(explained[0]) + 1 if len(explained) == 1 and explained[0] in shown else 0
        return Answered(
            job.kind,
            job.selection.category.key,
            str(job.note.intent),
            str(answer["recommend"]),
            tuple(f"{card['title']} {card['description']}" for card in answer["challenges"]),
            place,
            seconds,
        )

    def pick(self, exchange: "Exchange") -> None:
        base = self.memory.base_category or exchange.category
        exchanges = (*self.memory.exchanges, exchange)
        self.memory = replace(self.memory, base_category=base, category=exchange.category, exchanges=exchanges)

    def _remember(self, message: str, job: "Job", answer: dict[str, Any]) -> None:
        from chatbot.sessions.memory import Exchange

        note, before = job.note, self.memory
        exchange = Exchange(message, note.location, note.work_type, note.category, answer, str(note.intent))
        self.memory = replace(
            before,
            location=note.location or before.location,
            work_type=note.work_type or before.work_type,
            base_category=note.base_category or before.base_category,
            category=note.category or before.category,
            exchanges=(*before.exchanges, exchange),
        )


async def written(job: "Job") -> dict[str, Any]:
    """The answer as the catalogue writes it."""
    from chatbot.providers.catalog import CatalogProvider

    text = "".join([piece async for piece in CatalogProvider(delay_ms=0).stream(job)])
    answer: dict[str, Any] = json.loads(text)
    for card in answer["challenges"]:
        card["label"] = job.labels[card["category"]]
    return {"kind": job.kind, **answer}


def session_of(case: Case, known: Any, seed: int) -> Session:
    """A session that has picked the case's selection and was shown three challenges."""
    from chatbot.dialogue.sample_session import opened
    from chatbot.sessions.memory import Memory

    names = case.selection
    if not names:
        return Session(Memory(), seed)
    selection = known.select(
        location=names.get("residence") or names.get("location") or "도시",
        work_type=names.get("workplace") or names.get("workType") or "사무직",
        category=names.get("vibe") or names.get("category") or "",
    )
    return Session(opened(selection), seed)


async def answers(measured: Sequence[Case]) -> list[Answered]:
    from asgiref.sync import sync_to_async

    from challenges.catalog import options

    known = await sync_to_async(options.get)()
    warm = await sync_to_async(session_of)(measured[0], known, 0)
    await warm.ask("준비")
    found = []
    for seed, case in enumerate(measured):
        session = await sync_to_async(session_of)(case, known, seed)
        for earlier in case.history:
            if isinstance(earlier, dict):
                picked = {**case.selection, **earlier}
                opened = await sync_to_async(session_of)(replace(case, selection=picked), known, seed)
                session.pick(opened.memory.exchanges[-1])
            else:
                await session.ask(earlier)
        found.append(await session.ask(case.message))
    return found


def report(measured: Sequence[Case], found: Sequence[Answered], keys: dict[str, str], *, quiet: bool) -> str:
    """Right and wrong by kind, where the category had to change, and each miss."""
    total, right = Counter[str](), Counter[str]()
    misses = []
    for case, answered in zip(measured, found, strict=True):
        names = ["all", "|".join(case.kinds)]
        start = keys.get(case.selection.get("vibe") or case.selection.get("category") or "", "")
        start = next((keys[e["vibe"]] for e in reversed(case.history) if isinstance(e, dict) and "vibe" in e), start)
        if case.categories:
            stays = start in {keys.get(name, "") for name in case.categories}
            names.append("category stays" if stays else "category changes")
        names += ["says"] if case.says else []
        fault = wrong(case, answered, keys)
        for name in names:
            total[name] += 1
            right[name] += not fault
        if fault:
            wanted = " ".join(["|".join(case.kinds), "|".join(case.categories), "|".join(case.says)]).strip()
            misses.append(f"  {case.message} — {wanted}: {fault} ({answered.intent}) {answered.recommend[:70]}")
    lines = [f"{name}: {right[name]} of {count} right ({right[name] / count:.1%})" for name, count in total.items()]
    spent = 1000 * sum(each.seconds for each in found) / len(found)
    lines.append(f"{spent:.1f} ms of this process's CPU for a message")
    return "\n".join([*lines, *([] if quiet else misses)]) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--quiet", action="store_true", help="totals alone")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="leafresh-nlu-") as directory:
        shutil.copytree(prepared_data(), directory, dirs_exist_ok=True)
        os.environ.update(
            LEAFRESH_DATA_DIR=directory,
            DJANGO_SETTINGS_MODULE="leafresh.settings",
            LEAFRESH_ANALYSER_SECONDS="60",  # what is understood does not depend on how fast the machine is
        )
        import django

        django.setup()
        from challenges.catalog import options
        from chatbot.nlu import analyser_manager

        keys = {name: c.key for c in options.get().categories.values() for name in (c.key, c.label, *c.aliases)}
        for path in arguments.files:
            measured = list(cases(path))
            found = asyncio.run(answers(measured))
            sys.stdout.write(f"{path}\n{report(measured, found, keys, quiet=arguments.quiet)}")
        analyser_manager.close()


if __name__ == "__main__":
    main()
