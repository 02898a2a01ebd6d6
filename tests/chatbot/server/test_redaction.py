"""No address in the log contains a session id, in any spelling."""

from collections.abc import Iterator, Sequence

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from chatbot.server.redaction import loggable_path

GENERATION = "7f0c1c0e-8f0b-4a53-9d39-2f6d6c1f7a10"


@pytest.mark.parametrize(
    ("address", "logged"),
    [
        ("/api/chatbot/sessions/SECRET", "/api/chatbot/sessions/…"),
        ("/api/chatbot/%73essions/SECRET", "/api/chatbot/sessions/…"),
        ("/api/chatbot/sessions%2FSECRET", "/api/chatbot/sessions/…"),
        ("/api/chatbot/%2573essions/SECRET", "/api/chatbot/sessions/…"),
        ("/api/chatbot/%25252573essions/SECRET", "/…"),
        ("/api//chatbot/sessions/SECRET", "/api/chatbot/sessions/…"),
        ("//api/./chatbot///sessions//SECRET?a=b", "/api/chatbot/sessions/…"),
        ("/API/Chatbot/Sessions/SECRET", "/api/chatbot/sessions/…"),
        ("/api\\chatbot\\sessions\\SECRET", "/api/chatbot/sessions/…"),
        ("/x/api/chatbot/sessions/SECRET", "…/api/chatbot/sessions/…"),
        ("/x/../api/chatbot/sessions/SECRET", "/…"),
        ("/api/chatbot/sessions/SECRET/..", "/…"),
        ("http://a.example/api/chatbot/sessions/SECRET", "/api/chatbot/sessions/…"),
        ("http://a.example/api/chatbot/session/SECRET", "/api/…"),
        ("/api/chatbot/session/SECRET", "/api/…"),
        ("/api/chatbot/sessions%0A/SECRET", "/api/…"),
        ("/api/chatbot/generations/SECRET/stop", "/api/…"),
        ("/ai/chatbot/recommendation/base-info/SECRET", "/ai/…"),
        ("/ws/SECRET", "/ws/…"),
        ("/ws/chatbot/SECRET", "/ws/chatbot/…"),
        ("/WS//chatbot%2fSECRET", "/ws/chatbot/…"),
        ("/admin/chatbot/chatsession/SECRET/change/", "/admin/chatbot/chatsession/…"),
        ("/admin/chatbot/chatsession/", "/admin/chatbot/chatsession/"),
        ("/", "/"),
        ("/ws/chatbot/", "/ws/chatbot/"),
        ("/wp-login.php?a=b", "/wp-login.php"),
        ("/static/chatbot/a%20b.js", "/static/chatbot/a%20b.js"),
    ],
)
def test_a_session_is_not_shown(address: str, logged: str) -> None:
    assert loggable_path(address) == logged


def test_every_other_address_of_the_api_is_shown() -> None:
    addresses = [each for each in routes(get_resolver().url_patterns) if each.startswith(("/api/", "/ai/"))]
    shown = [each for each in addresses if "session" not in each]
    assert len(shown) >= 8
    assert [loggable_path(each) for each in shown] == shown


def routes(patterns: Sequence[URLPattern | URLResolver], before: str = "/") -> Iterator[str]:
    for each in patterns:
        route = f"{before}{each.pattern}"
        if isinstance(each, URLResolver):
            yield from routes(each.url_patterns, route)
        else:
            yield route.replace("<uuidstr:generation_id>", GENERATION)
