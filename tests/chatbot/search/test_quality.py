"""The quality of search results for the questions of the benchmark."""

import pytest
from asgiref.sync import async_to_sync

from benchmarks.retrieval import DEPTH, QUESTIONS, Ranked, judged, read_questions
from challenges.models import SeedRecord
from tests.chatbot.search.conftest import Ask

pytestmark = pytest.mark.django_db


def test_questions_as_people_type_them_find_what_they_are_about(ask: Ask) -> None:
    async def ours(question: str) -> Ranked:
        return [(row.kind, row.id) for row in await ask(question, count=DEPTH)]

    records = SeedRecord.objects.filter(kind__in=["challenge", "document"])
    keys = {(record.kind, record.object_id): record.key for record in records}
    questions = read_questions(QUESTIONS)
    assert {key for question in questions for key in question.right} <= set(keys.values())
    quality = async_to_sync(judged)(questions, ours, keys)
    assert quality.hit >= 0.95, [question.text for question in quality.missed]
    assert quality.mrr >= 0.9
    assert quality.silent >= 0.75
