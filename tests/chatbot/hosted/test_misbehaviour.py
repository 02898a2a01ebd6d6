"""A person gets an answer that keeps the contract for any output of a hosted model."""

import asyncio
import json
import unicodedata
from collections.abc import Iterator
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.test import AsyncClient
from pytest_django import Settings

from chatbot.diagnostics.provider import check_providers
from chatbot.models import Enforcement, Generation, Outcome
from chatbot.prompts.releases import InvalidPrompt
from tests.chatbot.diagnostics.recordings import levels
from tests.e2e.sse import BASE_INFO, SELECTION, Event, laid_out, parse, tokens
from tests.prompts import make_live, make_version
from tests.provider import ANSWER, MISBEHAVIOURS, Provider

pytestmark = pytest.mark.django_db

SECRET = "sk-secret-123"  # noqa: S105  what must never be seen


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with Provider() as running:
        yield running


@pytest.fixture(autouse=True)
def _limits(
    request: pytest.FixtureRequest, settings: Settings, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Little patience with models that keep a test waiting, and a minute for all others on a busy machine."""
    monkeypatch.setenv("OPENAI_BASE_URL", provider.url)
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    parameters = request.node.callspec.params if hasattr(request.node, "callspec") else {}
    model = parameters.get("model")
    settings.LEAFRESH_FIRST_TOKEN_SECONDS = 2 if model in {"late", "whitespace_forever"} else 60
    settings.LEAFRESH_TOKEN_SILENCE_SECONDS = 1 if model == "silent_in_the_middle" else 60
    settings.LEAFRESH_KEEP_RAW = True


async def streamed() -> list[Event]:
    response: Any = await AsyncClient().get(BASE_INFO, {**SELECTION, "sessionId": "s"})
    content = b"".join([chunk async for chunk in response.streaming_content]).decode()
    return [event for event in parse(content.split("\n")) if event.data]


async def posted() -> tuple[int, dict[str, Any]]:
    response = await AsyncClient().post(BASE_INFO, data=json.dumps(SELECTION), content_type="application/json")
    envelope: dict[str, Any] = json.loads(response.content)
    return response.status_code, envelope


def keeps_contract(answer: dict[str, Any]) -> None:
    assert "비건" in answer["recommend"]
    assert len({challenge["title"] for challenge in answer["challenges"]}) == 3
    for challenge in answer["challenges"]:
        assert 1 <= len(unicodedata.normalize("NFC", challenge["title"])) <= 10
        assert challenge["description"]
        assert (challenge["category"], challenge["label"]) == ("VEGAN", "비건")


@pytest.fixture(scope="module")
def streams() -> dict[str, list[Event]]:
    """The events of each model's stream, after a test has read it."""
    return {}


@pytest.mark.parametrize("model", MISBEHAVIOURS)
def test_every_misbehaviour_ends_in_an_answer(
    settings: Settings, caplog: pytest.LogCaptureFixture, streams: dict[str, list[Event]], model: str
) -> None:
    settings.LEAFRESH_CHAT_MODEL = f"openai:{model}"
    events = streams[model] = async_to_sync(streamed)()
    assert [event.number for event in events] == list(range(1, len(events) + 1))
    assert [event.name for event in events if event.name in {"close", "error"}] == ["close"]
    keeps_contract(events[-1].payload)
    assert tokens(events) == laid_out(events[-1].payload)
    status, envelope = async_to_sync(posted)()
    assert status == 200
    keeps_contract(envelope["data"])
    for row in Generation.objects.all():
        assert row.outcome == Outcome.COMPLETED
        assert SECRET not in str(vars(row))
    assert SECRET not in caplog.text
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize(
    ("model", "enforcement", "mends"),
    [
        ("normal", Enforcement.AS_IT_CAME, {}),
        ("fenced_with_prose", Enforcement.AS_IT_CAME, {}),
        ("thinks_first", Enforcement.AS_IT_CAME, {}),
        ("challenges_as_string", Enforcement.MENDED, {"challenges_as_string": 1}),
        ("long_titles", Enforcement.MENDED, {"title": 3}),
        ("numbered_titles", Enforcement.MENDED, {"title": 3}),
        ("four_challenges", Enforcement.MENDED, {"superfluous": 1}),
        ("ten_challenges", Enforcement.MENDED, {"superfluous": 7}),
        ("emoji_split", Enforcement.MENDED, {"emoji": 1}),
        ("single_quotes", Enforcement.REPAIRED, {}),
        ("two_then_the_third", Enforcement.ASKED_AGAIN, {}),
        ("two_challenges", Enforcement.FILLED, {"repetition": 2}),
        ("english_challenges", Enforcement.FILLED, {"foreign_challenge": 2, "repetition": 2}),
        ("truncated", Enforcement.FILLED, {"repetition": 1}),
    ],
)
def test_what_was_done_is_stored(
    settings: Settings, model: str, enforcement: Enforcement, mends: dict[str, int]
) -> None:
    settings.LEAFRESH_CHAT_MODEL = f"openai:{model}"
    async_to_sync(streamed)()
    row = Generation.objects.get()
    assert (row.source, row.enforcement, row.mends) == (f"openai:{model}", enforcement, mends)


def test_a_good_answer_comes_as_it_is_with_its_usage(settings: Settings, provider: Provider) -> None:
    settings.LEAFRESH_CHAT_MODEL = "openai:normal"
    close = async_to_sync(streamed)()[-1]
    expected = [{**challenge, "label": "비건"} for challenge in ANSWER["challenges"]]
    assert close.payload == {"kind": "recommendation", "recommend": ANSWER["recommend"], "challenges": expected}
    row = Generation.objects.get()
    assert (row.tokens_in, row.tokens_out) == (321, 123)
    assert json.loads(row.raw_text) == ANSWER
    assert row.tried == [{"source": "openai:normal", "error": ""}]
    asked = provider.requests[-1]
    assert asked["stream"] is True
    assert asked["response_format"]["json_schema"]["name"] == "answer"
    assert [message["role"] for message in asked["messages"]] == ["system", "user"]


@pytest.mark.parametrize(
    ("model", "error"),
    [
        ("empty", "openai:empty: the text ended before the answer was complete"),
        ("whitespace_forever", "openai:whitespace_forever: no token within 2 s"),
        ("late", "openai:late: no token within 2 s"),
        ("status_401", "openai:status_401: HTTP 401"),
        ("status_429", "openai:status_429: HTTP 429"),
        ("never_stops", "openai:never_stops: more than 16384 bytes"),
        ("refusal", "openai:refusal: the text ended before the answer was complete"),
    ],
)
def test_a_failure_before_the_first_character_moves_on_unseen(settings: Settings, model: str, error: str) -> None:
    settings.LEAFRESH_CHAT_MODEL = f"openai:{model}"
    settings.LEAFRESH_FALLBACK_MODELS = ["openai:normal"]
    events = async_to_sync(streamed)()
    assert events[-1].payload["recommend"] == ANSWER["recommend"]
    assert "rewrite" not in {event.name for event in events}
    assert [event.payload for event in events if event.name == "notice"] == [
        {"kind": "fallback", "source": "openai:normal"}
    ]
    row = Generation.objects.get()
    assert row.tried == [{"source": f"openai:{model}", "error": error}, {"source": "openai:normal", "error": ""}]
    assert (row.source, row.enforcement) == ("openai:normal", Enforcement.AS_IT_CAME)


def test_only_unfinished_text_is_rewritten(settings: Settings, streams: dict[str, list[Event]]) -> None:
    broken_off = {"truncated", "cut_at_first_character", "cut_after", "silent_in_the_middle"}
    for model in sorted(set(MISBEHAVIOURS) - broken_off - {"late", "whitespace_forever"}):
        if model not in streams:
            settings.LEAFRESH_CHAT_MODEL = f"openai:{model}"
            streams[model] = async_to_sync(streamed)()
            Generation.objects.all().delete()
        assert "rewrite" not in {event.name for event in streams[model]}, model


FAILING = ["empty", "late", "status_400", "status_401", "status_429", "status_500", "cut_after", "truncated", "refusal"]


@pytest.mark.parametrize("model", FAILING)
def test_without_the_catalogue_a_failure_is_one_error(settings: Settings, model: str) -> None:
    settings.LEAFRESH_CHAT_MODEL = f"openai:{model}"
    settings.LEAFRESH_CATALOG_LAST = False
    events = async_to_sync(streamed)()
    assert [event.name for event in events if event.name in {"close", "error"}] == ["error"]
    failed = {"status": 502, "message": "AI 서버로부터 추천 결과를 받아오는 데 실패했습니다.", "data": None}
    assert events[-1].envelope == failed
    assert async_to_sync(posted)() == (502, failed)


def test_a_model_that_refuses_a_schema_is_asked_in_words(settings: Settings, provider: Provider) -> None:
    settings.LEAFRESH_CHAT_MODEL = "openai:no_schema"
    for _ in range(2):
        async_to_sync(streamed)()
    asked = [body for body in provider.requests if body["model"] == "no_schema"]
    assert ["response_format" in body for body in asked[-2:]] == [False, False]
    assert {row.enforcement for row in Generation.objects.all()} <= {Enforcement.AS_IT_CAME, Enforcement.FILLED}


def test_a_call_that_waits_too_long_for_its_turn_is_asked_to_come_back(settings: Settings) -> None:
    settings.LEAFRESH_CHAT_MODEL = "openai:slow"
    settings.LEAFRESH_MODEL_CONCURRENCY = 1
    settings.LEAFRESH_MODEL_QUEUE_SECONDS = 0.1

    async def both() -> tuple[int, str]:
        client = AsyncClient()
        first: Any = await client.get(BASE_INFO, {**SELECTION, "sessionId": "first"})
        second = await client.post(
            BASE_INFO, data=json.dumps({**SELECTION, "category": "플로깅"}), content_type="application/json"
        )
        async for _ in first.streaming_content:
            pass
        return second.status_code, second["Retry-After"]

    assert async_to_sync(both)() == (503, "5")


def test_a_400_for_another_reason_does_not_give_up_the_schema(settings: Settings, provider: Provider) -> None:
    settings.LEAFRESH_CHAT_MODEL = "openai:status_400"
    for _ in range(2):
        async_to_sync(streamed)()
    asked = [body for body in provider.requests if body["model"] == "status_400"]
    assert ["response_format" in body for body in asked[-4:]] == [True, False, True, False]


def test_waiting_for_a_turn_is_not_leaving(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chatbot.generation.registry.FIRST_SUBSCRIBER_SECONDS", 0.2)
    settings.LEAFRESH_CHAT_MODEL = "openai:slow"
    settings.LEAFRESH_MODEL_CONCURRENCY = 1
    settings.LEAFRESH_MODEL_QUEUE_SECONDS = 20
    settings.LEAFRESH_ABANDON_SECONDS = 0.2

    async def both() -> list[int]:
        client = AsyncClient()
        bodies = [json.dumps({**SELECTION, "category": category}) for category in ("비건", "플로깅")]
        waiting = [client.post(BASE_INFO, data=body, content_type="application/json") for body in bodies]
        return [response.status_code for response in await asyncio.gather(*waiting)]

    assert async_to_sync(both)() == [200, 200]


def test_a_prompt_version_brings_its_own_model_settings(settings: Settings, provider: Provider) -> None:
    settings.LEAFRESH_CHAT_MODELS = ["openai:normal"]
    make_live(make_version(model="openai:normal", temperature=0.3, max_tokens=300))
    async_to_sync(streamed)()
    asked = provider.requests[-1]
    assert (asked["model"], asked["temperature"], asked["max_completion_tokens"]) == ("normal", 0.3, 300)
    assert Generation.objects.get().source == "openai:normal"
    with pytest.raises(InvalidPrompt, match="model openai:other"):
        make_version(model="openai:other")


@pytest.mark.parametrize(("mode", "with_schema"), [("auto", True), ("json_schema", True), ("wording", False)])
def test_how_the_schema_is_asked_for_is_set_per_model(
    settings: Settings, provider: Provider, mode: str, with_schema: bool
) -> None:
    settings.LEAFRESH_CHAT_MODEL = "openai:normal"
    settings.LEAFRESH_SCHEMA_MODE = {"openai:normal": mode}
    async_to_sync(streamed)()
    assert ("response_format" in provider.requests[-1]) is with_schema


def test_the_doctor_tries_the_configured_models_with_a_real_call(settings: Settings) -> None:
    settings.LEAFRESH_CHAT_MODEL = "openai:status_401"
    settings.LEAFRESH_FALLBACK_MODELS = ["openai:normal"]
    refused, written, catalogue = check_providers(timeout=10)
    # The doctor asks for the first category, and this provider always speaks of another: repaired, with a warning.
    assert levels([refused, written, catalogue]) == ["fault", "warning", "ok"]
    assert "openai:status_401: HTTP 401" in refused.msg
    assert SECRET not in str((refused, written))
