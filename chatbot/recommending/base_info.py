"""A selection becomes a commission. Synchronous: callers run it in a thread."""

import secrets
from dataclasses import dataclass

from challenges import revisions
from challenges.catalog import InvalidSelection, options
from chatbot.conversation.sessions import remembered
from chatbot.errors import InvalidFields
from chatbot.prompts.contracts import BASE_INFO
from chatbot.recommending.commission import Commission, commission, live_prompt
from chatbot.recommending.requests import BaseInfoRequest
from chatbot.recommending.supervisor import Key


@dataclass(frozen=True, slots=True)
class Prepared:
    """What is to be done, and the keys under which a running generation that does it is found."""

    keys: list[Key]
    commission: Commission


def prepare(request: BaseInfoRequest, session_id: str) -> Prepared:
    """Three SQL statements. Raises InvalidFields, and ApplicationError when nothing can be written."""
    current = revisions.read()
    known = options.get(current)
    try:
        selection = known.select(
            location=request.location or "", work_type=request.work_type or "", category=request.category or ""
        )
    except InvalidSelection as error:
        raise InvalidFields(error.fields) from None
    prompt = live_prompt(BASE_INFO.key, current)
    given = remembered(session_id).given
    ordered = commission(prompt, selection, known=known, seed=secrets.randbits(31), given=given)
    asked = (BASE_INFO.key, selection.location.key, selection.work_type.key, selection.category.key)
    keys: list[Key] = [("session", session_id, *asked)]
    if not given:
        keys.append(("anybody", prompt.version_id, *(source.name for source in ordered.sources), *asked))
    return Prepared(keys, ordered)
