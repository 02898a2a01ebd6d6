"""Trials and checks as the editor's script starts, follows and stops them."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from asgiref.sync import AsyncToSync, sync_to_async
from django.contrib.auth.models import User
from django.http import StreamingHttpResponse
from django.test import AsyncClient
from pytest_django import Settings

from chatbot import service
from chatbot.dialogue.requests import BaseInfoRequest
from chatbot.evaluation import checks
from chatbot.generation.registry import registry
from chatbot.models import CheckStatus, Generation, PromptCheck, PromptSample, Purpose
from chatbot.prompts.drafts import save_draft
from chatbot.providers.configured import provider_names
from tests.chatbot.admin.studio.asking import SELECTION, address, aget, apost, member, save, signed_in
from tests.prompts import CONTENT, base_info, checked, content

pytestmark = pytest.mark.django_db

SIDES = {"left": "live", "right": "draft", **SELECTION}
CHANGED = "The draft has changed meanwhile: load the page again."


@pytest.fixture(autouse=True)
def _quick_signs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "SIGN_SECONDS", 0.01)


@pytest.fixture
def user() -> User:
    """An editor whose draft is ``CONTENT`` at revision 1."""
    user = member("Prompt editor")
    save_draft(template=base_info(), revision=0, content=CONTENT, by=user)
    return user


@pytest.fixture
def script(user: User) -> AsyncClient:
    client = AsyncClient()
    client.force_login(user)
    return client


async def at(name: str, *rest: object) -> str:
    return await sync_to_async(address)(name, *rest)


async def until(asked: Callable[[], Awaitable[Any]]) -> Any:
    """The first answer to ``asked`` that no longer says that it runs."""
    async with asyncio.timeout(60):
        while (found := await asked())["data"]["running"]:
            await asyncio.sleep(0.01)
    await registry().drain()
    return found["data"]


# --- trials ----------------------------------------------------------------------------------------------------------


async def test_both_sides_write_with_the_same_chances(script: AsyncClient) -> None:
    envelope = await apost(script, await at("trials"), SIDES)
    sides = envelope["data"]
    assert sides.pop("understood") == {"intent": "", "reasons": [], "withoutModel": ""}
    assert (envelope["status"], {name: side["label"] for name, side in sides.items()}) == (
        200,
        {"left": "base-info@1 (live)", "right": "Draft"},
    )
    reports = {}
    for name, side in sides.items():
        reports[name] = await until(lambda side=side: aget(script, side["report"]))  # type: ignore[misc]
        assert side["events"] == await at("trial_events", side["id"])
        assert side["stop"] == f"/api/chatbot/generations/{side['id']}/stop"
    for report in reports.values():
        assert isinstance(report.pop("firstTokenMs"), int)
        assert isinstance(report.pop("durationMs"), int)
        assert report.pop("raw")
        assert report == {
            "running": False,
            "outcome": "completed",
            "error": "",
            "source": "catalog",
            "errors": [],
            "kept": "as it came",
            "kind": "",
            "mends": "nothing",
            "tokensIn": None,
            "tokensOut": None,
        }
    rows = [await Generation.objects.aget(pk=side["id"]) for side in sides.values()]
    assert [(row.purpose, row.prompt_version_id is None, row.category) for row in rows] == [
        (Purpose.TRIAL, False, "VEGAN"),
        (Purpose.TRIAL, True, "VEGAN"),
    ]
    assert rows[0].seed == rows[1].seed


async def test_a_trial_streams_what_clients_get(script: AsyncClient) -> None:
    side = (await apost(script, await at("trials"), SIDES))["data"]["right"]
    response = await script.get(side["events"])
    assert isinstance(response, StreamingHttpResponse)
    assert response.headers["Content-Type"].startswith("text/event-stream")
    frames = "".join([chunk.decode() async for chunk in response])
    names = [line.removeprefix("event: ") for line in frames.splitlines() if line.startswith("event: ")]
    assert [name for name in names if name in {"start", "close"}] == ["start", "close"]
    assert '"promptVersion": "base-info@draft"' in frames.replace('":"', '": "')
    await until(lambda: aget(script, side["report"]))
    last = [line for line in frames.splitlines() if line.startswith("id: ")][-1].removeprefix("id: ")
    again = await script.get(side["events"], headers={"last-event-id": last})
    assert again.status_code == 204
    for cursor in ("x", "<script>", "9" * 500):
        assert (await script.get(side["events"], headers={"last-event-id": cursor})).status_code in {200, 204}
    await registry().drain()


async def test_what_begins_with_listening_outlives_the_request(
    script: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a cluster another process is followed from then on, for whoever listens."""
    begun: list[asyncio.Task[int]] = []

    async def works_later() -> int:
        await asyncio.sleep(0.05)
        return await sync_to_async(Generation.objects.count)()

    async def listen(generation_id: uuid.UUID, after: int) -> None:
        begun.append(asyncio.create_task(works_later()))

    side = (await apost(script, await at("trials"), SIDES))["data"]["right"]
    monkeypatch.setattr("chatbot.evaluation.trial.listen", listen)
    AsyncToSync.executors.current = None  # in a server no thread waits for the loop, as pytest's does here
    assert (await script.get(side["events"])).status_code == 204
    assert await begun[0] == 2
    await registry().drain()


async def test_what_people_are_answered_is_no_trial(script: AsyncClient) -> None:
    generation, _ = await service.recommend(BaseInfoRequest("도시", "사무직", "비건", "someone"))
    response = await script.get(await at("trial_events", str(generation.id)))
    assert response.status_code == 404
    await generation.ended.wait()


