"""The analyser in a process of its own: kiwipiepy holds Python's global lock for seconds while it loads and before its
first analysis, which would hold up every stream of the process."""

import multiprocessing
import signal
import threading
import weakref
from multiprocessing.connection import Connection
from typing import Any

from chatbot.conversation.language import Language, Morpheme

Token = tuple[str, str, int, int, bool]


class LanguageGone(Exception):
    """The analyser's process has ended: another one has to be made."""


class RemoteLanguage(Language):
    """The same as ``Language``, asked over a pipe: about 0.1 ms more for a message, half a gigabyte elsewhere.

    Making one takes seconds and blocks. The process ends when the object is no longer used, or this process ends.
    """

    def __init__(self, names: frozenset[str]) -> None:
        self.names = names
        self._lock = threading.Lock()
        self._gone = False
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=serve, args=(theirs, names), daemon=True, name="analyser")
        self._process.start()
        theirs.close()
        weakref.finalize(self, _end, self._process, self._connection)
        self.morphemes("준비")  # answered once it is loaded

    @property
    def alive(self) -> bool:
        return not self._gone and self._process.is_alive()

    @property
    def pid(self) -> int | None:
        """The process that analyses."""
        return self._process.pid

    def morphemes(self, text: str) -> list[Morpheme]:
        """As ``Language.morphemes``. Raises LanguageGone."""
        with self._lock:
            try:
                self._connection.send(text)
                tokens: list[Token] = self._connection.recv()
            except (EOFError, OSError) as error:
                self._gone = True
                raise LanguageGone from error
        return [Morpheme(*token) for token in tokens]


def _end(process: Any, connection: Connection) -> None:
    process.terminate()
    process.join()
    connection.close()


def serve(connection: Connection, names: frozenset[str]) -> None:
    """Analyses texts until the other side is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in a terminal is meant for the server
    language = Language(names)
    while True:
        try:
            text = connection.recv()
        except EOFError:
            return
        found = language.morphemes(text)
        connection.send([(each.form, each.tag, each.start, each.end, each.known) for each in found])
