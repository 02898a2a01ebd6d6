"""Sample sessions for trying a message. In them a selection was picked, and challenges were recommended for it."""

import random
from collections.abc import Iterable

from challenges import models
from challenges.catalog import Selection, suitable
from chatbot.answers.rules import CHALLENGES, RECOMMENDATION
from chatbot.providers.base import ProviderRequest
from chatbot.providers.catalog import sentence
from chatbot.sessions.memory import Exchange, Memory

_SEED = 1


def opened(selection: Selection) -> Memory:
    """A session with the selection and always the same three challenges; with none if the catalogue has fewer.

    Takes one SQL statement.
    """
    found = suitable(selection=selection, given=(), seed=_SEED, count=CHALLENGES)
    request = ProviderRequest("", "", selection, (), _SEED)
    recommend = sentence(request, random.Random(_SEED))  # noqa: S311  not for security
    return with_challenges(
        found if len(found) == CHALLENGES else (),
        recommend=recommend,
        location=selection.location.key,
        work_type=selection.work_type.key,
        category=selection.category.key,
    )


def with_challenges(
    rows: Iterable[models.Challenge],
    *,
    category: str,
    recommend: str = "",
    location: str = "",
    work_type: str = "",
) -> Memory:
    """A session whose last answer recommended the challenges. The other arguments are its keys; "" means unknown."""
    challenges = [
        {
            "title": row.title,
            "description": row.description,
            "category": row.category.key,
            "label": row.category.label,
        }
        for row in rows
    ]
    answer = {"kind": RECOMMENDATION, "recommend": recommend, "challenges": challenges}
    exchanges = (Exchange("", location, work_type, category, answer),) if challenges else ()
    return Memory(location, work_type, category, category, exchanges)
