"""PostgreSQL is stopped or frozen while streams run. Running streams continue, and new requests are asked to come back.
Afterwards everything is as before."""

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path

import httpx
import psutil
import pytest

from tests.e2e.ownership import HEADER
from tests.e2e.postgresql import Cluster, programs
from tests.e2e.server import RunningServer, prepare
from tests.e2e.sse import BASE_INFO, FREE_TEXT, SELECTION, Background, Event, laid_out, parse, tokens
from tests.e2e.test_lifecycle import until
from tests.e2e.websocket import ask, opened

pytestmark = pytest.mark.skipif(programs() is None, reason="needs PostgreSQL's programs (initdb, postgres)")

DATABASE = "leafresh"
CATEGORIES = ("ZERO_WASTE", "PLOGGING", "CARBON_FOOTPRINT", "ENERGY_SAVING", "UPCYCLING", "MEDIA", "VEGAN")
LONG = pytest.mark.skipif(
    not os.environ.get("LEAFRESH_LONG_TESTS"), reason="takes minutes: LEAFRESH_LONG_TESTS=1 runs it"
)
MOST_CONNECTIONS = 20
RUNNING = """SELECT count(*) FROM chatbot_generation WHERE outcome = 'running'
    AND id NOT IN (SELECT generation_id FROM chatbot_turn WHERE session_id LIKE 'lost-%')"""
EVENTS = {"Accept": "text/event-stream"}


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """With a database that is ready."""
    with Cluster() as running, tempfile.TemporaryDirectory(prefix="leafresh-test-") as directory:
        running.sql(f"CREATE DATABASE {DATABASE}")
        prepare(Path(directory), {"DATABASE_URL": running.url(DATABASE)})
        yield running


@contextmanager
def served(cluster: Cluster) -> Iterator[RunningServer]:
    settings = {
        "DATABASE_URL": cluster.url(DATABASE),
        "LEAFRESH_CATALOG_TOKEN_DELAY_MS": "15",
        "LEAFRESH_DRAIN_SECONDS": "20",
    }
    with RunningServer(env=settings) as server:
        yield server


@pytest.fixture(scope="module")
def server(cluster: Cluster) -> Iterator[RunningServer]:
    """One that has used all the threads that it will."""
    with served(cluster) as running:
        for stream in begun(running, "warm").values():
            stream.join()
        with httpx.Client(base_url=running.url, timeout=60) as client, ThreadPoolExecutor(12) as pool:
            client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))  # many people, not one browser
            questions = [{"message": "더 쉬운 거", "sessionId": session} for session in ("late", *map(str, range(11)))]
            for asked in [pool.submit(client.post, FREE_TEXT, json=question) for question in 2 * questions]:
                assert asked.result().status_code == 200  # which asyncio's own threads look at
            assert client.get("/health/live").status_code == 200
        cluster.sql("UPDATE chatbot_chatsession SET server_made = true WHERE key = 'late'", DATABASE)  # is read
        yield running


@pytest.fixture(scope="module")
def threads(server: RunningServer) -> int:
    """How many there are before the first outage, and one that catches up with rows after it."""
    httpx.get(
        f"{server.url}/no-such-page", timeout=30
    )  # Django answers errors in a thread that is started once and stays
    return psutil.Process(server.pid).num_threads() + 1


def outcomes(cluster: Cluster, session: str) -> list[str]:
    asked = "SELECT generation_id FROM chatbot_turn WHERE session_id"
    found = cluster.sql(f"SELECT outcome FROM chatbot_generation WHERE id IN ({asked} = '{session}')", DATABASE)
    return [outcome for (outcome,) in found]


def begun(server: RunningServer, prefix: str) -> dict[str, Background]:
    """Streams of different answers, by their sessions, when all have shown something. What came before is over."""
    until(lambda: all(httpx.get(f"{server.url}/health/ready").status_code == 200 for _ in range(20)))  # every thread
    streams = {
        f"{prefix}-{category}": Background(
            server.url, sessionId=f"{prefix}-{category}", **{**SELECTION, "category": category}
        )
        for category in CATEGORIES
    }
    until(lambda: all(len(stream.events) > 2 for stream in streams.values()))
    return streams


