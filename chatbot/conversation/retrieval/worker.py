"""A process of low priority that does the long computations of a large index: in a thread they would delay every
stream, for morphemes and ranking are computed under Python's global lock."""

import multiprocessing
import os
import signal
from collections.abc import Sequence
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:  # the new process has no Django when it imports this module
    from chatbot.conversation.retrieval.analysis import Analysis
    from chatbot.conversation.retrieval.ranking import Ranking

NICENESS = 10


class Worker:
    """Lives as long as one build. Half a gigabyte while it analyses texts.

    Methods block until the process has answered; EOFError or OSError means that it is gone.
    """

    def __init__(self, names: frozenset[str]) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, names), daemon=True, name="retrieval index")
        self._process.start()
        theirs.close()

    def index_words(self, texts: Sequence[tuple[str, str]]) -> list[list[str]]:
        """The words under which each title and text is found."""
        return cast("list[list[str]]", self._ask("words", texts))

    def ranking(self, analysis: "Analysis") -> "Ranking":
        return cast("Ranking", self._ask("ranking", analysis))

    def _ask(self, what: str, of: Any) -> Any:
        self._connection.send((what, of))
        return self._connection.recv()

    def close(self) -> None:
        self._process.terminate()
        self._process.join()
        self._connection.close()


def _serve(connection: Connection, names: frozenset[str]) -> None:
    """Answers until the other side is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in a terminal is meant for the server
    os.nice(NICENESS)
    import django

    django.setup()
    from chatbot.conversation.language import Language
    from chatbot.conversation.retrieval.ranking import Ranking
    from chatbot.conversation.retrieval.terms import index_words

    language: Language | None = None
    while True:
        try:
            what, of = connection.recv()
        except EOFError:
            return
        if what == "ranking":
            connection.send(Ranking(of))
        else:
            language = language or Language(names)
            connection.send([index_words(language, title, text) for title, text in of])
