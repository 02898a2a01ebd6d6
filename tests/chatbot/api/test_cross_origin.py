"""Pages of other origins: what they may send, and what the log says of those that a browser keeps out."""

import pytest
from django.test import AsyncClient
from pytest_django import Settings

ORIGIN = "https://app.example.com"
STREAM = "/ai/chatbot/recommendation/base-info"
ADDED_BY_TRACING = "authorization,baggage,cache-control,sentry-trace,traceparent,x-requested-with"


@pytest.fixture(autouse=True)
def _known_origin(settings: Settings) -> None:
    settings.CORS_ALLOWED_ORIGINS = [ORIGIN, "capacitor://localhost"]


async def preflight(client: AsyncClient, headers: str, origin: str = ORIGIN) -> set[str]:
    """The headers that the answer allows."""
    asked = {"Origin": origin, "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": headers}
    answered = await client.options(STREAM, headers=asked)
    assert answered.headers.get("Access-Control-Allow-Origin") == origin
    return set(answered.headers["Access-Control-Allow-Headers"].split(", "))


@pytest.mark.parametrize("origin", [ORIGIN, "capacitor://localhost"])
async def test_a_page_may_send_what_its_libraries_add(origin: str, caplog: pytest.LogCaptureFixture) -> None:
    needed = "content-type,last-event-id,x-leafresh-session-token"
    allowed = await preflight(AsyncClient(), f"{needed},{ADDED_BY_TRACING}", origin)
    assert allowed >= {*needed.split(","), *ADDED_BY_TRACING.split(",")}
    assert caplog.messages == []


async def test_a_header_that_no_page_may_send_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    client = AsyncClient()
    for _ in range(2):
        await preflight(client, "last-event-id, x-shop")
    assert caplog.messages == [
        f"A page of '{ORIGIN}' may not send the header 'x-shop': LEAFRESH_CORS_HEADERS does not list it."
    ]


@pytest.mark.parametrize("origin", ["https://other.example.com", "null"])
async def test_a_page_that_is_kept_out_is_logged_once(origin: str, caplog: pytest.LogCaptureFixture) -> None:
    client = AsyncClient()
    for _ in range(2):
        answered = await client.get("/health/live/nothing", headers={"Origin": origin})
        assert "Access-Control-Allow-Origin" not in answered.headers
        await client.options(STREAM, headers={"Origin": origin, "Access-Control-Request-Method": "GET"})
    assert [message for message in caplog.messages if "page" in message] == [
        f"A page of '{origin}' was kept from the API: LEAFRESH_CORS_ORIGINS does not list its origin."
    ]


@pytest.mark.parametrize(
    "headers", [{"Origin": "http://testserver"}, {"Origin": "https://x.example", "Sec-Fetch-Site": "same-origin"}, {}]
)
async def test_our_own_page_and_other_programs_are_not_logged(
    headers: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    await AsyncClient().get("/health/live/nothing", headers=headers)
    assert [message for message in caplog.messages if "page" in message] == []


async def test_invented_origins_do_not_fill_the_log(caplog: pytest.LogCaptureFixture) -> None:
    client = AsyncClient()
    for number in range(150):
        await client.get("/health/live/nothing", headers={"Origin": f"https://{number}.example\x1b[2J"})
    lines = [message for message in caplog.messages if "page" in message]
    assert len(lines) == 100
    assert all(line.isprintable() for line in lines)
