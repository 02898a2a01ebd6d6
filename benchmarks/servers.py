"""The two services that are compared: ours as users start it, and the peer, on the same model."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.client.plan import Dialect
from benchmarks.processes import Listener, clean_environment, copy_of, prepared_data
from benchmarks.provider import Pace


@dataclass(frozen=True, slots=True)
class Memory:
    """The model taken away: ``count`` tokens from memory, ``pause`` seconds behind each."""

    count: int
    pause: float = 0.0


Model = Pace | Memory | None
"""Who writes: the provider's stub at a pace, memory, or (ours alone) the catalogue."""


@dataclass(frozen=True, slots=True)
class Bench:
    """What all measurements share. ``sleep_ms`` makes ours slow on purpose; ``quick`` measures less of everything."""

    provider_port: int
    sleep_ms: float = 0.0
    quick: bool = False

    def times(self, runs: int) -> int:
        """How often to measure what a full benchmark measures so often."""
        return 1 if self.quick else runs


@dataclass(frozen=True, slots=True)
class Service:
    """A service that can be started, and how its streams are asked for."""

    dialect: Dialect
    path: str
    arguments: list[str]
    env: Mapping[str, str] = field(default_factory=dict)

    def run(self) -> Listener:
        """The process, to be entered."""
        return Listener(self.arguments, clean_environment(**self.env))


def _access(bench: Bench) -> dict[str, str]:
    return {"OPENAI_BASE_URL": f"http://127.0.0.1:{bench.provider_port}/v1", "OPENAI_API_KEY": "none"}


def ours(bench: Bench, model: Model, *, data: Path | None = None, **settings: str) -> Service:
    """Our service, by ``manage.py serve``; changed before it serves only where the model is taken away or it is slowed.

    Rates and the numbers of generations are not limited: one address asks for everything. ``data`` is copied.
    """
    changes: list[str] = []
    env = {
        "LEAFRESH_DATA_DIR": str(copy_of(data or prepared_data())),
        "LEAFRESH_ANALYSER": "lazy",  # loading it takes processor time from what is measured
        "LEAFRESH_SESSION_RATE": "off",
        "LEAFRESH_ADDRESS_RATE": "off",
        "LEAFRESH_MAX_GENERATIONS": "10000",
        "LEAFRESH_MODEL_CONCURRENCY": "10000",
        "LEAFRESH_CATALOG_TOKEN_DELAY_MS": "0",
        # The peer waits for its model for ten minutes, its client's default: so do we.
        "LEAFRESH_CONNECT_SECONDS": "600",
        "LEAFRESH_FIRST_TOKEN_SECONDS": "600",
        "LEAFRESH_TOKEN_SILENCE_SECONDS": "600",
        "LEAFRESH_ANSWER_SECONDS": "600",
        **_access(bench),
        **settings,
    }
    if isinstance(model, Pace):
        env["LEAFRESH_CHAT_MODEL"] = f"openai:{model.model}"
    elif isinstance(model, Memory):
        changes += ["--memory", str(model.count), str(model.pause)]
    if bench.sleep_ms:
        changes += ["--sleep-in-publisher", str(bench.sleep_ms)]
    program = ["-m", "benchmarks.launcher", *changes] if changes else ["manage.py"]
    arguments = [*program, "serve", "--host", "127.0.0.1", "--port", "0"]
    return Service("ours", "/ai/chatbot/recommendation/base-info", arguments, env)


def peer(bench: Bench, model: Pace | Memory) -> Service:
    """The peer's service, by uvicorn with uvloop and httptools."""
    name = model.model if isinstance(model, Pace) else f"memory-{model.count}-{model.pause}"
    arguments = ["-m", "uvicorn", "benchmarks.peer.service:app", "--host", "127.0.0.1", "--port", "0"]
    return Service("peer", "/recommendation", arguments, {**_access(bench), "PEER_MODEL": name})
