"""The analyser of a server in another process, and a server without one."""

import asyncio
import os
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

import psutil
import pytest
from pytest_django import Settings

from challenges.catalog import Choice, Options
from chatbot.nlu import analyser_manager, analyser_process
from chatbot.nlu.analyser_manager import TimeBudget, analyser_for, loaded, names_of, rough_analyser
from chatbot.nlu.analyser_process import AnalyserGone, AnalyserProcess, until
from chatbot.nlu.child_process import ChildProcess
from chatbot.nlu.morphemes import MorphemeAnalyser


@pytest.fixture(autouse=True)
def _share_analysers() -> None:
    """Each test has a separate analyser, because it stops or kills the process."""


@pytest.fixture(autouse=True)
def _quick(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """No kiwipiepy, but where a test says that it needs it."""
    if request.node.get_closest_marker("kiwi") is None:
        quick = partial(ChildProcess, "tests.chatbot.nlu.quick_process")
        monkeypatch.setattr(analyser_process, "ChildProcess", lambda _module: quick())


@pytest.fixture
def _fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As in a process that has not analysed anything yet."""
    fresh = analyser_manager.AnalyserManager()
    monkeypatch.setattr(analyser_manager, "_manager", fresh)
    yield
    monkeypatch.undo()
    fresh.close()


@pytest.fixture(autouse=True)
def _untaught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Learning takes seconds."""
    monkeypatch.setattr(AnalyserProcess, "learn", lambda self, topics: None)


def ready(names: frozenset[str]) -> AnalyserProcess:
    made = AnalyserProcess(names)
    made.load()
    return made


def pid_of(analyser: MorphemeAnalyser) -> int:
    assert isinstance(analyser, AnalyserProcess)
    return analyser.pid


def kill(analyser: MorphemeAnalyser) -> None:
    os.kill(pid_of(analyser), signal.SIGKILL)
    assert isinstance(analyser, AnalyserProcess)
    while analyser.alive:
        time.sleep(0.01)


async def morphemes(analyser: MorphemeAnalyser, text: str) -> list[str]:
    return [each.form for each in await TimeBudget().run(analyser, analyser.morphemes, text)]


@pytest.mark.kiwi
def test_it_gives_the_same_results_as_one_in_this_process(analyser: MorphemeAnalyser) -> None:
    remote = ready(analyser.names)
    texts = ["플로깅 말고 비건으로 바꿔줘", "\ud800", "", "비껀 🌱", "가" * 500]
    assert remote.analyse(texts) == analyser.analyse(texts)
    assert [remote.morphemes(text) for text in texts] == analyser.analyse(texts)
    assert remote.content_words("우유팩은 어떻게 버려?") == analyser.content_words("우유팩은 어떻게 버려?")
    assert remote.analyse([]) == []


def test_many_texts_are_few_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    remote, asked = ready(frozenset()), list[int]()

    def ask(what: str, texts: Sequence[str]) -> list[list[object]]:
        asked.append(len(texts))
        return [[] for _ in texts]

    monkeypatch.setattr(remote, "_ask", ask)
    remote.analyse(["텀블러를 챙겨 가기"] * 600)
    assert asked == [600]
    remote.analyse(["가" * 6000] * 3)
    assert asked == [600, 1, 1, 1]


def test_its_process_ends_with_it() -> None:
    remote = ready(frozenset())
    process = psutil.Process(remote.pid)
    del remote
    assert psutil.wait_procs([process], timeout=10)[1] == []


def test_a_stopped_one_is_killed_when_it_is_asked() -> None:
    remote = ready(frozenset())
    os.kill(remote.pid, signal.SIGSTOP)
    with pytest.raises(AnalyserGone):
        remote.morphemes("비건")
    assert not remote.alive
    with pytest.raises(AnalyserGone):
        remote.morphemes("비건")


@pytest.mark.kiwi
def test_one_that_does_not_answer_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    remote = ready(frozenset())
    monkeypatch.setattr(analyser_process, "HUNG_SECONDS", 0.001)
    with pytest.raises(AnalyserGone):
        remote.morphemes("비건" * 1000)
    assert not remote.alive


def test_one_that_is_stopped_while_it_loads_is_killed() -> None:
    remote = AnalyserProcess(frozenset())
    os.kill(remote.pid, signal.SIGSTOP)
    with pytest.raises(AnalyserGone):
        remote.load()
    assert not remote.alive


@pytest.mark.kiwi
def test_after_the_time_limit_the_caller_stops_and_the_analyser_stays() -> None:
    remote = ready(frozenset())
    with until(time.monotonic()), pytest.raises(AnalyserGone):
        remote.morphemes("비건")
    assert remote.morphemes("비건") != []


async def test_the_event_loop_may_not_wait_for_it() -> None:
    remote = AnalyserProcess(frozenset())
    with pytest.raises(RuntimeError, match="the event loop must not wait"):
        remote.morphemes("비건")


@pytest.mark.kiwi
@pytest.mark.usefixtures("_fresh")
async def test_the_event_loop_goes_on_while_it_is_made(known: Options) -> None:
    late: list[float] = []

    async def tick() -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + 0.01
            await asyncio.sleep(0.01)
            late.append(loop.time() - due)

    ticking = asyncio.create_task(tick())
    assert loaded() is None
    analyser = await analyser_for(known)
    ticking.cancel()
    assert analyser.names == names_of(known)
    assert loaded() is analyser
    assert len(late) > 20  # loading in this process would leave room for one or two


@pytest.mark.usefixtures("_fresh")
async def test_new_names_make_a_new_one_while_the_old_one_serves(known: Options) -> None:
    first = await analyser_for(known)
    more = replace(known, categories={**known.categories, "WATER": Choice("WATER", "물살림")})
    assert await analyser_for(more) is first
    while (second := await analyser_for(more)) is first:
        await asyncio.sleep(0.05)
    assert "물살림" in await morphemes(second, "물살림으로 바꿔줘")


@pytest.mark.usefixtures("_fresh")
async def test_one_whose_process_was_killed_is_replaced(known: Options) -> None:
    first = await analyser_for(known)
    kill(first)
    with pytest.raises(AnalyserGone):
        await morphemes(first, "비건")
    while (second := await analyser_for(known)).rough:
        await asyncio.sleep(0.05)
    assert second is not first
    assert await morphemes(second, "비건") != []


@pytest.mark.usefixtures("_fresh")
async def test_while_a_stopped_one_is_replaced_messages_are_understood_roughly(
    known: Options, settings: Settings
) -> None:
    first = await analyser_for(known)
    settings.LEAFRESH_ANALYSER_SECONDS = 0.3
    os.kill(pid_of(first), signal.SIGSTOP)
    with pytest.raises(AnalyserGone):
        await morphemes(first, "비건")
    assert rough_analyser(known).rough  # begins to make another
    assert loaded() is None
    rough = await analyser_for(known)
    assert (rough.rough, rough.names) == (True, names_of(known))
    assert await morphemes(rough, "비건") == ["비건"]
    assert await analyser_for(known) is rough  # what is prepared for it is kept
    settings.LEAFRESH_ANALYSER_SECONDS = 60
    while (second := await analyser_for(known)) is rough:
        await asyncio.sleep(0.05)
    assert second is loaded()
    assert await morphemes(second, "비건") != []


@pytest.mark.usefixtures("_fresh")
async def test_while_one_that_is_gone_is_replaced_no_message_waits(
    known: Options, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await analyser_for(known)
    may_load, load = threading.Event(), AnalyserProcess.load

    def load_later(made: AnalyserProcess) -> None:
        may_load.wait()
        load(made)

    monkeypatch.setattr(AnalyserProcess, "load", load_later)
    kill(first)
    budget = TimeBudget(60)
    assert [(await analyser_for(known, budget)).rough for _ in range(3)] == [True] * 3
    assert budget.left == 60
    may_load.set()
    while (await analyser_for(known)).rough:
        await asyncio.sleep(0.05)
    assert loaded() not in {None, first}


@pytest.mark.kiwi
@pytest.mark.django_db
@pytest.mark.usefixtures("_fresh")
async def test_a_server_may_make_it_before_the_first_message() -> None:
    await analyser_manager.warm()
    while loaded() is None:
        await asyncio.sleep(0.05)


@pytest.mark.kiwi
@pytest.mark.usefixtures("_fresh")
async def test_one_that_is_stopped_while_it_loads_is_replaced_for_the_same_message(known: Options) -> None:
    waiting = asyncio.create_task(analyser_for(known))
    manager = analyser_manager._manager
    while manager._process is None:
        await asyncio.sleep(0.01)
    stopped = manager._process
    os.kill(stopped.pid, signal.SIGSTOP)
    analyser = await waiting
    assert analyser is loaded()
    assert not stopped.alive


@pytest.mark.usefixtures("_fresh")
async def test_one_that_is_stopped_is_replaced_before_anybody_asks_it(known: Options) -> None:
    first = await analyser_for(known)
    os.kill(pid_of(first), signal.SIGSTOP)
    while (second := loaded()) in {None, first}:
        await asyncio.sleep(0.05)
    assert second is not None
    assert second.names == first.names
    assert not psutil.pid_exists(pid_of(first))


@pytest.mark.usefixtures("_fresh")
async def test_the_replacement_is_logged_once(known: Options, caplog: pytest.LogCaptureFixture) -> None:
    first = await analyser_for(known)
    more = replace(known, categories={**known.categories, "WATER": Choice("WATER", "물살림")})
    while (second := await analyser_for(more)) is first:
        await asyncio.sleep(0.05)
    assert caplog.messages == []  # new names are no fault
    os.kill(pid_of(second), signal.SIGSTOP)
    while loaded() in {None, second}:
        await analyser_for(more)
        rough_analyser(more)
        await asyncio.sleep(0.05)
    assert [(it.levelname, it.name, it.getMessage()) for it in caplog.records] == [
        (
            "WARNING",
            "chatbot.nlu.analyser_manager",
            "The analyser hung or its process ended: another one is loaded. "
            "Until then messages are understood roughly.",
        )
    ]


@pytest.mark.usefixtures("_fresh")
async def test_a_message_waits_for_so_long_in_all(known: Options) -> None:
    analyser, budget = await analyser_for(known), TimeBudget(0.2)
    with pytest.raises(AnalyserGone):
        await budget.run(analyser, time.sleep, 0.5)
    assert budget.left == 0
    with pytest.raises(AnalyserGone):
        await budget.run(analyser, analyser.morphemes, "비건")
    assert await morphemes(analyser, "비건") != []


@pytest.mark.usefixtures("_fresh")
async def test_a_server_that_ends_waits_for_none(known: Options) -> None:
    analyser = await analyser_for(known)
    os.kill(pid_of(analyser), signal.SIGSTOP)
    process = psutil.Process(pid_of(analyser))
    analyser_manager.close()
    assert psutil.wait_procs([process], timeout=10)[1] == []
    assert (await analyser_for(known)).rough
