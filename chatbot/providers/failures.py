"""The failure of a call to a model, from any error that the model's client raises."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

RETRY_SECONDS = 0.5
"""The pause before a call is repeated, if the server does not name one."""

MOST_RETRY_SECONDS = 3.0
"""If a server names a longer pause, the call is not repeated, and another provider answers."""

WORDS_LENGTH = 200
"""The maximum length of the server's message."""

_CONNECTION = frozenset({"APIConnectionError", "ConnectError", "ReadError", "RemoteProtocolError", "WriteError"})
_PASSING = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
_ABOUT_THE_REQUEST = frozenset({400, 413, 415, 422})
_WORDS_OF_REFUSAL = re.compile(
    r"(?:not|n't|un|non)[ -]?(?:\w+ )?"
    r"(?:support|allow|permit|implement|accept|recogni[sz]e|expect|known|available|enabled)"
    r"|unknown|invalid|illegal|forbidden|extra (?:field|input)|no endpoints|must (?:be|alternate)|only",
    re.IGNORECASE,
)
_PROMPT_TOO_LONG = re.compile(
    r"context[ _-]?(?:length|window|size)|\breduce\b|too (?:long|many tokens)|prompt is too large", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Failure:
    """One failure. ``kind`` is the status or the type of the error, and may be stored. ``text`` is the whole response,
    and ``words`` its message. Both may repeat the request: show them only to operators."""

    kind: str
    status: int | None = None
    text: str = ""
    words: str = ""
    retry_after: float | None = None
    is_connection: bool = False
    is_in_stream: bool = False

    @classmethod
    def of(cls, error: Exception) -> Self:
        body = getattr(error, "body", None)
        status = getattr(error, "status_code", None)
        in_stream = status is None and isinstance(body, Mapping)
        if in_stream and isinstance(body, Mapping):
            status = _status(body.get("code")) or _status(body.get("status"))
        message = str(getattr(error, "message", "") or error)
        text = message if body is None else f"{message} {json.dumps(body, ensure_ascii=False, default=str)}"
        own_words = body.get("message") if isinstance(body, Mapping) else None
        names = {each.__name__ for each in type(error).__mro__}
        return cls(
            kind=f"HTTP {status}" if status else type(error).__name__,
            status=status,
            text=text,
            words=" ".join(str(own_words or message).split())[:WORDS_LENGTH],
            retry_after=_retry_after(error),
            is_connection=bool(names & _CONNECTION) and not any("Timeout" in name for name in names),
            is_in_stream=in_stream,
        )

    @property
    def is_about_the_request(self) -> bool:
        """Whether the server objects to the request itself."""
        return self.status in _ABOUT_THE_REQUEST

    @property
    def has_words_of_refusal(self) -> bool:
        return _WORDS_OF_REFUSAL.search(self.text) is not None

    @property
    def is_about_the_length(self) -> bool:
        """Whether this request is too long for the model. Shorter requests may succeed with the same parts."""
        return _PROMPT_TOO_LONG.search(self.text) is not None

    @property
    def may_name_a_part(self) -> bool:
        """Whether the text may name a part that the server refuses.

        The server's own faults and errors inside the stream may name a part by chance: they need words of refusal.
        """
        if self.is_about_the_request or self.status in {404, 405, 501}:
            return True
        return (self.status == 500 or (self.is_in_stream and self.status is None)) and self.has_words_of_refusal

    @property
    def may_refuse_streams(self) -> bool:
        """Whether the failure may refuse the stream itself. An error inside a stream does not."""
        return self.status in {400, 404, 405, 422, 501} and not self.is_in_stream and self.has_words_of_refusal

    @property
    def may_hide_a_refusal(self) -> bool:
        """Whether a part of the request may have caused the failure, although no text names it."""
        return self in {EMPTY, NO_STREAM} or self.status in {500, 501} or (self.is_in_stream and self.status is None)

    @property
    def pause(self) -> float | None:
        """The seconds after which the same call may succeed; None if it will not."""
        if self.is_connection:
            return 0.0
        if self.status in _PASSING or (self.is_in_stream and self.status is None):
            pause = RETRY_SECONDS if self.retry_after is None else self.retry_after
            return pause if pause <= MOST_RETRY_SECONDS else None
        return None


EMPTY = Failure("an empty answer", words="The answer was empty.")
"""The stream ended without any text."""

NO_STREAM = Failure("no stream", words="The answer was no stream.")
"""The response contained no event."""


def _status(code: object) -> int | None:
    """The code as an HTTP status, if it is one. Servers write a number or a string."""
    try:
        number = int(str(code))
    except ValueError:
        return None
    return number if 400 <= number <= 599 else None


def _retry_after(error: Exception) -> float | None:
    """The seconds in the header ``Retry-After``; None if it is missing or a date."""
    headers: Any = getattr(getattr(error, "response", None), "headers", None)
    try:
        return max(0.0, float(headers["retry-after"])) if headers is not None else None
    except (KeyError, ValueError):
        return None
