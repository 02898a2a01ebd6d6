"""The analyser of this server: made with the first message, and again when the names change that it should know."""

import asyncio
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from unicodedata import normalize

from challenges.catalog import Choice, Options
from chatbot.conversation.analyser import RemoteLanguage
from chatbot.conversation.language import Language


def names_of(known: Options) -> frozenset[str]:
    """The labels, aliases and keywords of everything that can be picked."""

    def words(choices: Iterable[Choice]) -> Iterable[str]:
        return (word for choice in choices for word in (choice.label, *choice.aliases, *choice.keywords))

    kinds = (known.categories, known.locations, known.work_types)
    return frozenset(normalize("NFC", word) for kind in kinds for word in words(kind.values()))


class Keeper:
    """Owns the analyser. It is made in the background; a new one replaces it when the names changed, or it is gone."""

    def __init__(self) -> None:
        self._ready: RemoteLanguage | None = None
        self._maker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="language")
        self._making: tuple[frozenset[str], Future[RemoteLanguage]] | None = None

    @property
    def ready(self) -> RemoteLanguage | None:
        """The analyser, if there is one that can be asked."""
        return self._ready if self._ready is not None and self._ready.alive else None

    async def get(self, names: frozenset[str]) -> Language:
        """The analyser. The first is waited for; while another one is made for new names, the old one serves."""
        ready = self.ready
        if ready is not None and ready.names == names:
            return ready
        making = self._making
        if making is None or making[0] != names or (making[1].done() and ready is None):
            making = self._making = (names, self._maker.submit(self._make, names))
        if ready is not None:
            return ready
        return await asyncio.wrap_future(making[1])

    def _make(self, names: frozenset[str]) -> RemoteLanguage:
        self._ready = RemoteLanguage(names)
        return self._ready


_keeper = Keeper()


async def language_for(known: Options) -> Language:
    """The analyser that knows the names of what can be picked. Raises LanguageGone when none can be made."""
    return await _keeper.get(names_of(known))


def loaded() -> Language | None:
    """The analyser if this server has one already: nobody waits for it, nothing is loaded."""
    return _keeper.ready
