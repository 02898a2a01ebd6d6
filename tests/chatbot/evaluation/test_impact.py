"""The impact of a change: the prompts of the last real requests, before and after it."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from chatbot.dialogue.base_info import BaseInfoRequest
from chatbot.dialogue.free_text import FreeTextRequest
from chatbot.dialogue.prompt_values import quoted, unquoted
from chatbot.evaluation.impact import Impact, Request, impacts, last_requests
from chatbot.models import Generation, PromptTemplate, PromptVersion, Purpose
from chatbot.prompts.content import PromptContent
from chatbot.prompts.contracts import BASE_INFO, FREE_TEXT, OUTPUT_FORMAT, TALK_FORMAT
from chatbot.prompts.diff import Change
from chatbot.sessions.erasure import forget
from tests.generations import recommend
from tests.prompts import base_info, free_text, make_live, make_version

pytestmark = pytest.mark.django_db

CITY = Request("VEGAN", {"location": "도시", "workType": "사무직", "category": "비건"})
BEACH = Request("VEGAN", {"location": "바닷가", "workType": "사무직", "category": "비건"})
MEDIA = Request("MEDIA", {"location": "도시", "workType": "사무직", "category": "문화 공유"})
BEFORE = PromptContent("{{output_format}}", "{{location}}의 {{category}}")


def generation(*, age: int, variables: Mapping[str, str], version: PromptVersion | None = None, **facts: Any) -> None:
    """The row of a generation that was started ``age`` seconds ago."""
    version = version or PromptVersion.objects.get(template__key="base-info", number=1)
    known = {"category": "VEGAN", "seed": 1, "prompt_version": version, "variables": dict(variables), **facts}
    row = Generation.objects.create(**known)
    Generation.objects.filter(pk=row.pk).update(started_at=timezone.now() - timedelta(seconds=age))


def test_a_recommendation_is_found_with_what_was_put_into_its_prompt() -> None:
    async def ask() -> uuid.UUID:
        generation, _ = await recommend(BaseInfoRequest("해변", "사무직", "vegan", "s"))
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
    generation(age=50, variables=BEACH.variables)
    generation(age=40, variables=CITY.variables, version=second)
    generation(age=30, variables=MEDIA.variables, category="MEDIA")
    generation(age=20, variables={})  # of the time before they were kept
    generation(age=10, variables=CITY.variables, purpose=Purpose.TRIAL)
    generation(age=9, variables=CITY.variables, purpose=Purpose.CHECK, prompt_version=None)
    generation(age=8, variables=CITY.variables, version=elsewhere)
    with django_assert_num_queries(1):
        assert last_requests(template, 10) == [MEDIA, CITY, BEACH]
    assert last_requests(template, 2) == [MEDIA]  # the one without variables counts


def test_the_same_requests_are_counted_together_the_most_frequent_of_a_category_first() -> None:
    after = PromptContent("{{output_format}}", "{{location}}에서 {{category}}")
    found = impacts([CITY, MEDIA, BEACH, BEACH], before=BEFORE, after=after, contract=BASE_INFO)
    same = [Change("gap", "")]

    def user(old: str, new: str, category: str) -> list[Change]:
        return [Change("delete", old), Change("insert", new), Change("equal", f" {category}")]

    assert found == [
        Impact("MEDIA", MEDIA.variables, 1, same, user("도시의", "도시에서", "문화 공유")),
        Impact("VEGAN", BEACH.variables, 2, same, user("바닷가의", "바닷가에서", "비건")),
        Impact("VEGAN", CITY.variables, 1, same, user("도시의", "도시에서", "비건")),
    ]
    assert all(impact.changed for impact in found)


def test_a_change_without_impact() -> None:
    """Only white space inside the braces: what is sent is the same."""
    after = PromptContent("{{ output_format }}", "{{ location }}의 {{ category }}", temperature=1.0)
    (impact,) = impacts([CITY], before=BEFORE, after=after, contract=BASE_INFO)
    assert impact == Impact("VEGAN", CITY.variables, 1, [Change("gap", "")], [Change("gap", "")])
    assert not impact.changed


def test_a_value_that_looks_like_a_variable_is_only_a_value() -> None:
    request = Request("VEGAN", {"location": "{{category}}", "workType": "사무직", "category": "\\1 {x}"})
    (impact,) = impacts([request], before=BEFORE, after=PromptContent("", "{{category}}"), contract=BASE_INFO)
    assert "".join(change.text for change in impact.user if change.kind != "insert") == "{{category}}의 \\1 {x}"
    assert "".join(change.text for change in impact.user if change.kind != "delete") == "\\1 {x}"


def test_long_prompts_are_shown_around_the_change() -> None:
    before = PromptContent("가 " * 500, "x")
    after = PromptContent("가 " * 500 + "새말", "x")
    (impact,) = impacts([CITY], before=before, after=after, contract=BASE_INFO)
    assert [(change.kind, len(change.text)) for change in impact.system] == [
        *[("gap", 0), ("equal", 60), ("insert", 2)]
    ]


def test_no_requests_no_impact() -> None:
    assert impacts([], before=BEFORE, after=BEFORE, contract=BASE_INFO) == []


# --- what people said ------------------------------------------------------------------------------------------------


def message_request(message: str, *, kind: str = "recommendation", **changes: str) -> Request:
    quotes = {"history": quoted("history", "사람: 안녕"), "context": quoted("context", "- 두부: 먹기"), **changes}
    return Request("VEGAN", {**CITY.variables, "message": quoted("message", message), **quotes}, kind)


def shown(changes: Sequence[Change]) -> str:
    return "".join(change.text for change in changes)


TALK = PromptContent("{{output_format}}", "{{category}}\n{{history}}\n{{context}}\n{{message}}")
SHORTER = replace(TALK, user_text="{{category}} {{history}} {{context}} {{message}}")


def test_requests_that_differ_only_in_messages_are_grouped() -> None:
    requests = [
        message_request("더 쉬운 거"),
        message_request("다른 거", history="h"),
        message_request("더 쉬운 거"),
        message_request("안녕", kind="smalltalk"),
    ]
    talk, more = impacts(requests, before=TALK, after=SHORTER, contract=FREE_TEXT)[::-1]
    assert (more.count, more.kind, more.messages, more.variables) == (
        *(3, "recommendation", ("더 쉬운 거", "다른 거")),
        CITY.variables,
    )
    assert (talk.count, talk.kind, talk.messages) == (1, "smalltalk", ("안녕",))
    assert "<message>" in shown(more.user)


def test_an_answer_without_challenges_was_asked_for_in_another_format() -> None:
    after = replace(TALK, system_text="")
    for kind, words in {"recommendation": OUTPUT_FORMAT, "explanation": TALK_FORMAT}.items():
        (impact,) = impacts([message_request("2번 자세히", kind=kind)], before=TALK, after=after, contract=FREE_TEXT)
        assert shown(impact.system) == words


def test_long_texts_of_people_are_cut_short() -> None:
    request = message_request(
        "가" * 500, history=quoted("history", "나" * 5000), context=quoted("context", "다" * 5000)
    )
    (impact,) = impacts([request], before=TALK, after=PromptContent("", ""), contract=FREE_TEXT)
    assert impact.messages == ("가" * 80 + "…",)
    told = shown(impact.user)
    assert [told.count(letter) for letter in "가나다"] == [200, 200, 200]
    assert "…\n</history>" in told


def test_without_permission_the_samples_of_the_contract_are_shown() -> None:
    request = message_request("비밀 이야기", history=quoted("history", "비밀"), context=quoted("context", "비밀"))
    (impact,) = impacts([request], before=TALK, after=PromptContent("", ""), contract=FREE_TEXT, with_quotes=False)
    assert (impact.count, impact.messages) == (1, ())
    assert shown(impact.user) == TALK.render({**CITY.variables, **FREE_TEXT.quoted})[1]


def test_a_forgotten_session_leaves_nothing_to_show() -> None:
    async def ask() -> None:
        generation, _ = await recommend(FreeTextRequest("비건 두부 요리 추천해 줘", "s"))
        await generation.ended.wait()

    async_to_sync(ask)()
    (request,) = last_requests(free_text(), 10)
    assert (request.kind, unquoted("message", request.variables["message"])) == (
        *("recommendation", "비건 두부 요리 추천해 줘"),
    )
    forget("s")
    assert last_requests(free_text(), 10) == []
