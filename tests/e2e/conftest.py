"""One server for all end-to-end tests of a process that need nothing special of it; and a browser for each module."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.e2e.browser import Phone, chromium, phone
from tests.e2e.server import RunningServer
from tests.provider import Provider


@pytest.fixture(scope="session")
def server() -> Iterator[RunningServer]:
    """Writes without pauses and abandons after half a second."""
    with RunningServer(env={"LEAFRESH_ABANDON_SECONDS": "0.5"}) as running:
        yield running


@pytest.fixture(scope="session")
def slow_server() -> Iterator[RunningServer]:
    """Writes at a pace that leaves time to interfere: two to three seconds an answer."""
    with RunningServer(env={"LEAFRESH_CATALOG_TOKEN_DELAY_MS": "15", "LEAFRESH_ABANDON_SECONDS": "1"}) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def visitor(browser: Browser) -> Iterator[Phone]:
    with phone(browser) as opened:
        yield opened


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with Provider() as running:
        yield running
