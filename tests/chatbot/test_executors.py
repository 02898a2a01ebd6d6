"""Threads beside those of requests: bounded, and none of them asyncio's own."""

import ast
import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import ContextVar
from typing import Any

import pytest
from django.conf import settings

from chatbot import service
from chatbot.dialogue.base_info import BaseInfoRequest
from chatbot.dialogue.free_text import FreeTextRequest
from chatbot.errors import Busy
from chatbot.executors import BoundedExecutor

SOURCES = [
    path for package in ("leafresh", "challenges", "chatbot") for path in (settings.BASE_DIR / package).rglob("*.py")
]


async def test_what_is_full_refuses_and_takes_more_when_there_is_room() -> None:
    executor, let_go = BoundedExecutor("test", threads=1, waiting=1), threading.Event()
    calls = [asyncio.create_task(executor.run(let_go.wait, 30)) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(Busy):
        await executor.run(int)
    let_go.set()
    assert await asyncio.gather(*calls) == [True, True]
    assert await executor.run(int, "7") == 7


def test_threads_that_were_started_are_there_before_they_are_needed() -> None:
    executor = BoundedExecutor("started", threads=3, waiting=0)
    executor.start()
    assert sum(each.name.startswith("started") for each in threading.enumerate()) == 3
    assert executor.submit(int, "7").result() == 7
    assert not executor.full


async def test_who_waits_no_longer_makes_room() -> None:
    executor, let_go = BoundedExecutor("test", threads=1, waiting=1), threading.Event()
    running, waiting = (asyncio.create_task(executor.run(let_go.wait, 30)) for _ in range(2))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait({waiting})
    last = asyncio.create_task(executor.run(int, "7"))
    await asyncio.sleep(0)
    let_go.set()
    assert (await running, await last) == (True, 7)


async def test_work_has_the_context_of_who_wants_it() -> None:
    variable: ContextVar[str] = ContextVar("variable", default="")
    variable.set("mine")
    assert await BoundedExecutor("test", threads=1, waiting=0).run(variable.get) == "mine"


def _uses_of_the_default_executor(tree: ast.AST) -> Iterator[int]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        insensitive = any(
            each.arg == "thread_sensitive" and ast.unparse(each.value) != "True" for each in node.keywords
        )
        default = name == "run_in_executor" and ast.unparse(node.args[0]) == "None"
        if name == "to_thread" or insensitive or default:
            yield node.lineno


def test_nothing_is_written_for_the_default_executor() -> None:
    found = {
        f"{path.relative_to(settings.BASE_DIR)}:{line}"
        for path in SOURCES
        for line in _uses_of_the_default_executor(ast.parse(path.read_text("utf-8")))
    }
    assert found == set()


class _Untouchable(ThreadPoolExecutor):
    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> "Future[Any]":
        raise AssertionError(f"the default executor is used by {fn}")


@pytest.mark.django_db
async def test_nothing_that_answers_uses_the_default_executor() -> None:
    asyncio.get_running_loop().set_default_executor(_Untouchable())
    for request in (
        BaseInfoRequest("도시", "사무직", "제로웨이스트", "s"),
        FreeTextRequest("우유팩은 어떻게 버려?", "s"),
        FreeTextRequest("두 번째 거 자세히 알려줘", "s"),
        FreeTextRequest("양자역학이 뭐야?", "s"),
    ):
        close, *_ = await service.answer(request)
        assert close.recommend
