"""Channel names, cursors, and who may read a channel."""

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from django.http import HttpRequest
from django_eventstream.channelmanager import ChannelManagerBase

_CURSOR = re.compile(r"generation-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}):([1-9][0-9]{0,8})")


def channel_of(generation_id: uuid.UUID) -> str:
    return f"generation-{generation_id}"


def event_id(generation_id: uuid.UUID, number: int) -> str:
    """What stands behind ``id:``, and comes back as ``Last-Event-ID``."""
    return f"{channel_of(generation_id)}:{number}"


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last event that a client has seen of a generation; numbers count from 1."""

    generation_id: uuid.UUID
    number: int


def parse_cursor(text: str | None) -> Cursor | None:
    """The cursor that a client sent as text; None when there is none or it is malformed."""
    match = _CURSOR.fullmatch(text or "")
    return Cursor(uuid.UUID(match[1]), int(match[2])) if match else None


def cursor_of(request: HttpRequest) -> Cursor | None:
    """The cursor in the ``Last-Event-ID`` header, else in the query's ``lastEventId``, for clients that cannot
    send the header."""
    return parse_cursor(request.headers.get("Last-Event-ID") or request.GET.get("lastEventId"))


class GenerationChannelManager(ChannelManagerBase):  # type: ignore[misc]  # django_eventstream ships no types
    """Channels come from the view alone, never from a request's parameters; whoever was given one may read it."""

    def get_channels_for_request(self, request: HttpRequest, view_kwargs: Mapping[str, list[str]]) -> set[str]:
        return set(view_kwargs["channels"])

    def can_read_channel(self, user: object, channel: str) -> bool:
        return True

    def is_channel_reliable(self, channel: str) -> bool:
        return True
