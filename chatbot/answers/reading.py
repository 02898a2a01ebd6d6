"""What a source wrote, before anything of it was mended."""

from chatbot.answers.scanner import Characters, Scanner
from chatbot.answers.schema import CHALLENGES


def written_titles(text: str) -> list[str]:
    """The titles of the first three challenges in a source's text, as they were written."""
    titles: dict[tuple[str | int, ...], str] = {}
    for event in Scanner().feed(text):
        if isinstance(event, Characters) and event.path[:1] == ("challenges",) and event.path[2:] == ("title",):
            titles[event.path] = titles.get(event.path, "") + event.text
    return list(titles.values())[:CHALLENGES]
