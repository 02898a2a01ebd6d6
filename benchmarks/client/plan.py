"""What the load client has to do, and its report: values that pass between the processes as JSON."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Self

Dialect = Literal["ours", "peer"]


@dataclass(frozen=True, slots=True)
class PlannedStream:
    """One stream: ``at`` seconds after the start of the load, with ``query``, about the category called ``label``."""

    at: float
    query: Mapping[str, str]
    label: str


@dataclass(frozen=True, slots=True)
class Plan:
    """All streams of one load, on ``ports`` in turns.

    ``tokens`` is the length of each answer, 0 when it is not known before. ``seconds`` is the time for all of them.
    """

    dialect: Dialect
    ports: list[int]
    path: str
    tokens: int
    streams: list[PlannedStream]
    seconds: float = 120

    @classmethod
    def from_json(cls, text: str) -> Self:
        value = json.loads(text)
        streams = [PlannedStream(**stream) for stream in value.pop("streams")]
        return cls(streams=streams, **value)


@dataclass(frozen=True, slots=True)
class Report:
    """What the client saw. ``faults`` says what was wrong, stream by stream; a run with a fault counts for nothing.

    Milliseconds: ``added`` from the request to the first text, less the provider's own time for it; ``delays`` from the
    moment when the provider sent a token to its arrival. ``client_cpu`` is the client's own processor time in seconds.
    """

    faults: list[str] = field(default_factory=list)
    added: list[float] = field(default_factory=list)
    delays: list[float] = field(default_factory=list)
    events: int = 0
    wall: float = 0.0
    client_cpu: float = 0.0
