"""Checks as the editor's script starts, follows and stops them."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import AsyncClient
from pytest_django import Settings

from chatbot.models import CheckStatus, PromptCheck, PromptSample
from chatbot.providers.configured import provider_names
from chatbot.runtime import runtime
from tests.chatbot.admin.studio.asking import address, aget, apost, at, save, signed_in, until
from tests.prompts import CONTENT, base_info, checked

pytestmark = pytest.mark.django_db

CHANGED = "The draft has changed in the meantime. Load the page again."


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


async def test_unmet_expectations_are_shown_as_sentences(script: AsyncClient) -> None:
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
    await runtime().registry.drain()
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
