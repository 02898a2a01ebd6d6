"""The plan and the results of a load generator. They are sent between processes as JSON."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Self


@dataclass(frozen=True, slots=True)
class OwnedSession:
    """A session of a client, and the headers that prove it."""

    id: str
    turns: int
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Client:
    """One client. It connects from ``address``, one of the loopback network that no other client has."""

    kind: str
    address: str
    sessions: list[OwnedSession] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Plan:
    """The clients of one generator. ``niceness`` is that of its process."""

    url: str
    seconds: float
    seed: int
    clients: list[Client]
    niceness: int = 0

    def as_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        value = json.loads(text)
        clients = []
        for client in value.pop("clients"):
            sessions = [OwnedSession(**each) for each in client.pop("sessions")]
            clients.append(Client(**client, sessions=sessions))
        return cls(clients=clients, **value)


@dataclass(slots=True)
class Seen:
    """What clients saw. ``outcomes`` counts by the client's kind; ``first_tokens`` are milliseconds by what was asked
    for, and only of ordinary clients, as ``errors`` are. ``held`` are seconds for which the server kept a connection
    that sends its request byte by byte. ``lags`` are milliseconds by which the generator's own loop was late."""

    outcomes: dict[str, dict[str, int]] = field(default_factory=dict)
    first_tokens: dict[str, list[float]] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    held: list[float] = field(default_factory=list)
    lags: list[float] = field(default_factory=list)

    def note(self, kind: str, outcome: str) -> None:
        counts = self.outcomes.setdefault(kind, {})
        counts[outcome] = counts.get(outcome, 0) + 1

    def as_json(self) -> str:
        return json.dumps({each.name: getattr(self, each.name) for each in fields(self)})

    @classmethod
    def from_json(cls, text: str) -> Self:
        return cls(**json.loads(text))

    @classmethod
    def together(cls, parts: Iterable[Self]) -> Self:
        """What all generators saw; of lags, what each saw stays apart."""
        whole = cls()
        for part in parts:
            for kind, counts in part.outcomes.items():
                whole.outcomes[kind] = dict(Counter(whole.outcomes.get(kind, {})) + Counter(counts))
            for asked, times in part.first_tokens.items():
                whole.first_tokens.setdefault(asked, []).extend(times)
            whole.errors += part.errors
            whole.held += part.held
        return whole
