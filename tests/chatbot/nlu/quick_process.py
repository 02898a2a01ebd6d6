"""What the tests of an analyser's life have in the place of kiwipiepy, which takes a second of processor time to load:
the same process, with the same answers over its pipe, that knows only names and words."""

from multiprocessing.connection import Connection


def serve(connection: Connection) -> None:
    """As ``chatbot.nlu.analyser_process`` does. A word is its longest name, and as a whole where it has none."""
    names = sorted(connection.recv(), key=len, reverse=True)
    connection.send(None)
    while True:
        what, texts = connection.recv()
        assert what == "analyse"
        connection.send([_tokens(text, names) for text in texts])


def _tokens(text: str, names: list[str]) -> list[tuple[str, str, int, int, bool]]:
    found = []
    for word in text.split():
        form = next((name for name in names if word.startswith(name)), word)
        start = text.index(word)
        found.append((form, "NNP", start, start + len(form), True))
    return found
