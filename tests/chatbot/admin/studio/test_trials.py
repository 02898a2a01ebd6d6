"""Trials: the editor's script starts, follows and stops them; and the sides of a trial."""

import asyncio
import uuid
from typing import Any

import pytest
from asgiref.sync import AsyncToSync, sync_to_async
from django.contrib.auth.models import User
from django.http import Http404, StreamingHttpResponse
from django.test import AsyncClient
from django.utils import translation

from chatbot.admin.studio import endpoints
from chatbot.admin.studio.trials import side, side_label
from chatbot.dialogue.base_info import BaseInfoRequest
from chatbot.models import Generation, PromptCheck, PromptTemplate, Purpose
from chatbot.prompts.content import Prompt, PromptContent
from chatbot.prompts.drafts import save_draft
from chatbot.runtime import runtime
from tests.chatbot.admin.studio.asking import SELECTION, aget, apost, at, until
from tests.generations import recommend
from tests.prompts import CONTENT, base_info, content, make_live, make_version

pytestmark = pytest.mark.django_db

SIDES = {"left": "live", "right": "draft", **SELECTION}


async def test_a_person_has_a_number_of_trials_in_a_minute(
    script: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoints, "TRIALS_PER_MINUTE", 2)
    asked = [await apost(script, await at("trials"), SIDES) for _number in range(3)]
    assert [envelope["status"] for envelope in asked] == [200, 200, 429]
    assert asked[2]["message"] == "That was 2 trials within a minute. Wait a moment before the next one."
    assert await Generation.objects.acount() == 4
    for envelope in asked[:2]:
        await until(lambda envelope=envelope: aget(script, envelope["data"]["left"]["report"]))  # type: ignore[misc]


async def test_both_sides_write_with_the_same_chances(script: AsyncClient) -> None:
    envelope = await apost(script, await at("trials"), SIDES)
    sides = envelope["data"]
    assert sides.pop("understood") == {"intent": "", "reasons": [], "withoutModel": ""}
    assert (envelope["status"], {name: begun["label"] for name, begun in sides.items()}) == (
        200,
        {"left": "base-info@1 (live)", "right": "Draft"},
    )
    reports = {}
    for name, begun in sides.items():
        reports[name] = await until(lambda begun=begun: aget(script, begun["report"]))  # type: ignore[misc]
        assert begun["events"] == await at("trial_events", begun["id"])
        assert begun["stop"] == f"/api/chatbot/generations/{begun['id']}/stop"
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
    rows = [await Generation.objects.aget(pk=begun["id"]) for begun in sides.values()]
    assert [(row.purpose, row.prompt_version_id is None, row.category) for row in rows] == [
        (Purpose.TRIAL, False, "VEGAN"),
        (Purpose.TRIAL, True, "VEGAN"),
    ]
    assert rows[0].seed == rows[1].seed


async def test_a_trial_streams_what_clients_get(script: AsyncClient) -> None:
    shown = (await apost(script, await at("trials"), SIDES))["data"]["right"]
    response = await script.get(shown["events"])
    assert isinstance(response, StreamingHttpResponse)
    assert response.headers["Content-Type"].startswith("text/event-stream")
    frames = "".join([chunk.decode() async for chunk in response])
    names = [line.removeprefix("event: ") for line in frames.splitlines() if line.startswith("event: ")]
    assert [name for name in names if name in {"start", "close"}] == ["start", "close"]
    assert '"promptVersion": "base-info@draft"' in frames.replace('":"', '": "')
    await until(lambda: aget(script, shown["report"]))
    last = [line for line in frames.splitlines() if line.startswith("id: ")][-1].removeprefix("id: ")
    again = await script.get(shown["events"], headers={"last-event-id": last})
    assert again.status_code == 204
    for cursor in ("x", "<script>", "9" * 500):
        assert (await script.get(shown["events"], headers={"last-event-id": cursor})).status_code in {200, 204}
    await runtime().registry.drain()


async def test_what_begins_with_a_subscription_outlives_the_request(
    script: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a cluster the process follows another one from then on, for all its subscribers."""
    begun: list[asyncio.Task[int]] = []

    async def works_later() -> int:
        await asyncio.sleep(0.05)
        return await sync_to_async(Generation.objects.count)()

    async def open_stream(generation_id: uuid.UUID, after: int) -> None:
        begun.append(asyncio.create_task(works_later()))

    shown = (await apost(script, await at("trials"), SIDES))["data"]["right"]
    monkeypatch.setattr("chatbot.evaluation.trial.open_stream", open_stream)
    AsyncToSync.executors.current = None  # in a server no thread waits for the loop, as pytest's does here
    assert (await script.get(shown["events"])).status_code == 204
    assert await begun[0] == 2
    await runtime().registry.drain()


async def test_what_people_are_answered_is_no_trial(script: AsyncClient) -> None:
    generation, _ = await recommend(BaseInfoRequest("도시", "사무직", "비건", "someone"))
    response = await script.get(await at("trial_events", str(generation.id)))
    assert response.status_code == 404
    await generation.ended.wait()


@pytest.mark.parametrize(
    ("changes", "status", "words"),
    [
        ({"left": "<script>"}, 404, "This no longer exists. Load the page again."),
        ({"right": "99"}, 404, "This no longer exists. Load the page again."),
        ({"right": "9" * 5000}, 404, "This no longer exists. Load the page again."),
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


# --- sides -----------------------------------------------------------------------------------------------------------


def test_a_side_is_the_draft_what_is_live_or_a_version() -> None:
    first = base_info().live_version
    assert first is not None
    version = make_version()
    make_live(version)
    draft = content(system_text="초안")
    save_draft(template=base_info(), revision=0, content=draft, by=None)
    sides = {name: side(base_info(), name) for name in ("draft", "live", "1", "2")}
    live = Prompt("base-info", version.pk, "base-info@2", CONTENT)
    assert sides == {
        "draft": Prompt("base-info", None, "base-info@draft", draft),
        "live": live,
        "1": Prompt("base-info", first.pk, "base-info@1", PromptContent.of(first)),
        "2": live,
    }
    with translation.override("en"):
        assert {name: side_label(base_info(), name, found) for name, found in sides.items()} == {
            "draft": "Draft",
            "live": "base-info@2 (live)",
            "1": "base-info@1",
            "2": "base-info@2 (live)",
        }


@pytest.mark.parametrize("name", ["", "live ", "0", "-1", "3", "1.0", "²", "٢", "9" * 10, "9" * 5000, "Draft"])
def test_other_names_mean_nothing(name: str) -> None:
    with pytest.raises(Http404):
        side(base_info(), name)


def test_a_version_of_another_template_is_none_of_this_one() -> None:
    other = PromptTemplate.objects.create(key="other")
    with pytest.raises(Http404):
        side(other, "1")
    with pytest.raises(Http404):
        side(other, "live")
    assert side(other, "draft").content == PromptContent("", "")
