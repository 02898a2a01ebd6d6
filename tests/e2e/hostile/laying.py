"""``python -m tests.e2e.hostile.laying < SESSIONS``: gives sessions that have one turn many more, in the database of
``LEAFRESH_DATA_DIR``. Reads ``[[session's id, turns], …]``."""

import json
import os
import sys
import uuid
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chatbot.models import Turn

BATCH = 500


def lay(session_id: str, turns: int) -> None:
    """Each turn has its own generation, made after that of the session's first turn, with its own titles."""
    from chatbot.models import Generation, Turn

    first = Turn.objects.filter(session_id=session_id).select_related("generation").earliest("pk")
    left = range(1, turns)
    for start in left[::BATCH]:
        numbers = left[start - 1 : start - 1 + BATCH]
        generations = [Generation(**_generation(first, number)) for number in numbers]
        Generation.objects.bulk_create(generations)
        pairs = zip(generations, numbers, strict=True)
        Turn.objects.bulk_create([Turn(**_turn(first, generation.pk, number)) for generation, number in pairs])


def _generation(first: "Turn", number: int) -> dict[str, Any]:
    values = {each.attname: getattr(first.generation, each.attname) for each in first.generation._meta.concrete_fields}
    challenges = [
        {**challenge, "title": f"{number * 3 + index}번 실천"}
        for index, challenge in enumerate(first.generation.answer["challenges"])
    ]
    answer = {**first.generation.answer, "challenges": challenges}
    return {**values, "id": uuid.uuid4(), "answer": answer, "system_prompt": "…", "user_prompt": "…"}


def _turn(first: "Turn", generation_id: uuid.UUID, number: int) -> dict[str, Any]:
    values = {each.attname: getattr(first, each.attname) for each in first._meta.concrete_fields}
    said = {"message": "다른 거 없어?", "intent": "refine"} if number % 2 else {}
    return {**values, **said, "id": None, "generation_id": generation_id}


def main() -> None:
    import django

    os.environ["DJANGO_SETTINGS_MODULE"] = "leafresh.settings"
    django.setup()
    for session_id, turns in json.load(sys.stdin):
        lay(session_id, turns)


if __name__ == "__main__":
    main()