@pytest.mark.parametrize(
    ("changes", "status", "words"),
    [
        ({"left": "<script>"}, 404, "It does not exist: load the page again."),
        ({"right": "99"}, 404, "It does not exist: load the page again."),
        ({"right": "9" * 5000}, 404, "It does not exist: load the page again."),
        ({"left": None}, 422, "left must be a text."),
        ({"category": 1}, 422, "category must be a text."),
        ({"category": "{{location}}"}, 400, "유효하지 않은 선택 항목이 포함되어 있습니다."),
        ({"location": "\ud800"}, 400, "유효하지 않은 선택 항목이 포함되어 있습니다."),
    ],
)
async def test_what_cannot_be_tried_is_refused(
    script: AsyncClient, changes: dict[str, Any], status: int, words: str
) -> None:
    envelope = await apost(script, await at("trials"), {**SIDES, **changes})
    assert (envelope["status"], envelope["message"]) == (status, words)
    assert not await Generation.objects.aexists()


async def test_a_draft_with_problems_starts_neither_side(script: AsyncClient) -> None:
    await sync_to_async(save_draft)(
        template=await sync_to_async(base_info)(), revision=1, content=content(system_text="{{mood}}"), by=None
    )
    assert (await apost(script, await at("trials"), SIDES))["status"] == 422
    assert (await apost(script, await at("checks"), {"revision": 2}))["status"] == 422
    assert not await Generation.objects.aexists()
    assert not await PromptCheck.objects.aexists()


async def test_scripts_that_are_signed_out_start_nothing(user: User) -> None:
    for name, body in {"trials": SIDES, "checks": {"revision": 1}}.items():
        envelope = await apost(AsyncClient(), await at(name), body)
        assert envelope == {"status": 401, "message": "You are signed out: sign in again.", "data": None}


@pytest.mark.parametrize("name", ["trials", "checks"])
async def test_coroutines_refuse_in_the_envelope_too(script: AsyncClient, name: str) -> None:
    to = await at(name)
    for body, status in {"{": 400, "[]": 400, "{}": 422, " " * 3_000_000: 413}.items():
        response = await script.post(to, body, content_type="application/json")
        assert response.status_code == status


# --- checks ----------------------------------------------------------------------------------------------------------


async def test_a_check_is_followed_to_its_end(script: AsyncClient) -> None:
    begun = (await apost(script, await at("checks"), {"revision": 1}))["data"]
    samples = await PromptSample.objects.filter(template__key="base-info").acount()
    assert (begun["status"], begun["running"], begun["startedBy"], begun["sources"], begun["total"]) == (
        *("running", True, "prompt-editor", "catalog", samples),
    )
    progress = await until(at_check(script, begun["id"]))
    runs = progress.pop("runs")
    assert progress.pop("startedAt")
    assert progress == {
        "id": begun["id"],
        "status": "passed",
        "statusText": "passed",
        "running": False,
        "startedBy": "prompt-editor",
        "sources": "catalog",
        "stale": "",
        "done": samples,
        "failed": 0,
        "total": samples,
    }
    first = runs[0]
    assert [run["position"] for run in runs] == list(range(1, samples + 1))
    assert (first["name"].count(" · "), first["passed"], first["reasons"], first["mends"]) == (2, True, [], "nothing")
    assert len(first["answer"]["challenges"]) == 3
    assert first["answer"]["challenges"][0]["title"] in first["raw"]


def at_check(script: AsyncClient, check: int) -> Callable[[], Awaitable[Any]]:
    async def ask() -> Any:
        return await aget(script, await at("check", check))

    return ask


async def test_what_is_not_as_expected_is_said_in_words(script: AsyncClient) -> None:
    await PromptSample.objects.filter(category="VEGAN").aupdate(contains=["<b>"], length_max=1)
    begun = (await apost(script, await at("checks"), {"revision": 1}))["data"]
    progress = await until(at_check(script, begun["id"]))
    failed = [run for run in progress["runs"] if not run["passed"]]
    assert (progress["status"], progress["statusText"], len(failed)) == ("failed", "not passed", 1)
    length = len(failed[0]["answer"]["recommend"])
    assert failed[0]["reasons"] == [
        "The answer does not contain “<b>”.",
        f"The sentence has {length} characters; at most 1 are expected.",
    ]


async def test_a_check_is_of_the_draft_that_the_script_has_seen(script: AsyncClient) -> None:
    for revision, status in {0: 409, 2: 409, -1: 422}.items():
        envelope = await apost(script, await at("checks"), {"revision": revision})
        assert envelope["status"] == status
        assert envelope["message"] == (CHANGED if status == 409 else "revision must be a whole number.")
    assert not await PromptCheck.objects.aexists()


async def test_a_check_is_stopped(script: AsyncClient, settings: Settings) -> None:
    settings.LEAFRESH_CATALOG_TOKEN_DELAY_MS = 1000
    begun = (await apost(script, await at("checks"), {"revision": 1}))["data"]
    again = (await apost(script, await at("checks"), {"revision": 1}))["data"]
    assert again["id"] == begun["id"]
    stopped = await apost(script, await at("check_stop", begun["id"]), {})
    assert (stopped["data"]["status"], stopped["data"]["statusText"]) == ("stopped", "stopped")
    await registry().drain()
    assert (await at_check(script, begun["id"])())["data"]["done"] == 0


def test_a_check_whose_process_died_is_interrupted(user: User) -> None:
    check = checked(base_info(), CONTENT, provider_names(), status=CheckStatus.RUNNING)
    PromptCheck.objects.update(seen_at="2020-01-01T00:00:00Z")
    client = signed_in(user)
    data = client.get(address("check", check.pk)).json()["data"]
    assert (data["running"], data["statusText"]) == (False, "interrupted: the server stopped")
    assert save(client)["gate"] == {
        "state": "shut",
        "text": "The check: interrupted: the server stopped.",
        "check": check.pk,
        "sources": "catalog",
    }
