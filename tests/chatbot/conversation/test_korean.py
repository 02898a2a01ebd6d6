"""How a server comes by its analyser, in a process of its own."""

import asyncio
import os
import signal
from collections.abc import Iterator
from dataclasses import replace

import psutil
import pytest

from challenges.catalog import Choice, Options
from chatbot.conversation import korean
from chatbot.conversation.analyser import LanguageGone, RemoteLanguage
from chatbot.conversation.korean import language_for, loaded, names_of
from chatbot.conversation.language import Language
from chatbot.recommending.commission import splitter


@pytest.fixture
def _fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As in a process that has not analysed anything yet."""
    monkeypatch.setattr(korean, "_keeper", korean.Keeper())
    yield
    monkeypatch.undo()


def kill(language: Language) -> None:
    assert isinstance(language, RemoteLanguage)
    assert language.pid is not None
    os.kill(language.pid, signal.SIGKILL)
    psutil.wait_procs([psutil.Process(language.pid)] if psutil.pid_exists(language.pid) else [], timeout=10)


def test_it_says_the_same_as_one_of_this_process(language: Language) -> None:
    remote = RemoteLanguage(language.names)
    for text in ("플로깅 말고 비건으로 바꿔줘", "\ud800", "", "비껀 🌱", "가" * 500):
        assert remote.morphemes(text) == language.morphemes(text)
    assert remote.content_words("우유팩은 어떻게 버려?") == language.content_words("우유팩은 어떻게 버려?")


def test_its_process_ends_with_it() -> None:
    remote = RemoteLanguage(frozenset())
    process = psutil.Process(remote.pid)
    del remote
    assert psutil.wait_procs([process], timeout=10)[1] == []


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
    language = await language_for(known)
    ticking.cancel()
    assert language.names == names_of(known)
    assert loaded() is language
    assert len(late) > 20  # loading in this process would leave room for one or two


@pytest.mark.usefixtures("_fresh")
async def test_new_names_make_a_new_one_while_the_old_one_serves(known: Options) -> None:
    first = await language_for(known)
    more = replace(known, categories={**known.categories, "WATER": Choice("WATER", "물살림")})
    assert await language_for(more) is first
    while (second := await language_for(more)) is first:
        await asyncio.sleep(0.05)
    assert "물살림" in [morpheme.form for morpheme in second.morphemes("물살림으로 바꿔줘")]


@pytest.mark.usefixtures("_fresh")
async def test_one_whose_process_was_killed_is_replaced(known: Options) -> None:
    first = await language_for(known)
    kill(first)
    with pytest.raises(LanguageGone):
        first.morphemes("비건")
    second = await language_for(known)
    assert second is not first
    assert second.morphemes("비건") != []


def test_titles_are_compared_roughly_when_it_is_gone() -> None:
    remote = RemoteLanguage(frozenset())
    kill(remote)
    assert list(splitter(remote)("텀블러를 쓰기")) == ["텀블러", "쓰"]
