import pytest
from channels.testing import WebsocketCommunicator
from pytest_django import Settings

from chatbot.sessions.ownership import Proof, signed_owner_key
from chatbot.websocket.consumer import ConversationConsumer
from chatbot.websocket.handshake import AllowedOriginValidator, Client


async def admitted(path: str = "/ws/chatbot/me", /, **headers: str) -> bool:
    sent = [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items()]
    page = WebsocketCommunicator(AllowedOriginValidator(ConversationConsumer.as_asgi()), path, sent)
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


async def test_a_query_that_http_refuses_is_refused() -> None:
    assert not await admitted(f"/ws/chatbot/me?{'a&' * 6000}", host="testserver")


async def test_a_client_is_counted_and_proven_like_one_of_http(settings: Settings) -> None:
    settings.CORS_ALLOWED_ORIGINS = ["https://page.example"]
    cookie = f"leafresh_owner_1={signed_owner_key('key')}; other=1"
    scope = {
        "path": "/ws/chatbot/me",
        "query_string": b"sessionToken=from-query",
        "client": ["192.0.2.1", 7],
        "headers": [(b"host", b"testserver"), (b"origin", b"https://page.example"), (b"cookie", cookie.encode())],
    }
    client = Client(scope, "me")
    assert (client.session_id, client.request.META["REMOTE_ADDR"]) == ("me", "192.0.2.1")
    assert client.proof == Proof(owner_keys=("key",), token="from-query", takes_cookie=True)
    client.show("from-message")
    client.found_to_be("owner")
    assert client.asks(None).proof == Proof(
        owner_keys=("key",), token="from-message", established="owner", takes_cookie=True
    )
