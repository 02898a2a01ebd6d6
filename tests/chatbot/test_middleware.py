"""Which answers get a policy. That no page breaks it is tested in a browser (tests/e2e/test_policies.py)."""

import pytest
from django.http import HttpResponse
from django.test import AsyncClient, RequestFactory
from pytest_django import Settings

from chatbot.middleware import ADMIN_POLICY, DOCUMENTATION_POLICY, policy_middleware


async def policy(path: str, response: HttpResponse) -> str | None:
    async def answer(request: object) -> HttpResponse:
        return response

    answered = await policy_middleware(answer)(RequestFactory().get(path))
    told: str | None = answered.headers.get("Content-Security-Policy")
    return told


@pytest.mark.parametrize(
    ("path", "response", "expected"),
    [
        ("/admin/", HttpResponse(), ADMIN_POLICY),
        ("/nothing", HttpResponse(status=404), ADMIN_POLICY),
        ("/api/docs", HttpResponse(), DOCUMENTATION_POLICY),
        ("/", HttpResponse(headers={"Content-Security-Policy": "default-src 'none'"}), "default-src 'none'"),
        ("/api/openapi.json", HttpResponse(content_type="application/json"), None),
    ],
)
async def test_what_a_page_may_load(path: str, response: HttpResponse, expected: str | None) -> None:
    assert await policy(path, response) == expected


async def test_error_pages_for_developers_have_scripts_within(settings: Settings) -> None:
    settings.DEBUG = True
    assert await policy("/admin/", HttpResponse(status=500)) is None
    assert await policy("/admin/", HttpResponse()) == ADMIN_POLICY


async def test_monitoring_systems_ask_with_head() -> None:
    client = AsyncClient()
    assert [(await client.head(path)).status_code for path in ("/health/live", "/api/openapi.json")] == [200, 200]
    assert (await client.head("/ai/chatbot/recommendation/base-info")).status_code == 405