def check(events: list[Event]) -> None:
    """Checks that no event is missing or repeated, and that there is one end."""
    assert [event.number for event in events] == list(range(1, len(events) + 1))
    assert [event.name for event in events if event.name in {"close", "error"}] == ["close"]
    assert events[-1].name == "close"
    assert tokens(events) == laid_out(events[-1].payload)
    assert len(events[-1].payload["challenges"]) == 3


def refused(response: httpx.Response) -> bool:
    return response.status_code == 503 and response.headers["retry-after"] == "5"


def check_refusals(server: RunningServer) -> None:
    """Checks that every kind of request gets a time for the next attempt."""
    with httpx.Client(base_url=server.url, timeout=30) as client:
        for path, body in ((BASE_INFO, SELECTION), (FREE_TEXT, {"message": "더 쉬운 거", "sessionId": "late"})):
            answered = client.post(path, json=body)
            assert refused(answered)
            assert (answered.json()["status"], answered.json()["data"]) == (503, None)
            streamed = client.get(path, params=body, headers=EVENTS)
            assert (streamed.status_code, streamed.headers["retry-after"]) == (200, "5")
            assert "retry: 5000" in streamed.text
            (event,) = parse(streamed.text.split("\n"))
            assert (event.name, event.envelope["status"]) == ("error", 503)
        assert refused(client.get("/api/challenges/options"))
        assert refused(client.get("/api/chatbot/sessions/late"))
        assert client.get("/health").status_code == 503
        page = client.get("/admin/", headers={"Cookie": f"sessionid={'a' * 32}"})
        assert refused(page)
        assert "text/html" in page.headers["content-type"]
        assert client.get("/").status_code == 200
    with opened(server, "late") as connection:
        (message,) = ask(connection, "recommend", **SELECTION)
        assert (message.fields["retryAfter"], message.fields["data"]["status"]) == (5, 503)


def check_recovered(server: RunningServer, cluster: Cluster, sessions: list[str], threads: int) -> None:
    """Checks that every kind of request works, all rows are written, and no resource is left in use."""
    with httpx.Client(base_url=server.url, timeout=30) as client:
        until(lambda: client.get("/health").status_code == 200)
        assert client.post(BASE_INFO, json=SELECTION).status_code == 200
        assert client.post(FREE_TEXT, json={"message": "더 쉬운 거", "sessionId": "late"}).status_code == 200
        assert client.get("/admin/", headers={"Cookie": f"sessionid={'a' * 32}"}).status_code == 302
    with opened(server, "late") as connection:
        assert ask(connection, "recommend", **SELECTION)[-1].name == "close"
    for session in sessions:
        until(lambda session=session: outcomes(cluster, session) == ["completed"])  # type: ignore[misc]  # mypy knows no defaults of lambdas
    assert cluster.sql(RUNNING, DATABASE) == [(0,)]
    busy = f"SELECT state FROM pg_stat_activity WHERE datname = '{DATABASE}' AND pid <> pg_backend_pid()"
    until(lambda: {state for (state,) in cluster.sql(busy)} <= {"idle"})
    assert cluster.connections(DATABASE) <= MOST_CONNECTIONS
    assert psutil.Process(server.pid).num_threads() <= threads
    assert "Traceback" not in server.output


OUTAGES: dict[str, tuple[Callable[[Cluster], None], Callable[[Cluster], None]]] = {
    "stopped": (Cluster.stop, Cluster.start),
    "frozen": (Cluster.freeze, Cluster.thaw),
}


@pytest.mark.parametrize(
    ("how", "seconds"),
    [
        ("stopped", 0.3),
        ("stopped", 4),
        ("frozen", 0.3),
        ("frozen", 4),
        pytest.param("stopped", 60, marks=LONG),
        pytest.param("frozen", 60, marks=LONG),
    ],
)
def test_streams_outlive_the_database(
    cluster: Cluster, server: RunningServer, threads: int, how: str, seconds: float
) -> None:
    go, come_back = OUTAGES[how]
    streams = begun(server, f"{how}-{seconds:g}")
    go(cluster)
    try:
        time.sleep(min(seconds, 1))
        if seconds > 1:  # else a request just waits for a moment
            check_refusals(server)
            for stream in streams.values():
                check(stream.join())  # before the database is back
            time.sleep(seconds - 4)
    finally:
        come_back(cluster)
    for stream in streams.values():
        check(stream.join())
    check_recovered(server, cluster, list(streams), threads)


