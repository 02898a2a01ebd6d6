"""The titles that sessions were given, each once. Derived from the answers to their turns; synchronous."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import F

from chatbot.models import GivenTitle, Turn

Answers = Mapping[uuid.UUID, dict[str, Any] | None]
"""The payloads of ``close`` events by generation; None where there is no answer."""


def note_given(answers: Answers) -> None:
    """Notes the titles of the answers for every session that asked for their generations. Two SQL statements, and none
    without titles. Belongs into the transaction that writes an answer, or the turn of one who joined it."""
    given = {pk: titles for pk, answer in answers.items() if (titles := _titles(answer))}
    if not given:
        return
    turns = Turn.objects.filter(generation_id__in=given, pk__gt=F("session__forgotten_through"))
    rows: dict[tuple[str, str], GivenTitle] = {}
    for session_id, turn, generation_id in turns.order_by("pk").values_list("session_id", "pk", "generation_id"):
        for place, title in enumerate(given[generation_id]):
            rows[session_id, title] = GivenTitle(session_id=session_id, title=title, turn=turn, place=place)
    GivenTitle.objects.bulk_create(
        [rows[key] for key in sorted(rows)],  # in one order everywhere: two processes must not wait for one another
        update_conflicts=True,
        unique_fields=["session", "title"],
        update_fields=["turn", "place"],
    )


def _titles(answer: dict[str, Any] | None) -> Sequence[str]:
    return [item["title"] for item in answer["challenges"]] if answer else []
