"""What the process does at the moment, for Prometheus (``LEAFRESH_METRICS``)."""

from collections.abc import Iterator

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from ninja import Router

from chatbot.errors import NotFound
from chatbot.generation import counters

router = Router(tags=["health"])


@router.get("/metrics", include_in_schema=False)
async def metrics(request: HttpRequest) -> HttpResponseBase:
    """Prometheus' text format. 404 unless switched on: the numbers are for operators."""
    if not settings.LEAFRESH_METRICS:
        raise NotFound
    from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
    from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
    from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
    from prometheus_client.registry import Collector

    class Now(Collector):
        def collect(self) -> Iterator[Metric]:
            for gauge in counters.gauges():
                yield GaugeMetricFamily(f"leafresh_{gauge.name}", gauge.meaning, value=gauge.value)
            ended = CounterMetricFamily("leafresh_generations_ended", "Generations that ended", labels=["outcome"])
            for outcome, count in counters.ended.items():
                ended.add_metric([outcome], count)
            yield ended

    registry = CollectorRegistry()
    registry.register(Now())
    ProcessCollector(registry=registry)
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_PLAIN_0_0_4)
