"""The kinds of clients."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from tests.e2e.hostile import conversations, ordinary, reconnects, sockets
from tests.e2e.hostile.actor import Actor

ORDINARY = "ordinary"
ANALYSER = "hung analyser"
"""This kind has no clients: the tool itself stops the analyser process."""


@dataclass(frozen=True, slots=True)
class Kind:
    """``share`` of fifty hostile clients are of this kind. Each does ``act``, then pauses for about ``pause_seconds``,
    for as long as the load lasts; an act that takes longer than ``longest_seconds`` is given up. ``sessions`` with many
    turns are laid for each client beforehand: how many, and whether they are the long ones."""

    act: Callable[[Actor], Awaitable[None]]
    share: int
    pause_seconds: float
    longest_seconds: float = 60.0
    sessions: tuple[int, bool] = (0, False)


KINDS: Mapping[str, Kind] = {
    "long sessions": Kind(conversations.ask_at_once, 5, 15.0, sessions=(1, False)),
    "very long sessions": Kind(conversations.ask_at_once, 3, 15.0, sessions=(1, True)),
    "reading": Kind(conversations.read_all, 4, 2.0, sessions=(1, True)),
    "erasing": Kind(conversations.erase, 2, 10.0, sessions=(3, True)),
    "stops and ratings": Kind(conversations.stop_and_rate, 5, 4.0),
    "slow headers": Kind(sockets.drip_headers, 4, 1.0, longest_seconds=600.0),
    "slow bodies": Kind(sockets.drip_body, 4, 1.0, longest_seconds=600.0),
    "huge bodies": Kind(sockets.send_declared, 2, 5.0, longest_seconds=600.0),
    "endless bodies": Kind(sockets.send_endless, 1, 5.0, longest_seconds=600.0),
    "unread streams": Kind(sockets.leave_unread, 4, 2.0),
    "malformed": Kind(sockets.send_malformed, 4, 0.5),
    "EventSource storm": Kind(reconnects.reconnect_at_once, 5, 4.0),
    "WebSocket storm": Kind(reconnects.open_and_close, 3, 0.5),
    "logins": Kind(reconnects.log_in, 3, 5.0),
}
"""The hostile ones: 49, and the hung analyser."""

PERSON = Kind(ordinary.talk, 0, 0.1, longest_seconds=600.0)


def of(name: str) -> Kind:
    return PERSON if name == ORDINARY else KINDS[name]
