import pytest
from django.test import AsyncClient
from pytest_django import Settings

from chatbot.api.envelope import counted
from chatbot.errors import TooManyRequests
from chatbot.runtime import runtime

pytestmark = pytest.mark.django_db


async def get(path: str) -> tuple[int, dict[str, object]]:
    response = await AsyncClient().get(path)
    body: dict[str, object] = response.json()
    return response.status_code, body


async def test_a_process_lives_and_is_ready(settings: Settings) -> None:
    settings.REDIS_URL = ""
    assert await get("/health/live") == (200, {"status": 200, "message": "정상", "data": None})
    ready = {"status": 200, "message": "정상", "data": {"database": "ok", "redis": "none"}}
    assert await get("/health/ready") == (200, ready)


async def test_a_process_that_stops_lives_but_is_not_ready() -> None:
    runtime().registry.refuse()
    assert (await get("/health/live"))[0] == 200
    status, body = await get("/health/ready")
    assert (status, body["status"], body["data"]) == (503, 503, None)


async def test_metrics_must_be_enabled(settings: Settings) -> None:
    settings.REDIS_URL = ""
    settings.LEAFRESH_METRICS = False
    assert (await get("/metrics"))[0] == 404
    settings.LEAFRESH_METRICS = True
    response = await AsyncClient().get("/metrics")
    assert response["Content-Type"].startswith("text/plain")
    lines = response.content.decode().splitlines()
    assert "leafresh_generations_running 0.0" in lines
    assert "leafresh_draining 0.0" in lines
    assert not any("redis" in line for line in lines)


async def test_metrics_tell_what_clients_were_refused_and_how_models_do(settings: Settings) -> None:
    settings.REDIS_URL = ""
    settings.LEAFRESH_METRICS = True
    measured = runtime().measurements
    measured.attempts["openai:a", "failed"] += 4
    measured.fallbacks["openai:a", "catalog"] += 4
    measured.first_token["catalog"].add(0.3)
    counted(TooManyRequests(3))
    lines = (await AsyncClient().get("/metrics")).content.decode().splitlines()
    for line in (
        'leafresh_provider_attempts_total{provider="openai:a",result="failed"} 4.0',
        'leafresh_provider_fallbacks_total{asked="openai:a",wrote="catalog"} 4.0',
        'leafresh_first_token_seconds_bucket{le="0.5",provider="catalog"} 1.0',
        'leafresh_requests_refused_total{status="429"} 1.0',
        'leafresh_requests_refused_total{status="503"} 0.0',
        "leafresh_model_calls_waiting 0.0",
    ):
        assert line in lines, line
