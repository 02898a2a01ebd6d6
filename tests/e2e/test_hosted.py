"""A hosted model: a real provider's protocol on one side of the real server, a real client on the other."""

import re
import signal
from collections.abc import Iterator

import httpx
import pytest

from tests.e2e.server import RunningServer
from tests.e2e.sse import SELECTION, laid_out, stream, tokens
from tests.provider import ANSWER, Provider


@pytest.fixture
def provider() -> Iterator[Provider]:
    with Provider() as running:
        yield running


def hosted(provider: Provider, model: str, **env: str) -> RunningServer:
    """A server whose chat model is the provider's ``model``."""
    access = {"OPENAI_BASE_URL": provider.url, "OPENAI_API_KEY": "sk-secret-123"}
    choice = {"LEAFRESH_CHAT_MODEL": f"openai:{model}", "LEAFRESH_ABANDON_SECONDS": "0.2"}
    return RunningServer(env={**access, **choice, **env})


def test_a_hosted_model_answers(provider: Provider) -> None:
    with hosted(provider, "normal") as server:
        events = list(stream(server.url, **SELECTION))
        assert events[0].payload["source"] == "openai:normal"
        assert events[-1].payload["recommend"] == ANSWER["recommend"]
        assert tokens(events) == laid_out(events[-1].payload)
        assert "sk-secret" not in server.output


def test_an_outage_of_the_model_is_none_of_the_product() -> None:
    env = {"OPENAI_BASE_URL": "http://127.0.0.1:9/v1", "OPENAI_API_KEY": "k", "LEAFRESH_CHAT_MODEL": "openai:any"}
    with RunningServer(env=env) as server:
        events = list(stream(server.url, **SELECTION))
        assert [event.payload for event in events if event.name == "notice"] == [
            {"kind": "fallback", "source": "catalog"}
        ]
        assert len(events[-1].payload["challenges"]) == 3
        assert re.search("openai:any: .*ConnectionError", server.output)
        assert "Traceback" not in server.output


@pytest.mark.parametrize("how", ["leaving", "stopping", "shutting down"])
def test_the_providers_connection_is_closed_before_its_answer_is_over_by(provider: Provider, how: str) -> None:
    with hosted(provider, "slow") as server:
        connection = stream(server.url, sessionId="s", **SELECTION)
        events = [next(connection), next(connection)]
        assert not provider.closed.is_set()
        match how:
            case "leaving":
                connection.close()
            case "stopping":
                httpx.post(f"{server.url}/api/chatbot/generations/{events[0].payload['generationId']}/stop")
            case "shutting down":
                assert server.stop(signal.SIGTERM) == 0
        assert provider.closed.wait(60)
        connection.close()


def test_a_missing_package_stops_the_start_with_the_line_to_install() -> None:
    with (
        pytest.raises(RuntimeError, match="The chat model groq:x needs a package: pip install langchain-groq"),
        RunningServer(env={"LEAFRESH_CHAT_MODEL": "groq:x"}),
    ):
        pass
