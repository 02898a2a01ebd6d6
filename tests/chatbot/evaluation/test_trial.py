"""A trial shows an editor the answer that people would get, and changes no session."""

import asyncio
import uuid
from dataclasses import replace
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from pytest_django import Settings

from challenges.catalog import Selection
from chatbot.dialogue.base_info import BaseInfoRequest
from chatbot.errors import InvalidFields
from chatbot.evaluation import trial
from chatbot.evaluation.impact import last_requests
from chatbot.evaluation.trial import UnusablePrompt
from chatbot.events.log import event_log
from chatbot.generation.local import LocalGeneration
from chatbot.models import ChatSession, Generation, Outcome, Purpose, Turn
from chatbot.prompts.content import Prompt, PromptContent, live_prompts
from chatbot.runtime import runtime
from tests.generations import recommend
from tests.prompts import CONTENT, base_info, content, make_version

pytestmark = pytest.mark.django_db

DRAFT = Prompt("base-info", None, "base-info@draft", CONTENT)


def selection(category: str = "VEGAN") -> Selection:
    return trial.select(location="city", work_type="office", category=category)


def tried(prompt: Prompt = DRAFT, *, seed: int = 1, **asked: Any) -> LocalGeneration:
    picked = selection()

    async def run() -> LocalGeneration:
        generation = await trial.start(prompt, picked, seed=seed, **asked)
        await trial.finish(generation)
        return generation

    return async_to_sync(run)()


def test_a_draft_is_tried_on_the_way_that_people_s_answers_take() -> None:
    generation = tried()
    row = Generation.objects.get()
    assert generation.result is not None
    assert (row.pk, row.purpose, row.prompt_version, row.outcome) == (
        *(generation.id, Purpose.TRIAL),
        *(None, Outcome.COMPLETED),
    )
    assert (row.system_prompt, row.user_prompt.split(" {")[0]) == (CONTENT.system_text, "도시 사무직 비건")
    assert row.variables == {"location": "도시", "workType": "사무직", "category": "비건"}
    assert row.answer is not None
    assert row.answer == generation.result.answer
    assert [challenge["category"] for challenge in row.answer["challenges"]] == ["VEGAN"] * 3
    assert row.raw_text == generation.result.raw != ""  # an editor wants to see it, whatever LEAFRESH_KEEP_RAW says


def test_a_trial_belongs_to_no_session() -> None:
    tried()
    tried(Prompt.of(make_version()))
    assert (Turn.objects.count(), ChatSession.objects.count()) == (0, 0)
    assert last_requests(base_info(), 10) == []


def test_a_version_is_tried_under_its_own_name() -> None:
    version = make_version()
    generation = tried(Prompt.of(version), purpose=Purpose.CHECK)
    row = Generation.objects.get()
    assert (row.prompt_version, row.purpose) == (version, Purpose.CHECK)
    assert generation.job.prompt.name == "base-info@2"


def test_the_same_seed_gives_two_prompts_the_same_chances() -> None:
    first, again = tried(seed=5), tried(replace(DRAFT, content=content(system_text="다르게")), seed=5)
    other = tried(seed=6)
    assert first.result is not None
    assert again.result is not None
    assert other.result is not None
    assert first.result.answer == again.result.answer != other.result.answer


def test_no_request_joins_a_trial_and_it_joins_no_generation() -> None:
    """Not even of the live version for the same selection at the same moment."""
    live = live_prompts.get()["base-info"]
    picked = selection()

    async def scenario() -> list[LocalGeneration]:
        one = await trial.start(live, picked, seed=1)
        two = await trial.start(live, picked, seed=1)
        person, _ = await recommend(BaseInfoRequest("도시", "사무직", "비건", "s"))
        three = await trial.start(live, picked, seed=1)
        found = [one, two, person, three]
        await asyncio.gather(*(trial.finish(generation) for generation in found))
        return found

    found = async_to_sync(scenario)()
    assert len({generation.id for generation in found}) == 4
    assert [generation.sessions for generation in found] == [set(), set(), {"s"}, set()]
    assert Turn.objects.get().generation_id == found[2].id


BROKEN = [
    content(user_text=" "),
    content(system_text="{{weather}}"),
    content(system_text="{{"),
    content(system_text="가\u202e나"),
    content(system_text="가" * 20_001),
    content(model="openai:unknown"),
    content(temperature=3.0),
    PromptContent("", ""),
]


@pytest.mark.parametrize("broken", BROKEN, ids=range(len(BROKEN)))
def test_what_breaks_the_contract_is_not_sent_to_a_model(broken: PromptContent) -> None:
    with pytest.raises(UnusablePrompt) as caught:
        tried(replace(DRAFT, content=broken))
    assert (caught.value.status, caught.value.message) == (
        *(422, "base-info@draft: 표시된 문제를 고친 뒤에 시험할 수 있습니다."),
    )
    assert not Generation.objects.exists()


def test_a_template_that_no_code_calls_is_not_tried() -> None:
    with pytest.raises(UnusablePrompt):
        trial.require_usable(replace(DRAFT, template_key="retired"))
    trial.require_usable(DRAFT)


def test_what_cannot_be_picked_is_named() -> None:
    with pytest.raises(InvalidFields) as caught:
        trial.select(location="moon", work_type="office", category="")
    assert caught.value.data == {"invalidFields": ["location", "category"]}


def test_a_trial_without_subscribers_ends(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chatbot.generation.registry.FIRST_SUBSCRIBER_SECONDS", 0.0)
    settings.LEAFRESH_ABANDON_SECONDS = 0.0
    settings.LEAFRESH_CATALOG_TOKEN_DELAY_MS = 1000
    picked = selection()

    async def leave() -> None:
        generation = await trial.start(DRAFT, picked, seed=1)
        await generation.ended.wait()

    async_to_sync(leave)()
    assert Generation.objects.get().outcome == Outcome.ABANDONED


def test_its_events_are_streamed_until_the_last() -> None:
    picked = selection()

    async def scenario() -> None:
        generation = await trial.start(DRAFT, picked, seed=1)
        stream = await trial.open_stream(generation.id, 0)
        assert stream is not None
        assert (stream.generation, stream.session_id, stream.after) == (generation, "", 0)
        await trial.finish(generation)
        await asyncio.sleep(0)
        state = event_log.state(generation.id)
        assert state is not None
        assert state.ended
        assert await trial.open_stream(generation.id, state.last - 1) is not None
        assert await trial.open_stream(generation.id, state.last) is None
        assert await trial.open_stream(uuid.uuid4(), 0) is None
        assert runtime().registry.get(generation.id) is None

    async_to_sync(scenario)()
