"""What operators' tools ask: whether the server lives and can do its work, and its figures for Prometheus."""

from collections.abc import Iterator
from typing import NamedTuple

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from ninja import Router

from chatbot.api.envelope import envelope
from chatbot.api.schemas import Envelope
from chatbot.errors import NotFound, ShuttingDown
from chatbot.runtime import runtime

router = Router(tags=["health"])


@router.get(
    "/health",
    operation_id="chatbot_api_health_health",
    summary="200 while the database answers, 503 when it does not",
    response={200: Envelope[dict[str, str]], 503: Envelope[None]},
)
async def health(request: HttpRequest) -> HttpResponseBase:
    await sync_to_async(_ask_database)()
    return envelope({"database": "ok"}, message="정상")


@router.get(
    "/health/live",
    operation_id="chatbot_api_health_live",
    summary="200 while the process answers at all",
    description="Asks nothing of others: a process that cannot reach its database is not helped by being started anew.",
    response={200: Envelope[None]},
)
async def live(request: HttpRequest) -> HttpResponseBase:
    return envelope(None, message="정상")


@router.get(
    "/health/ready",
    operation_id="chatbot_api_health_ready",
    summary="200 while new requests can be answered; 503 while they cannot, or the server stops",
    description="`redis` is `ok`, `gone` or `none`. Without Redis new requests are answered all the same, but nobody "
    "can go on with a stream of another process.",
    response={200: Envelope[dict[str, str]], 503: Envelope[None]},
)
async def ready(request: HttpRequest) -> HttpResponseBase:
    if runtime().registry.draining:
        raise ShuttingDown
    await sync_to_async(_ask_database)()
    cluster = runtime().cluster
    redis = "none" if cluster is None else "ok" if cluster.redis.reachable else "gone"
    return envelope({"database": "ok", "redis": redis}, message="정상")


def _ask_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


class Gauge(NamedTuple):
    """A metric that can rise and fall. ``name`` is in lower case with underscores."""

    name: str
    meaning: str
    value: float


def gauges() -> Iterator[Gauge]:
    """The gauges of the running event loop."""
    now = runtime()
    running, lag = now.registry, now.loop_lag
    yield Gauge("generations_running", "Generations that this process runs", len(running))
    yield Gauge("listeners", "Streams of generations of this process", running.subscriber_count)
    yield Gauge("draining", "1 while the server stops", running.draining)
    yield Gauge("event_loop_lag_seconds", "How late the event loop was when it was last measured", lag.latest)
    yield Gauge("event_loop_lag_max_seconds", "The greatest lag of the event loop within the last minute", lag.greatest)
    yield Gauge("rows_to_write", "Rows that wait for the database", len(now.retry_queue))
    if now.cluster is not None and now.remote is not None:
        yield Gauge("redis_up", "1 while Redis answers", now.cluster.redis.reachable)
        yield Gauge("generations_followed", "Generations of other processes that are followed", len(now.remote))
        yield Gauge("listeners_elsewhere", "Streams of generations of other processes", now.remote.subscriber_count)
        waiting = len(now.cluster.replication)
        yield Gauge("generations_to_copy", "Generations whose events are not all in Redis", waiting)


@router.get("/metrics", include_in_schema=False)
async def metrics(request: HttpRequest) -> HttpResponseBase:
    """The metrics in the text format of Prometheus. 404 unless they are enabled, because they are for operators."""
    if not settings.LEAFRESH_METRICS:
        raise NotFound
    # Not at the top: a server without metrics need not import it.
    from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
    from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
    from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
    from prometheus_client.registry import Collector

    class Now(Collector):
        def collect(self) -> Iterator[Metric]:
            for name, meaning, value in gauges():
                yield GaugeMetricFamily(f"leafresh_{name}", meaning, value=value)
            ended = CounterMetricFamily("leafresh_generations_ended", "Generations that ended", labels=["outcome"])
            for outcome, count in runtime().registry.outcomes.items():
                ended.add_metric([outcome], count)
            yield ended

    registry = CollectorRegistry()
    registry.register(Now())
    ProcessCollector(registry=registry)
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_PLAIN_0_0_4)
