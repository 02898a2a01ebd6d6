"""What the load client is to do, and what it saw: values that pass between the processes as JSON."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Literal, Self

Dialect = Literal["ours", "peer"]


@dataclass(frozen=True, slots=True)
class Ask:
    """One stream: ``at`` seconds after the start of the load, with ``query``; about the category called ``label``."""

    at: float
    query: Mapping[str, str]
    label: str


@dataclass(frozen=True, slots=True)
class Plan:
    """All streams of one load, on ``ports`` in turns. ``tokens`` is the length of each answer, 0 when it is not known
    before. ``seconds`` is how long all may take."""

    dialect: Dialect
    ports: list[int]
    path: str
    tokens: int
    asks: list[Ask]
    seconds: float = 120

    def as_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Self:
        value = json.loads(text)
        asks = [Ask(**ask) for ask in value.pop("asks")]
        return cls(asks=asks, **value)


@dataclass(frozen=True, slots=True)
class Seen:
    """What the client saw. ``faults`` says what was wrong, stream by stream; a run that has any counts for nothing.

    Milliseconds: ``added`` from the request to the first text, less what the provider took for it; ``delays`` from the
    provider's sending a token to its arrival. ``client_cpu`` seconds are the client's own.
    """

    faults: list[str] = field(default_factory=list)
    added: list[float] = field(default_factory=list)
    delays: list[float] = field(default_factory=list)
    events: int = 0
    wall: float = 0.0
    client_cpu: float = 0.0

    def as_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Self:
        return cls(**json.loads(text))
