"""Fixtures that search in the same way as the service."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from challenges import catalog, revisions
from chatbot.nlu.analyser_manager import analyser_for, names_of
from chatbot.search import search as retrieval
from chatbot.search.index_manager import IndexManager
from chatbot.search.search import Found

Ask = Callable[..., Awaitable[list[Found]]]


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets searches wait for the new index even on a slow machine."""
    monkeypatch.setattr("chatbot.search.index_manager.FRESH_WAIT_SECONDS", 60.0)
    monkeypatch.setattr("chatbot.search.index_manager.FIRST_WAIT_SECONDS", 60.0)


@pytest.fixture(scope="session")
def kept_here() -> IndexManager:
    """A separate index manager. That of the process may still work for another test in another thread."""
    return IndexManager()


@pytest.fixture(autouse=True)
def _apart(kept_here: IndexManager, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrieval, "_manager", kept_here)


@pytest.fixture
def ask() -> Ask:
    """Searches the present rows of the database."""

    async def ask(question: str, **wanted: Any) -> list[Found]:
        tokens = await sync_to_async(revisions.read)()
        known = await sync_to_async(catalog.options.get)(tokens)
        while (analyser := await analyser_for(known)).names != names_of(known):
            await asyncio.sleep(0.05)  # another test's names are still served while those of this one are learned
        return await retrieval.search(question, analyser=analyser, known=known, revisions=tokens, **wanted)

    return ask


@pytest.fixture
def manager(monkeypatch: pytest.MonkeyPatch) -> IndexManager:
    """The manager for searches, without an index."""
    manager = IndexManager()
    monkeypatch.setattr(retrieval, "_manager", manager)
    return manager
