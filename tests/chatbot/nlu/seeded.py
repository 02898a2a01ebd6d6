"""What the seed says of the categories, without a database."""

from challenges.catalog import Choice, Options
from challenges.seeding import seeded_rows
from challenges.text import lookup_name
from chatbot.nlu.morphemes import Topic
from chatbot.nlu.topics import paragraphs, topics_of
from chatbot.search.seeding import seeded_documents


def seeded_options() -> Options:
    """What can be picked."""
    fields = {"location": "location", "work_type": "workType", "category": "category"}
    choices: dict[str, dict[str, Choice]] = {field: {} for field in fields.values()}
    for kind, key, row in seeded_rows():
        if kind in fields:
            choices[fields[kind]][key] = Choice(
                key,
                row["label"],
                row["description"],
                row["emoji"],
                tuple(row["aliases"]),
                tuple(row.get("keywords", ())),
            )
    names = {
        field: {lookup_name(name): one for one in kind.values() for name in (one.key, one.label, *one.aliases)}
        for field, kind in choices.items()
    }
    return Options(choices["location"], choices["workType"], choices["category"], names)


def seeded_topics(known: Options) -> tuple[Topic, ...]:
    """What the classifier learns from, beside the labelled messages."""
    challenges = (
        (f"{row['title']} {row['description']}", row["category"])
        for kind, _, row in seeded_rows()
        if kind == "challenge"
    )
    documents = paragraphs((category, document.title, document.text) for _, category, document in seeded_documents())
    return topics_of(known, (*challenges, *documents))
