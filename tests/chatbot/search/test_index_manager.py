import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.db import DatabaseError

from challenges.models import Challenge
from chatbot.nlu.morphemes import MorphemeAnalyser
from chatbot.search import index_manager, terms
from chatbot.search.index import Index
from tests.chatbot.search.conftest import Ask
from tests.chatbot.search.rows import challenge

BUILD = index_manager.build
"""As it is, whatever a test puts in its place."""

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("manager")]


class HeldBuilds:
    """Builds that wait until the test releases them, and may fail."""

    def __init__(self) -> None:
        self.begun = 0
        self.let_go = asyncio.Event()
        self.error: Exception | None = None

    async def build(self, **of: Any) -> Index:
        self.begun += 1
        await self.let_go.wait()
        if self.error is not None:
            raise self.error
        return await BUILD(**of)


@pytest.fixture
def hold(monkeypatch: pytest.MonkeyPatch) -> Callable[[], HeldBuilds]:
    """Holds builds from now on, and searches do not wait for them."""

    def hold() -> HeldBuilds:
        held = HeldBuilds()
        monkeypatch.setattr(index_manager, "build", held.build)
        monkeypatch.setattr(index_manager, "FRESH_WAIT_SECONDS", 0.01)
        return held

    return hold


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One entry for each build so far."""
    builds: list[int] = []

    async def build(**of: Any) -> Index:
        builds.append(1)
        return await BUILD(**of)

    monkeypatch.setattr(index_manager, "build", build)
    return builds


async def camel(title: str) -> Challenge:
    return await sync_to_async(challenge)(title, "낙타를 그려 보세요.")


async def until(true: Callable[[], bool]) -> None:
    while not true():
        await asyncio.sleep(0.01)


async def test_an_index_serves_until_something_changes(ask: Ask, counted: list[int]) -> None:
    await asyncio.gather(*[ask("우유팩") for _ in range(5)])
    await ask("텀블러")
    assert len(counted) == 1
    await camel("낙타 그리기")
    await asyncio.gather(*[ask("낙타") for _ in range(5)])
    assert len(counted) == 2


async def test_the_old_index_serves_while_the_new_one_is_built(ask: Ask, hold: Callable[[], HeldBuilds]) -> None:
    await ask("우유팩")
    held = hold()
    await camel("낙타 그리기")
    assert await ask("낙타") == []
    assert (await ask("우유팩"))[0].title == "우유팩 펼쳐 말리기"
    assert held.begun == 1
    held.let_go.set()
    await until(lambda: not [task for task in asyncio.all_tasks() if task.get_name() == "retrieval index"])
    assert [found.title for found in await ask("낙타")] == ["낙타 그리기"]
    assert held.begun == 1


async def test_a_change_during_a_build_is_built_after_it(ask: Ask, hold: Callable[[], HeldBuilds]) -> None:
    await ask("우유팩")
    held = hold()
    await camel("낙타 그리기")
    await ask("낙타")
    await camel("낙타 만들기")
    await ask("낙타")
    assert held.begun == 1
    held.let_go.set()
    await until(lambda: held.begun == 2)
    await until(lambda: not [task for task in asyncio.all_tasks() if task.get_name() == "retrieval index"])
    assert {found.title for found in await ask("낙타")} == {"낙타 그리기", "낙타 만들기"}
    assert held.begun == 2


async def test_a_failing_build_keeps_the_old_index(
    ask: Ask, hold: Callable[[], HeldBuilds], caplog: pytest.LogCaptureFixture
) -> None:
    await ask("우유팩")
    held = hold()
    held.error = DatabaseError("the disk is full")
    held.let_go.set()
    await camel("낙타 그리기")
    with caplog.at_level(logging.ERROR):
        assert (await ask("우유팩"))[0].title == "우유팩 펼쳐 말리기"
        await until(lambda: bool(caplog.records))
    assert "could not be built" in caplog.text
    held.error = None
    await ask("낙타")
    await until(lambda: not [task for task in asyncio.all_tasks() if task.get_name() == "retrieval index"])
    assert [found.title for found in await ask("낙타")] == ["낙타 그리기"]


async def test_without_any_index_nothing_is_found(
    ask: Ask, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def down() -> int:
        raise DatabaseError("the connection is lost")

    monkeypatch.setattr(index_manager, "read_keys", down)
    assert await ask("우유팩") == []
    assert "the connection is lost" in caplog.text
    monkeypatch.undo()
    assert (await ask("우유팩"))[0].title == "우유팩 펼쳐 말리기"


async def test_unchanged_texts_are_not_analysed_again(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    analysed: list[str] = []

    def counted(analyser: MorphemeAnalyser, texts: Sequence[tuple[str, str]]) -> list[list[str]]:
        analysed.extend(title for title, _ in texts)
        return terms.index_words(analyser, texts)

    await ask("우유팩")
    monkeypatch.setattr(index_manager, "index_words", counted)
    await camel("낙타 그리기")
    await ask("낙타")
    assert analysed == ["낙타 그리기"]


def test_a_build_that_its_loop_left_behind_is_begun_again(
    ask: Ask, hold: Callable[[], HeldBuilds], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index_manager, "FIRST_WAIT_SECONDS", 0.01)
    hold()
    assert async_to_sync(ask)("우유팩") == []  # its loop ends here, and its build with it
    monkeypatch.undo()
    assert async_to_sync(ask)("우유팩")[0].title == "우유팩 펼쳐 말리기"
