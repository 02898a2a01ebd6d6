"""What this process does at the moment, in numbers."""

from collections.abc import Iterator
from dataclasses import dataclass

from chatbot.cluster.current import cluster
from chatbot.cluster.remote_generations import remote_generations
from chatbot.generation.loop_lag import loop_lag
from chatbot.generation.registry import ended, registry
from chatbot.generation.retry_queue import retry_queue

__all__ = ["Gauge", "ended", "gauges"]


@dataclass(frozen=True, slots=True)
class Gauge:
    """A number that rises and falls. ``name`` is in lower case, with underscores."""

    name: str
    meaning: str
    value: float


def gauges() -> Iterator[Gauge]:
    """On the event loop that serves."""
    running, part, followers, lag = registry(), cluster(), remote_generations(), loop_lag()
    yield Gauge("generations_running", "Generations that this process runs", len(running))
    yield Gauge("listeners", "Streams that listen to generations of this process", running.listeners)
    yield Gauge("draining", "1 while the server stops", running.draining)
    yield Gauge("event_loop_lag_seconds", "How late the event loop was when it was looked at last", lag.latest)
    yield Gauge("event_loop_lag_max_seconds", "The greatest lag of the event loop within the last minute", lag.greatest)
    yield Gauge("rows_to_write", "Rows that wait for the database", len(retry_queue()))
    if part is not None and followers is not None:
        yield Gauge("redis_up", "1 while Redis answers", part.client.reachable)
        yield Gauge("generations_followed", "Generations of other processes that are followed", len(followers))
        yield Gauge("listeners_elsewhere", "Streams that listen to generations of others", followers.listeners)
        yield Gauge("generations_to_copy", "Generations whose events are not all in Redis", len(part.log))
