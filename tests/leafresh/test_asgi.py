"""The ASGI entry, by whatever server it is run."""

from typing import Any

import pytest
from pytest_django import Settings

from leafresh.asgi import at_root


async def entered(root_path: str) -> dict[str, Any]:
    """The scope that the application gets of one with this root path."""
    scopes: list[dict[str, Any]] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        scopes.append(scope)

    given = {"type": "http", "path": "/x/metrics", "root_path": root_path}
    await at_root(application)(given, None, None)
    assert given["root_path"] == root_path
    return scopes[0]


@pytest.mark.parametrize("root_path", ["", "/x", "//evil.example"])
async def test_no_server_says_where_the_site_begins(root_path: str) -> None:
    assert await entered(root_path) == {"type": "http", "path": "/x/metrics", "root_path": ""}


async def test_where_the_site_begins_can_be_configured(settings: Settings) -> None:
    settings.FORCE_SCRIPT_NAME = "/chat"
    assert (await entered("/x"))["root_path"] == "/chat"