@contextmanager
def locked(cluster: Cluster, *tables: str, mode: str = "ACCESS EXCLUSIVE") -> Iterator[None]:
    """No other client can read or write these, as while they are rebuilt; SHARE: none can write them."""
    import psycopg  # here: the embedded default needs no driver

    # isort: split
    with psycopg.connect(cluster.url(DATABASE)) as connection:
        connection.execute(f"LOCK TABLE {', '.join(tables)} IN {mode} MODE".encode())
        yield


def test_a_locked_table_takes_neither_streams_nor_the_process(cluster: Cluster, server: RunningServer) -> None:
    streams = begun(server, "locked")
    session, asked = "/api/chatbot/sessions/late", 24  # more than there are threads
    with httpx.Client(base_url=server.url, timeout=60) as client, ThreadPoolExecutor(asked) as pool:
        with locked(cluster, "chatbot_generation", "chatbot_chatsession", "challenges_challenge"):
            waiting = [pool.submit(client.get, session) for _ in range(asked)]
            for _ in range(5):
                assert client.get("/health/live").status_code == 200
            assert not any(each.done() for each in waiting)  # all this time
            for stream in streams.values():
                check(stream.join())
            assert refused(waiting[0].result())
        assert {each.result().status_code for each in waiting} <= {200, 503}
        assert client.get(session).status_code == 200
    for name in streams:
        until(lambda name=name: outcomes(cluster, name) == ["completed"])  # type: ignore[misc]  # mypy knows no defaults of lambdas
    assert cluster.sql(RUNNING, DATABASE) == [(0,)]
    assert "Traceback" not in server.output


def test_a_table_that_can_only_be_read_takes_no_new_question(cluster: Cluster, server: RunningServer) -> None:
    """As while an index is made."""
    streams = begun(server, "shared")
    question = {**SELECTION, "location": "beach"}
    with locked(cluster, "chatbot_generation", mode="SHARE"):
        assert refused(httpx.post(f"{server.url}{BASE_INFO}", json=question, timeout=60))
        for stream in streams.values():
            check(stream.join())
    assert httpx.post(f"{server.url}{BASE_INFO}", json=question, timeout=60).status_code == 200
    for name in streams:
        until(lambda name=name: outcomes(cluster, name) == ["completed"])  # type: ignore[misc]  # mypy knows no defaults of lambdas
    assert cluster.sql(RUNNING, DATABASE) == [(0,)]
    assert "Traceback" not in server.output


def test_a_stream_is_stopped_while_the_database_is_gone(cluster: Cluster, server: RunningServer) -> None:
    stream = begun(server, "stop")["stop-VEGAN"]
    start = stream.events[0].payload
    address = f"{server.url}/api/chatbot/generations/{start['generationId']}/stop"
    cluster.stop()
    try:
        answered = httpx.post(
            address, params={"sessionId": "stop-VEGAN"}, headers={HEADER: start["sessionToken"]}, timeout=60
        )
        assert answered.json()["data"]["outcome"] == "stopped"
        assert stream.join()[-1].payload["stopped"] is True
        assert refused(httpx.post(address, params={"sessionId": "stop-VEGAN"}, timeout=60))  # is it bound?
    finally:
        cluster.start()
    until(lambda: httpx.get(f"{server.url}/health").status_code == 200)
    # In a fleet, only the database knows the other sessions of a generation, so the answer continues for them.
    until(lambda: outcomes(cluster, "stop-VEGAN") in (["stopped"], ["completed"]))


def test_a_server_that_stops_while_the_database_is_gone_says_what_is_lost(cluster: Cluster) -> None:
    with served(cluster) as server:
        streams = begun(server, "lost")
        cluster.stop()
        try:
            assert server.stop() == 0
            for stream in streams.values():
                check(stream.join())
        finally:
            cluster.start()
        assert server.output.count("its row was never written") == len(CATEGORIES)
        assert "Traceback" not in server.output
