"""One server for all end-to-end tests of a process that need nothing special of it."""

from collections.abc import Iterator

import pytest

from tests.e2e.server import RunningServer


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
