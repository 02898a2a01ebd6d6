"""A shared server for all end-to-end tests of a worker without special settings, and a browser for each module."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.e2e.browser import Phone, chromium, phone
from tests.e2e.server import RunningServer
from tests.provider import Provider


@pytest.fixture(scope="session")
def server() -> Iterator[RunningServer]:
    """A server that writes without pauses, and abandons answers after half a second."""
    with RunningServer(env={"LEAFRESH_ABANDON_SECONDS": "0.5"}) as running:
        yield running


@pytest.fixture(scope="session")
def slow_server() -> Iterator[RunningServer]:
    """A server that writes slowly, two to three seconds per answer, so that a test can act during an answer. A client
    that leaves may come back until the answer is complete."""
    with RunningServer(env={"LEAFRESH_CATALOG_TOKEN_DELAY_MS": "15", "LEAFRESH_ABANDON_SECONDS": "60"}) as running:
        yield running


@pytest.fixture(scope="session")
def hasty_server() -> Iterator[RunningServer]:
    """A server that abandons an answer long before it is complete, which takes five seconds or more."""
    with RunningServer(env={"LEAFRESH_CATALOG_TOKEN_DELAY_MS": "30", "LEAFRESH_ABANDON_SECONDS": "1"}) as running:
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
