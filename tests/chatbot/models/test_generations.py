import json

import pytest
from django.core.management import call_command

from chatbot.models import Generation, Outcome

pytestmark = pytest.mark.django_db

ANSWER = {
    "kind": "recommendation",
    "recommend": "비건을 골랐어요.",
    "challenges": [{"title": "두부", "description": "두부를 먹어요.", "category": "VEGAN", "label": "비건"}],
    "stopped": True,
}


def test_an_answer_is_read_as_it_was_sent_to_the_byte() -> None:
    written = {key: ANSWER[key] for key in sorted(ANSWER)}
    row = Generation.objects.create(
        answer=written, outcome=Outcome.STOPPED, event_count=1, purpose="trial", source="catalog", seed=1
    )
    row.refresh_from_db()
    assert json.dumps(row.answer) == json.dumps(ANSWER)
    assert list(Generation.objects.values_list("answer__kind", "answer__challenges__0__label")) == [
        ("recommendation", "비건")
    ]


def test_no_answer_and_unknown_keys_stay() -> None:
    for answer in (None, {"more": 1}):
        row = Generation.objects.create(answer=answer, purpose="trial", source="catalog", seed=1)
        row.refresh_from_db()
        assert row.answer == answer


def test_the_column_is_an_ordinary_one() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)
