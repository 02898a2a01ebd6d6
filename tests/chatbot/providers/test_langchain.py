"""What servers of OpenAI's protocol do to a request: each answer still comes from the model that was asked."""

from collections.abc import Iterator

import pytest
from asgiref.sync import async_to_sync
from pytest_django import Settings

from challenges.catalog import Choice, Selection
from chatbot.prompts.contracts import ANSWER_SCHEMA
from chatbot.providers.base import ProviderError, ProviderRequest, Report
from chatbot.providers.langchain import LangChainProvider
from chatbot.providers.negotiation import forget_refusals, refusals
from tests.provider import TEXT, Provider

SELECTION = Selection(Choice("city", "도시"), Choice("office", "사무직"), Choice("VEGAN", "비건"))
SECRET = "sk-secret-123"  # noqa: S105  what must never be seen


@pytest.fixture(scope="module")
def server() -> Iterator[Provider]:
    with Provider() as running:
        yield running


@pytest.fixture(autouse=True)
def _fresh(settings: Settings, server: Provider, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    server.requests.clear()
    forget_refusals()
    yield
    forget_refusals()


def request() -> ProviderRequest:
    return ProviderRequest("시스템", "사용자", SELECTION, (), 1, output_schema=ANSWER_SCHEMA)


def written(model: str, *, times: int = 1, temperature: float | None = None) -> tuple[list[str], Report]:
    """What the model wrote, call after call, and its usage in the last one."""

    async def write() -> tuple[list[str], Report]:
        provider = LangChainProvider(f"openai:{model}", temperature=temperature)
        texts = []
        for _ in range(times):
            asked = request()
            texts.append("".join([piece async for piece in provider.stream(asked)]))
        return texts, asked.report

    return async_to_sync(write)()


def sent(server: Provider, name: str) -> list[bool]:
    """Whether each request's body had the name."""
    return [name in body for body in server.requests]


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("no_stream_options", "stream_options"),
        ("no_completion_tokens", "max_completion_tokens"),
        ("no_max_tokens", "max_tokens"),
        ("no_schema", "response_format"),
        ("no_schema_404", "response_format"),
        ("no_schema_in_stream", "response_format"),
        ("no_schema_500", "response_format"),
        ("no_schema_empty", "response_format"),
        ("no_temperature", "temperature"),
    ],
)
def test_what_a_model_refuses_is_left_out_from_then_on(server: Provider, model: str, name: str) -> None:
    assert written(model, times=2, temperature=0.3)[0] == [TEXT, TEXT]
    assert sent(server, name) == [True, False, False]
    assert [refusal.part for refusal in refusals()[f"openai:{model}"]] == [name]


def test_a_model_without_a_system_role_is_told_everything_in_one_message(server: Provider) -> None:
    assert written("no_system_role", times=2)[0] == [TEXT, TEXT]
    roles = [[message["role"] for message in body["messages"]] for body in server.requests]
    assert roles == [["system", "user"], ["user"], ["user"]]
    assert server.requests[-1]["messages"][0]["content"] == "시스템\n\n사용자"


def test_several_refusals_in_a_row_are_all_heeded(server: Provider) -> None:
    assert written("refuses_everything", times=2, temperature=0.3)[0] == [TEXT, TEXT]
    assert len(server.requests) == 6
    assert {refusal.part for refusal in refusals()["openai:refuses_everything"]} == {
        *("response_format", "stream_options", "max_completion_tokens", "temperature")
    }


@pytest.mark.parametrize("model", ["refuses_without_a_word", "no_schema_422"])
def test_a_refusal_that_names_nothing_is_narrowed_down(server: Provider, model: str) -> None:
    assert set(written(model, times=8)[0]) == {TEXT}
    forbidden = {"stream_options", "response_format"} if model == "refuses_without_a_word" else {"response_format"}
    assert {refusal.part for refusal in refusals()[f"openai:{model}"]} == forbidden
    last = server.requests[-1]
    assert not forbidden & set(last)
    assert {"stream_options", "max_completion_tokens"} - forbidden <= set(last)
    assert [message["role"] for message in last["messages"]] == ["system", "user"]


def test_a_server_that_knows_only_max_tokens_keeps_the_limit(server: Provider) -> None:
    assert written("only_max_tokens")[0] == [TEXT]
    assert server.requests[0]["max_tokens"] == 1024


def test_what_was_refused_is_told_in_the_servers_words(server: Provider) -> None:
    written("no_schema_404")
    (refusal,) = refusals()["openai:no_schema_404"]
    assert (refusal.status, refusal.words) == ("HTTP 404", "No endpoints found that support structured outputs")


@pytest.mark.parametrize(
    "model", ["dies_before_the_first_byte", "busy_once", "bad_gateway_once", "overloaded_in_the_stream_once"]
)
def test_a_passing_failure_is_tried_once_more(server: Provider, model: str) -> None:
    assert written(model)[0] == [TEXT]
    assert len(server.requests) == 2
    assert refusals() == {}


@pytest.mark.parametrize(("model", "calls"), [("status_429", 1), ("status_401", 1), ("status_400", 2)])
def test_a_lasting_failure_is_not_repeated_for_long(server: Provider, model: str, calls: int) -> None:
    with pytest.raises(ProviderError, match=f"^openai:{model}: HTTP {model[-3:]}$"):
        written(model)
    assert len(server.requests) == calls
    assert refusals() == {}


def test_reasoning_counts_as_talking(settings: Settings) -> None:
    settings.LEAFRESH_FIRST_TOKEN_SECONDS = 1
    assert written("reasons_first")[0] == [TEXT]


def test_an_answer_among_the_reasoning_is_read_when_nothing_else_comes() -> None:
    assert written("only_reasons")[0] == [TEXT]


def test_a_budget_that_was_spent_on_reasoning_is_named() -> None:
    with pytest.raises(ProviderError, match=r"token budget \(LEAFRESH_MAX_TOKENS: 1024\) was spent on reasoning"):
        written("reasons_too_long")


def test_chunks_without_text_are_passed_over() -> None:
    assert written("chunks_without_delta")[0] == [TEXT]


def test_an_answer_in_a_tool_call_is_read() -> None:
    assert written("calls_a_tool")[0] == [TEXT]


def test_a_server_that_does_not_stream_is_asked_for_the_whole_answer(server: Provider) -> None:
    texts, report = written("not_streamed", times=2)
    assert texts == [TEXT, TEXT]
    assert (report.tokens_in, report.tokens_out) == (321, 123)
    assert [body.get("stream", False) for body in server.requests] == [True, True, False, False]


@pytest.mark.parametrize(
    ("model", "usage"),
    [
        ("cumulative_usage", (321, 123)),
        ("negative_usage", (321, None)),
        ("huge_usage", (None, 123)),
    ],
)
def test_only_counts_that_can_be_true_are_kept(model: str, usage: tuple[int | None, int | None]) -> None:
    texts, report = written(model)
    assert texts == [TEXT]
    assert (report.tokens_in, report.tokens_out) == usage


def test_the_usage_of_several_calls_adds_up() -> None:
    report = Report()
    report.add(300, 20)
    report.add(10, None)
    assert (report.tokens_in, report.tokens_out) == (310, 20)
