"""Keeping the index true to the database."""

import asyncio
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass

from challenges.catalog import Options
from chatbot.nlu.morphemes import MorphemeAnalyser
from chatbot.search.building import build
from chatbot.search.index import Index

logger = logging.getLogger(__name__)

FIRST_WAIT_SECONDS = 15.0
"""How old a build may get before searches that have no index at all stop waiting for it."""

FRESH_WAIT_SECONDS = 1.0
"""How old a build may get before searches use the index that it is to replace."""


@dataclass(frozen=True)
class State:
    """What an index was made of, or is to be made of. ``tokens`` are those of the watched tables."""

    tokens: tuple[object, ...]
    analyser: MorphemeAnalyser
    known: Options

    @classmethod
    def at(cls, revisions: Mapping[str, str], analyser: MorphemeAnalyser, known: Options) -> "State":
        """A missing token is like no other: what was read without one is never known to be true."""
        tokens = tuple(revisions.get(name) or object() for name in ("corpus", "options"))
        return cls(tokens, analyser, known)

    def same(self, other: "State | None") -> bool:
        return other is not None and (self.tokens, self.analyser.names) == (other.tokens, other.analyser.names)


class IndexManager:
    """Owns the process's index and the one task that makes the next."""

    def __init__(self) -> None:
        self._index: Index | None = None
        self._made_of: State | None = None
        self._wanted: State | None = None
        self._builder: asyncio.Task[None] | None = None
        self._begun = 0.0

    @property
    def latest(self) -> Index | None:
        """The index that was built last, whatever has changed since."""
        return self._index

    async def index(self, wanted: State) -> Index | None:
        """The index of what is in the database, or an older one while that is being built; None when there is none.

        Nothing that goes wrong while it is built comes out here: it is logged, and the next call tries again.
        """
        if not wanted.same(self._made_of):
            self._wanted = wanted
            builder = self._building()
            if builder is not None:
                longest = FRESH_WAIT_SECONDS if self._index else FIRST_WAIT_SECONDS
                age = time.monotonic() - self._begun
                await asyncio.wait({builder}, timeout=max(0.0, longest - age))
        return self._index

    def _building(self) -> asyncio.Task[None] | None:
        """The running task, or a new one; None when it runs in another thread's loop."""
        loop = asyncio.get_running_loop()
        running = self._builder
        if running is not None and not running.done() and not running.get_loop().is_closed():
            return running if running.get_loop() is loop else None
        self._begun = time.monotonic()
        self._builder = loop.create_task(self._build(), name="retrieval index")
        return self._builder

    async def _build(self) -> None:
        """Builds until the index is what was wanted last."""
        try:
            while self._wanted is not None and not self._wanted.same(self._made_of):
                wanted = self._wanted
                self._begun = time.monotonic()
                same_names = self._made_of is not None and self._made_of.analyser.names == wanted.analyser.names
                before = self._index if same_names else None
                self._index = await build(analyser=wanted.analyser, known=wanted.known, before=before)
                self._made_of = wanted
        except Exception:  # nobody awaits it: the index of before goes on
            logger.exception("the index of challenges and documents could not be built")
