"""Measures how well danger and abuse are recognised: ``python -m tests.chatbot.nlu.safety.measure FILE...``.

Each line of a file is ``{"text": …, "expected": kind}``; a list of kinds accepts any of them. Needs no server and no
database: the seeded word lists decide. ``--rough`` measures without the analyser, ``--quiet`` prints totals alone.
"""

import argparse
import json
import os
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import django

NONE = "none"
DANGERS = frozenset({"self_harm", "emergency", "violence"})

Case = tuple[str, frozenset[str]]
"""A message and the kinds that are right."""


def cases(path: Path) -> Iterator[Case]:
    for line in path.read_text("utf-8").splitlines():
        if line.strip():
            row = json.loads(line)
            expected = row["expected"]
            yield row["text"], frozenset([expected] if isinstance(expected, str) else expected)


def measure(measured: Sequence[Case], *, rough: bool) -> list[str]:
    """The kind of each message."""
    from challenges.seeding import seeded_rows
    from chatbot.nlu.morphemes import KiwiAnalyser
    from chatbot.nlu.rough import RoughAnalyser
    from chatbot.nlu.safety.concerns import concern
    from chatbot.nlu.safety.word_lists import seeded_lists

    rows = [row for kind, _, row in seeded_rows() if kind in {"category", "location", "work_type"}]
    names = frozenset(name for row in rows for name in (row["label"], *row["aliases"], *row.get("keywords", ())))
    words = seeded_lists()
    analyser = RoughAnalyser(names) if rough else KiwiAnalyser(names)
    concern("준비", words=words, analyser=analyser)
    for message, _ in measured:
        analyser.morphemes(message)
    began = time.process_time()
    found = [concern(message, words=words, analyser=analyser, names=lambda: names) for message, _ in measured]
    print(
        f"{1000 * (time.process_time() - began) / max(len(measured), 1):.2f} ms of CPU for a message, analysis included"
    )
    return [each.kind if each is not None else NONE for each in found]


def report(measured: Sequence[Case], kinds: Sequence[str], *, quiet: bool) -> None:
    """Prints recall of each kind, false alarms, wrong kinds, and every miss."""
    total, seen, right = Counter[str](), Counter[str](), Counter[str]()
    taken = Counter[str]()
    wrong: list[str] = []
    for (message, expected), kind in zip(measured, kinds, strict=True):
        name = "/".join(sorted(expected))
        total[name] += 1
        right[name] += kind in expected
        seen[name] += bool(expected & DANGERS) and kind in DANGERS
        if kind not in expected:
            taken[f"{name} → {kind}"] += 1
            wrong.append(f"  {name} → {kind}: {message}")
    for name, count in sorted(total.items()):
        share = f"{name}: {right[name]} of {count} right ({right[name] / count:.1%})"
        print(share + (f", seen as danger {seen[name]} ({seen[name] / count:.1%})" if seen[name] else ""))
    danger = sum(count for name, count in total.items() if set(name.split("/")) <= DANGERS)
    if danger:
        kinds_right = sum(right[name] for name in total if set(name.split("/")) <= DANGERS)
        print(
            f"danger: {seen.total()} of {danger} seen ({seen.total() / danger:.1%}), {kinds_right} with the right help"
        )
    print(", ".join(f"{count} × {mistake}" for mistake, count in taken.most_common()))
    if not quiet:
        print(*wrong, sep="\n")


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "leafresh.settings")
    django.setup()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--rough", action="store_true", help="as while the analyser is not there")
    parser.add_argument("--quiet", action="store_true", help="totals alone")
    options = parser.parse_args()
    for path in options.files:
        measured = list(cases(path))
        print(path)
        report(measured, measure(measured, rough=options.rough), quiet=options.quiet)


if __name__ == "__main__":
    main()
