"""Effects of the analyser process on people: when it is not loaded, when it hangs, and under load."""

import json
import signal
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import httpx
import psutil
import pytest

from tests.e2e.redis_server import EXECUTABLE, RunningRedis
from tests.e2e.server import RunningServer, run_python
from tests.e2e.sse import BASE_INFO, FREE_TEXT, SELECTION, stream
from tests.provider import TEXT, Provider

WITHIN = 15.0
"""Seconds for what takes milliseconds: the server either continues, or waits for what never comes."""


def hosted(provider: Provider, **env: str) -> RunningServer:
    access = {"OPENAI_BASE_URL": provider.url, "OPENAI_API_KEY": "sk-secret-123"}
    bounds = {"LEAFRESH_CHAT_MODEL": "openai:normal", "LEAFRESH_ANALYSER_SECONDS": "2"}
    return RunningServer(env={**bounds, **access, **env})


@pytest.fixture(scope="module")
def lasting(provider: Provider) -> Iterator[RunningServer]:
    """For tests after which messages are understood again."""
    with hosted(provider) as running:
        yield running


def analysers(server: RunningServer) -> list[psutil.Process]:
    return psutil.Process(server.pid).children()


def until(condition: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + 60
    while not (value := condition()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)
    return value


def say(server: RunningServer, message: str, session: str | None = None, **headers: str) -> httpx.Response:
    body = {"message": message, "sessionId": session or uuid.uuid4().hex}
    return httpx.post(f"{server.url}{FREE_TEXT}", json=body, headers=headers, timeout=WITHIN)


def pick(server: RunningServer, **fields: str) -> httpx.Response:
    body = {**SELECTION, "sessionId": uuid.uuid4().hex, **fields}
    return httpx.post(f"{server.url}{BASE_INFO}", json=body, timeout=WITHIN)


def understood(server: RunningServer) -> bool:
    """Whether a message is understood by the analyser."""
    session = uuid.uuid4().hex
    assert say(server, "비건으로 바꿔줘", session).status_code == 200
    ((reasons,),) = server.sql(f"SELECT reasons FROM chatbot_turn WHERE session_id = '{session}'")
    found = json.loads(reasons) if isinstance(reasons, str) else reasons
    return "rough" not in {each["code"] for each in found}


def hang(server: RunningServer) -> psutil.Process:
    """Stops the analyser's process, as a debugger or an overcommitted machine does."""
    until(lambda: understood(server))
    (process,) = analysers(server)
    process.send_signal(signal.SIGSTOP)
    return process


def alive(server: RunningServer) -> bool:
    return httpx.get(f"{server.url}/health/live", timeout=WITHIN).status_code == 200


def test_with_a_hung_analyser_selections_of_a_hosted_model_are_answered(lasting: RunningServer) -> None:
    hung = hang(lasting)
    assert pick(lasting).json()["data"]["recommend"] == json.loads(TEXT)["recommend"]
    assert alive(lasting)
    assert psutil.wait_procs([hung], timeout=WITHIN)[1] == []
    until(lambda: understood(lasting))
    assert len(analysers(lasting)) == 1


def test_a_message_that_meets_a_hung_analyser_is_understood_roughly(lasting: RunningServer) -> None:
    hung, session = hang(lasting), uuid.uuid4().hex
    answered = say(lasting, "비건으로 바꿔줘", session)
    assert (answered.status_code, len(answered.json()["data"]["challenges"])) == (200, 3)
    assert psutil.wait_procs([hung], timeout=WITHIN)[1] == []
    until(lambda: understood(lasting))


@pytest.mark.skipif(EXECUTABLE is None, reason="needs Redis")
def test_with_redis_a_hung_analyser_delays_no_selection(provider: Provider) -> None:
    rates = {"LEAFRESH_SESSION_RATE": "20/m", "LEAFRESH_ADDRESS_RATE": "600/m"}
    with RunningRedis() as redis, hosted(provider, REDIS_URL=redis.url, **rates) as server:
        hang(server)
        answers: list[int] = []

        def talk(number: int) -> None:
            answers.append(say(server, f"{number}번째 다른 거 없어?").status_code)

        talking = [threading.Thread(target=talk, args=[number]) for number in range(40)]
        for each in talking:
            each.start()
        assert [pick(server).status_code for _ in range(5)] == [200] * 5
        assert alive(server)
        for each in talking:
            each.join()
        assert answers == [200] * 40


@pytest.mark.parametrize("when", ["idle", "asked"])
def test_a_server_ends_whatever_its_analyser_does(provider: Provider, when: str) -> None:
    def ask() -> None:
        with suppress(httpx.HTTPError):  # it may end before it answers
            say(server, "다른 거 없어?")

    with hosted(provider) as server:
        hung, asking = hang(server), threading.Thread(target=ask)
        if when == "asked":
            asking.start()
        assert server.stop() == 0
        if when == "asked":
            asking.join()
        assert psutil.wait_procs([hung], timeout=WITHIN)[1] == []


def test_an_analyser_that_hangs_while_it_loads_is_replaced() -> None:
    with RunningServer(env={"LEAFRESH_ANALYSER_SECONDS": "2"}) as server:
        asking = threading.Thread(target=say, args=[server, "비건으로 바꿔줘"])
        asking.start()
        (first,) = until(lambda: analysers(server))
        with suppress(psutil.NoSuchProcess):
            first.send_signal(signal.SIGSTOP)
        assert alive(server)
        asking.join()
        assert psutil.wait_procs([first], timeout=WITHIN)[1] == []
        until(lambda: understood(server))


def test_selections_load_no_analyser(server: RunningServer) -> None:
    with RunningServer() as own:
        list(stream(own.url, **SELECTION))
        assert pick(own, category="플로깅").status_code == 200
        assert analysers(own) == []


def test_a_server_loads_its_analyser_before_anybody_asks_unless_it_is_told_not_to() -> None:
    with RunningServer(env={"LEAFRESH_ANALYSER": "eager", "LEAFRESH_ANALYSER_SECONDS": "0.1"}) as own:
        until(lambda: analysers(own))
        until(lambda: understood(own))  # a message does not wait while it loads
        assert len(analysers(own)) == 1


def test_long_sessions_delay_nobody_else(lasting: RunningServer) -> None:
    """Five sessions of 200 turns say twenty things each, as the default rates let them."""
    server = lasting
    with httpx.Client(timeout=WITHIN) as stranger:
        until(lambda: understood(server))
        sessions: dict[str, dict[str, str]] = {}
        for _ in range(5):
            key = uuid.uuid4().hex
            response = pick(server, sessionId=key)
            token = response.headers.get("X-Leafresh-Session-Token")
            sessions[key] = {"X-Leafresh-Session-Token": token} if token else {}
        turns = json.dumps([[key, 200] for key in sessions])
        run_python(server.data_dir, "-m", "tests.e2e.hostile.laying", stdin=turns)
        answers: list[int] = []

        def talk(key: str, proof: dict[str, str]) -> None:
            answers.extend(say(server, f"다른 거 {number}", key, **proof).status_code for number in range(20))

        talking = [threading.Thread(target=talk, args=item) for item in sessions.items()]
        for each in talking:
            each.start()
        while any(each.is_alive() for each in talking):
            assert stranger.get(f"{server.url}/health/live").status_code == 200
            assert [event.name for event in stream(server.url, sessionId=uuid.uuid4().hex, **SELECTION)][-1] == "close"
        assert answers == [200] * 100
