"""What the database says of each category, for the classifier to learn from."""

from collections import Counter
from collections.abc import Iterable, Iterator

from challenges.catalog import Options
from challenges.models import Challenge
from challenges.revisions import Cached
from chatbot.models import KnowledgeDocument
from chatbot.nlu.morphemes import Topic

MOST = 80
"""Texts of a category that are learned from, so that a large catalogue takes no longer to learn than a small one."""


def _read() -> tuple[Topic, ...]:
    """Two SQL statements. The newest texts come first."""
    challenges = Challenge.objects.filter(active=True, category__active=True).order_by("-pk")
    documents = KnowledgeDocument.objects.filter(active=True, category__active=True).order_by("-pk")
    fields = ("category__key", "title")
    return tuple(
        first_of(
            [
                *((f"{title} {text}", key) for key, title, text in challenges.values_list(*fields, "description")),
                *paragraphs(documents.values_list(*fields, "text")),
            ]
        )
    )


def paragraphs(documents: Iterable[tuple[str, str, str]]) -> Iterator[Topic]:
    """The titles and the paragraphs of documents, each with its category's key."""
    for key, title, text in documents:
        yield title, key
        yield from ((paragraph, key) for paragraph in text.splitlines() if paragraph.strip())


def first_of(topics: Iterable[Topic]) -> Iterator[Topic]:
    """The first texts of each category."""
    taken = Counter[str]()
    for text, key in topics:
        taken[key] += 1
        if taken[key] <= MOST:
            yield text, key


described = Cached("corpus", _read)
"""Titles and texts of challenges and documents; read again when a row changed."""


def topics_of(known: Options, texts: Iterable[Topic]) -> tuple[Topic, ...]:
    """The names and keywords of the categories, and those texts that are about one of them."""
    names = (
        (name, key)
        for key, choice in known.categories.items()
        for name in (choice.label, *choice.aliases, *choice.keywords)
    )
    return (*names, *((text, key) for text, key in texts if key in known.categories))
