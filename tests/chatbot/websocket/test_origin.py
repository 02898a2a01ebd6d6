import pytest
from channels.testing import WebsocketCommunicator
from pytest_django import Settings

from chatbot.websocket.consumer import ConversationConsumer
from chatbot.websocket.origin import AllowedOriginValidator


async def admitted(**headers: str) -> bool:
    sent = [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items()]
    page = WebsocketCommunicator(AllowedOriginValidator(ConversationConsumer.as_asgi()), "/ws/chatbot/me", sent)
    connected, _ = await page.connect(timeout=20)
    await page.disconnect(timeout=20)
    return bool(connected)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"host": "leafresh.example"}, True),
        ({"host": "leafresh.example:8000"}, True),
        ({"host": "evil.example"}, False),
        ({"host": "leafresh.example/"}, False),
        ({"host": ""}, False),
        ({"host": "leafresh.example", "origin": "https://leafresh.example"}, True),
        ({"host": "leafresh.example", "origin": "http://leafresh.example"}, True),
        ({"host": "leafresh.example", "origin": "https://leafresh.example:443"}, True),
        ({"host": "leafresh.example:443", "origin": "https://leafresh.example"}, True),
        ({"host": "leafresh.example:8000", "origin": "http://leafresh.example:8000"}, True),
        ({"host": "leafresh.example:8000", "origin": "http://127.0.0.1:8000"}, True),
        ({"host": "[::1]:8000", "origin": "http://[::1]:8000"}, True),
        ({"host": "leafresh.example", "origin": "http://leafresh.example:3000"}, False),
        ({"host": "leafresh.example:8000", "origin": "http://leafresh.example:3000"}, False),
        ({"host": "leafresh.example:8000", "origin": "http://leafresh.example"}, False),
        ({"host": "leafresh.example:80", "origin": "https://leafresh.example"}, False),
        ({"host": "leafresh.example:8000", "origin": "ftp://leafresh.example:8000"}, False),
        ({"host": "leafresh.example", "origin": "https://page.example:443"}, True),
        ({"host": "leafresh.example", "origin": "https://page.example"}, True),
        ({"host": "leafresh.example", "origin": "https://page.example:444"}, False),
        ({"host": "leafresh.example", "origin": "http://page.example"}, False),
        ({"host": "leafresh.example", "origin": "https://evil.example"}, False),
        ({"host": "leafresh.example", "origin": "null"}, False),
        ({"host": "leafresh.example", "origin": ""}, False),
        ({"host": "leafresh.example", "origin": "http://["}, False),
        ({"host": "leafresh.example", "origin": "https://page.example:x"}, False),
        ({"host": "evil.example", "x_forwarded_host": "leafresh.example"}, False),
    ],
)
async def test_who_may_enter(settings: Settings, headers: dict[str, str], expected: bool) -> None:
    settings.ALLOWED_HOSTS = ["leafresh.example", "127.0.0.1", "[::1]"]
    settings.CORS_ALLOWED_ORIGINS = ["https://page.example"]
    assert await admitted(**headers) is expected


async def test_a_proxy_may_say_which_host_was_asked_for_where_it_is_trusted(settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["leafresh.example"]
    settings.USE_X_FORWARDED_HOST = True
    assert await admitted(host="inner", x_forwarded_host="leafresh.example")


async def test_where_every_host_is_allowed_only_the_page_of_the_same_host_may(settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    assert await admitted(host="leafresh.example", origin="https://leafresh.example")
    assert not await admitted(host="leafresh.example", origin="https://evil.example")
