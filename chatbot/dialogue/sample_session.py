"""How the conversation begins in which a message is tried: a selection was picked, and the catalogue answered it."""

import random

from challenges.catalog import Selection, suitable
from chatbot.answers.schema import CHALLENGES, RECOMMENDATION
from chatbot.providers.base import ProviderRequest
from chatbot.providers.catalog import sentence
from chatbot.sessions.memory import Exchange, Memory

_SEED = 1


def opened(selection: Selection) -> Memory:
    """A session that has picked the selection and was given three challenges, always the same; none when the catalogue
    has fewer. One SQL statement."""
    location, work_type = selection.location.key, selection.work_type.key
    category = selection.category.key
    found = suitable(selection=selection, given=(), seed=_SEED, count=CHALLENGES)
    request = ProviderRequest("", "", selection, (), _SEED)
    answer = {
        "kind": RECOMMENDATION,
        "recommend": sentence(request, random.Random(_SEED)),  # noqa: S311  variety, not secrecy
        "challenges": [
            {
                "title": each.title,
                "description": each.description,
                "category": each.category.key,
                "label": each.category.label,
            }
            for each in found
        ],
    }
    exchanges = (Exchange("", location, work_type, category, answer),) if len(found) == CHALLENGES else ()
    return Memory(location, work_type, category, category, exchanges)
