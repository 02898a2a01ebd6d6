"""Whom a change would reach: the last requests of real people, as they would be asked now and then."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from chatbot.models import Generation, PromptTemplate, PromptVersion, Purpose
from chatbot.prompts.content import PromptContent
from chatbot.prompts.differences import Change
from chatbot.prompts.impact import Impact, impacts, last_requests
from chatbot.recommending import service
from chatbot.recommending.requests import BaseInfoRequest
from tests.prompts import base_info, make_live, make_version

pytestmark = pytest.mark.django_db

CITY = {"category_key": "VEGAN", "location": "도시", "workType": "사무직", "category": "비건"}
BEACH = {"category_key": "VEGAN", "location": "바닷가", "workType": "사무직", "category": "비건"}
MEDIA = {"category_key": "MEDIA", "location": "도시", "workType": "사무직", "category": "문화 공유"}
BEFORE = PromptContent("{{output_format}}", "{{location}}의 {{category}}")


def generation(*, age: int, variables: dict[str, str], version: PromptVersion | None = None, **facts: Any) -> None:
    """The row of a generation that was started ``age`` seconds ago."""
    version = version or PromptVersion.objects.get(template__key="base-info", number=1)
    known = {"category": "VEGAN", "seed": 1, "prompt_version": version, "variables": variables, **facts}
    row = Generation.objects.create(**known)
    Generation.objects.filter(pk=row.pk).update(started_at=timezone.now() - timedelta(seconds=age))


def of(request: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in request.items() if name != "category_key"}


def test_a_recommendation_is_found_with_what_was_put_into_its_prompt() -> None:
    async def ask() -> uuid.UUID:
        generation, _ = await service.recommend(BaseInfoRequest("해변", "사무직", "vegan", "s"))
        await generation.ended.wait()
        return generation.id

    async_to_sync(ask)()
    assert last_requests(base_info(), 10) == [BEACH]


def test_the_last_requests_of_real_people_the_newest_first(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    template = base_info()
    other = PromptTemplate.objects.create(key="other")
    elsewhere = PromptVersion.objects.create(template=other, number=1, user_text="x", note="x", content_hash="x")
    second = make_version()
    make_live(second)
    generation(age=50, variables=of(BEACH))
    generation(age=40, variables=of(CITY), version=second)
    generation(age=30, variables=of(MEDIA), category="MEDIA")
    generation(age=20, variables={})  # of the time before they were kept
    generation(age=10, variables=of(CITY), purpose=Purpose.TRIAL)
    generation(age=9, variables=of(CITY), purpose=Purpose.CHECK, prompt_version=None)
    generation(age=8, variables=of(CITY), version=elsewhere)
    with django_assert_num_queries(1):
        assert last_requests(template, 10) == [MEDIA, CITY, BEACH]
    assert last_requests(template, 2) == [MEDIA]  # the one without variables counts


def test_the_same_requests_are_counted_together_the_most_frequent_of_a_category_first() -> None:
    after = PromptContent("{{output_format}}", "{{location}}에서 {{category}}")
    found = impacts([CITY, MEDIA, BEACH, BEACH], before=BEFORE, after=after, constants={"output_format": "형식"})
    same = [Change("gap", "")]

    def user(old: str, new: str, category: str) -> list[Change]:
        return [Change("delete", old), Change("insert", new), Change("equal", f" {category}")]

    assert found == [
        Impact("MEDIA", of(MEDIA), 1, same, user("도시의", "도시에서", "문화 공유")),
        Impact("VEGAN", of(BEACH), 2, same, user("바닷가의", "바닷가에서", "비건")),
        Impact("VEGAN", of(CITY), 1, same, user("도시의", "도시에서", "비건")),
    ]
    assert all(impact.changed for impact in found)


def test_a_change_that_reaches_nobody() -> None:
    """Only white space inside the braces: what is sent is the same."""
    after = PromptContent("{{ output_format }}", "{{ location }}의 {{ category }}", temperature=1.0)
    (impact,) = impacts([CITY], before=BEFORE, after=after, constants={"output_format": ""})
    assert impact == Impact("VEGAN", of(CITY), 1, [], [Change("gap", "")])
    assert not impact.changed


def test_a_value_that_looks_like_a_variable_is_only_a_value() -> None:
    request = {**CITY, "location": "{{category}}", "category": "\\1 {x}"}
    (impact,) = impacts([request], before=BEFORE, after=PromptContent("", "{{category}}"), constants={})
    assert "".join(change.text for change in impact.user if change.kind != "insert") == "{{category}}의 \\1 {x}"
    assert "".join(change.text for change in impact.user if change.kind != "delete") == "\\1 {x}"


def test_long_prompts_are_shown_around_the_change() -> None:
    before = PromptContent("가 " * 500, "x")
    after = PromptContent("가 " * 500 + "새말", "x")
    (impact,) = impacts([CITY], before=before, after=after, constants={})
    assert [(change.kind, len(change.text)) for change in impact.system] == [
        *[("gap", 0), ("equal", 60), ("insert", 2)]
    ]


def test_no_requests_no_impact() -> None:
    assert impacts([], before=BEFORE, after=BEFORE, constants={}) == []
