"""What operators' tools ask: whether the server lives and can do its work, and its figures for Prometheus."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from ninja import Router

from chatbot.api.envelope import envelope
from chatbot.api.schemas import Envelope
from chatbot.errors import NotFound, ShuttingDown
from chatbot.generation.measurements import Histogram
from chatbot.providers.negotiation import refusals
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
    yield Gauge("model_calls", "Calls of hosted models that run", now.slots.busy)
    yield Gauge("model_calls_waiting", "Answers that wait for a call of a hosted model", now.slots.waiting)
    yield Gauge("rows_to_write", "Rows that wait for the database", len(now.retry_queue))
    if now.cluster is not None and now.remote is not None:
        yield Gauge("redis_up", "1 while Redis answers", now.cluster.redis.reachable)
        yield Gauge("generations_followed", "Generations of other processes that are followed", len(now.remote))
        yield Gauge("listeners_elsewhere", "Streams of generations of other processes", now.remote.subscriber_count)
        waiting = len(now.cluster.replication)
        yield Gauge("generations_to_copy", "Generations whose events are not all in Redis", waiting)


class Counts(NamedTuple):
    """Numbers by the values of their labels."""

    name: str
    meaning: str
    labels: Sequence[str]
    values: Mapping[Any, int]


class Times(NamedTuple):
    """Seconds, by the provider that wrote."""

    name: str
    meaning: str
    by_provider: Mapping[str, Histogram]


def counters() -> Iterator[Counts]:
    """Of the running event loop. Statuses that operators watch are there from the start: an alarm sees them rise."""
    now = runtime()
    measured = now.measurements
    ended = {(outcome.value,): count for outcome, count in now.registry.outcomes.items()}
    refused = {(str(status),): measured.refused[status] for status in sorted({429, 502, 503, *measured.refused})}
    yield Counts("generations_ended", "Generations that ended", ["outcome"], ended)
    meaning = "Attempts of providers to answer a person, by their result"
    yield Counts("provider_attempts", meaning, ["provider", "result"], measured.attempts)
    meaning = "Answers that another provider wrote than was asked first"
    yield Counts("provider_fallbacks", meaning, ["asked", "wrote"], measured.fallbacks)
    yield Counts("requests_refused", "Errors that clients were told, by status", ["status"], refused)


def model_states() -> Iterator[Counts]:
    """The chat models that this process skips, and what they refused."""
    skipped = {(name,): int(circuit.is_open) for name, circuit in runtime().providers.circuits.items()}
    refused = {(name, str(refusal.part)): 1 for name, parts in refusals().items() for refusal in parts}
    yield Counts("model_skipped", "1 while a model that failed repeatedly is skipped", ["model"], skipped)
    yield Counts("model_refusal", "1 for a part of a request that a model refused", ["model", "part"], refused)


def histograms() -> Iterator[Times]:
    """Of the running event loop."""
    measured = runtime().measurements
    yield Times("first_token_seconds", "Time until the first text", measured.first_token)
    yield Times("answer_seconds", "Time until a complete answer", measured.duration)


@router.get("/metrics", include_in_schema=False)
async def metrics(request: HttpRequest) -> HttpResponseBase:
    """The metrics in the text format of Prometheus. 404 unless they are enabled, because they are for operators."""
    if not settings.LEAFRESH_METRICS:
        raise NotFound
    # Not at the top: a server without metrics need not import it.
    from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
    from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
    from prometheus_client.metrics_core import (
        CounterMetricFamily,
        GaugeMetricFamily,
        HistogramMetricFamily,
        Metric,
    )
    from prometheus_client.registry import Collector

    class Now(Collector):
        def collect(self) -> Iterator[Metric]:
            for gauge in gauges():
                yield GaugeMetricFamily(f"leafresh_{gauge.name}", gauge.meaning, value=gauge.value)
            for kind, several in ((CounterMetricFamily, counters()), (GaugeMetricFamily, model_states())):
                for counts in several:
                    family = kind(f"leafresh_{counts.name}", counts.meaning, labels=counts.labels)
                    for labels, count in counts.values.items():
                        family.add_metric(labels, count)
                    yield family
            for times in histograms():
                shown = HistogramMetricFamily(f"leafresh_{times.name}", times.meaning, labels=["provider"])
                for provider, histogram in times.by_provider.items():
                    shown.add_metric([provider], list(histogram.buckets()), histogram.sum)
                yield shown

    registry = CollectorRegistry()
    registry.register(Now())
    ProcessCollector(registry=registry)
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_PLAIN_0_0_4)
