"""``python -m benchmarks.retrieval``: how well our search answers questions, beside simpler searches.

Each question of ``retrieval_questions.tsv`` (``--questions FILE`` for others) names the right challenges and documents,
or none when it is about something else. The program prints how often a correct result is among the first three (hit@3).
It also prints the mean of 1/rank of the first correct one (MRR, 0 beyond rank ten). The simpler searches are BM25 of
the same library over the same rows, with words split at white space, and with pairs of characters. ``--kind challenge``
searches only challenges. ``--rows 200000`` measures a large catalogue instead (see ``benchmarks.retrieval_load``).
"""

# Django's settings must be set up before its models are imported, so functions import what needs them.

import argparse
import asyncio
import csv
import os
import shutil
import sys
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from tests.e2e.server import prepared_data

QUESTIONS = Path(__file__).parent / "retrieval_questions.tsv"
DEPTH = 10

Ranked = list[tuple[str, int]]
"""Kind and id, best first."""
Searcher = Callable[[str], Awaitable[Ranked]]


@dataclass(frozen=True)
class Question:
    text: str
    right: frozenset[str]
    written: str = "plain"


@dataclass(frozen=True)
class Quality:
    """``hit`` and ``mrr`` over the questions that have a right answer; ``silent`` is the share of others that find
    nothing."""

    hit: float
    mrr: float
    silent: float
    missed: list[Question]


def read_questions(path: Path) -> list[Question]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    return [Question(r["question"], frozenset(filter(None, r["keys"].split("|"))), r.get("written", "")) for r in rows]


async def judged(questions: Sequence[Question], search: Searcher, keys: dict[tuple[str, int], str]) -> Quality:
    asked = [question for question in questions if question.right]
    others = [question for question in questions if not question.right]
    ranks = []
    for question in asked:
        found = [keys.get(row, "") for row in await search(question.text)][:DEPTH]
        ranks.append(next((rank for rank, key in enumerate(found, 1) if key in question.right), 0))
    silent = [not await search(question.text) for question in others]
    return Quality(
        hit=sum(0 < rank <= 3 for rank in ranks) / len(ranks),
        mrr=sum(1 / rank for rank in ranks if rank) / len(ranks),
        silent=sum(silent) / len(silent) if silent else 1.0,
        missed=[question for question, rank in zip(asked, ranks, strict=True) if not 0 < rank <= 3],
    )


def plain_bm25(entries: Sequence[Any], words: Callable[[str], list[str]]) -> Searcher:
    """BM25 over ``words``, with the title weighed as ours is."""
    import bm25s

    from chatbot.search.ranking import K1, B
    from chatbot.search.terms import TITLE_REPEATS

    ranking = bm25s.BM25(k1=K1, b=B)
    corpus = [words(entry.title) * TITLE_REPEATS + words(entry.text) for entry in entries]
    ranking.index(corpus, show_progress=False)

    async def search(question: str) -> Ranked:
        known = [word for word in words(question) if word in ranking.vocab_dict]
        if not known:
            return []
        scores = ranking.get_scores(known)
        best = [int(row) for row in scores.argsort()[::-1] if scores[row] > 0]
        rows = [(("document" if entries[row].passage >= 0 else "challenge"), entries[row].id) for row in best]
        return list(dict.fromkeys(rows))[:DEPTH]

    return search


def white_space(text: str) -> list[str]:
    return text.casefold().split()


def pairs(text: str) -> list[str]:
    joined = "".join(character for character in text.casefold() if character.isalnum())
    return [joined[start : start + 2] for start in range(max(1, len(joined) - 1))] if joined else []


async def compare(questions: Sequence[Question], kind: Literal["challenge", "document"] | None) -> dict[str, Quality]:
    from asgiref.sync import sync_to_async

    from challenges import catalog, revisions
    from chatbot.nlu.analyser_manager import analyser_for
    from chatbot.search.search import search

    tokens = await sync_to_async(revisions.read)()
    known = await sync_to_async(catalog.options.get)(tokens)
    analyser = await analyser_for(known)
    entries, keys = await sync_to_async(_corpus)(kind)

    async def ours(question: str) -> Ranked:
        found = await search(question, analyser=analyser, known=known, revisions=tokens, kind=kind, count=DEPTH)
        return [(row.kind, row.id) for row in found]

    searchers = {
        "white space": plain_bm25(entries, white_space),
        "pairs of characters": plain_bm25(entries, pairs),
        "ours": ours,
    }
    return {name: await judged(questions, searcher, keys) for name, searcher in searchers.items()}


def _corpus(kind: Literal["challenge", "document"] | None) -> tuple[list[Any], dict[tuple[str, int], str]]:
    from challenges.models import SeedRecord
    from chatbot.search.corpus import challenges_after, documents_after, read_keys

    keys = read_keys()
    challenges = challenges_after(0, keys) if kind != "document" else []
    documents = documents_after(0, keys) if kind != "challenge" else []
    records = SeedRecord.objects.filter(kind__in=["challenge", "document"])
    return [*challenges, *documents], {(record.kind, record.object_id): record.key for record in records}


def report(results: dict[str, Quality], questions: Sequence[Question], *, missed: bool) -> str:
    ours = results["ours"]
    answerable = sum(bool(question.right) for question in questions)
    lines = [
        f"{answerable} questions with a right answer, {len(questions) - answerable} about something else",
        f"{'':<22}{'hit@3':>8}{'ours/it':>9}{'MRR':>8}{'ours/it':>9}{'nothing found for the others':>31}",
    ]
    for name, quality in results.items():
        lines.append(
            f"{name:<22}{quality.hit:>8.3f}{ours.hit / quality.hit:>9.2f}{quality.mrr:>8.3f}"
            f"{ours.mrr / quality.mrr:>9.2f}{quality.silent:>31.2f}"
        )
    if missed:
        lines += [
            "not among ours' first three:",
            *(f"  {question.text} ({question.written})" for question in ours.missed),
        ]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=Path, default=QUESTIONS)
    parser.add_argument("--kind", choices=["challenge", "document"])
    parser.add_argument("--missed", action="store_true", help="name the questions that ours misses")
    parser.add_argument("--rows", type=int, help="measure a catalogue of so many rows instead")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="leafresh-retrieval-") as directory:
        shutil.copytree(prepared_data(), directory, dirs_exist_ok=True)
        os.environ.update(LEAFRESH_DATA_DIR=directory, DJANGO_SETTINGS_MODULE="leafresh.settings")
        import django

        django.setup()
        if arguments.rows:
            from benchmarks import retrieval_load

            sys.stdout.write(asyncio.run(retrieval_load.measure(arguments.rows)))
        else:
            questions = read_questions(arguments.questions)
            results = asyncio.run(compare(questions, arguments.kind))
            sys.stdout.write(report(results, questions, missed=arguments.missed))


if __name__ == "__main__":
    main()
