"""A Redis for these tests alone, and clients of it with separate keys."""

import uuid
from collections.abc import Iterator

import pytest

from tests.e2e import redis_server
from tests.e2e.redis_server import RunningRedis


@pytest.fixture(scope="session")
def redis() -> Iterator[RunningRedis]:
    if redis_server.EXECUTABLE is None:
        pytest.skip("needs redis-server (Debian's package redis-server)")
    with RunningRedis() as running:
        yield running


@pytest.fixture
def mortal_redis() -> Iterator[RunningRedis]:
    """One that may be stopped and frozen."""
    if redis_server.EXECUTABLE is None:
        pytest.skip("needs redis-server (Debian's package redis-server)")
    with RunningRedis() as running:
        yield running


@pytest.fixture
def prefix() -> str:
    return f"test-{uuid.uuid4().hex[:12]}"
