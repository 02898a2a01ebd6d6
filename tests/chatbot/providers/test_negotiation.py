"""Only a refusal of a part is remembered as one, and not for ever."""

import pytest

from chatbot.providers import negotiation as module
from chatbot.providers.failures import NO_STREAM, Failure
from chatbot.providers.negotiation import DOUBT_SECONDS, REFUSAL_SECONDS, Attempt, Negotiation, Part

UNNAMED = Failure("HTTP 400", status=400, text="Bad Request", words="Bad Request")
WANTED = frozenset({Part.STREAM, Part.SYSTEM, Part.TOKENS, Part.USAGE})
"""Without the schema: a failure without words leaves it out for some time."""


class Clock:
    now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    return clock


@pytest.fixture
def model() -> Negotiation:
    return Negotiation("openai:x")


def said(text: str, status: int | None = 400, *, in_stream: bool = False) -> Failure:
    return Failure(f"HTTP {status}", status=status, text=text, words=text, is_in_stream=in_stream)


def parts_after(attempt: Attempt, *failures: Failure) -> frozenset[Part]:
    """The parts of the request that is answered after these failures."""
    for failure in failures:
        assert attempt.again(failure) is not None
    attempt.answered()
    return attempt.parts


@pytest.mark.parametrize(
    "failure",
    [
        said("The server had an error while streaming the response", None, in_stream=True),
        said("streaming is not available now", 503, in_stream=True),
        said("stream disconnected before completion", 500),
        said("failed in system message cache", 500),
        said("Rate limit reached: please reduce max_tokens", 429, in_stream=True),
        said("Rate limit reached: max_tokens is not allowed above 100", 429),
        NO_STREAM,
    ],
    ids=lambda failure: failure.text or failure.kind,
)
def test_a_passing_failure_refuses_nothing(model: Negotiation, failure: Failure) -> None:
    assert parts_after(model.attempt(WANTED), failure) == WANTED
    assert (model.refused, model.suspects) == ({}, [])


@pytest.mark.parametrize(
    "failure",
    [
        said("'stream' is not supported with this model"),
        said("Unsupported value: stream must be false", 422),
        said("streaming is not implemented", 501),
    ],
    ids=lambda failure: failure.text,
)
def test_a_refusal_of_streams_is_heeded(model: Negotiation, failure: Failure) -> None:
    assert parts_after(model.attempt(WANTED), failure) == WANTED - {Part.STREAM}
    assert model.attempt(WANTED).parts == WANTED - {Part.STREAM}


def test_a_response_that_is_twice_no_stream_is_asked_for_whole_for_some_time(model: Negotiation, clock: Clock) -> None:
    assert parts_after(model.attempt(WANTED), NO_STREAM, NO_STREAM) == WANTED - {Part.STREAM}
    assert model.attempt(WANTED).parts == WANTED - {Part.STREAM}
    clock.now += DOUBT_SECONDS
    assert model.attempt(WANTED).parts == WANTED


@pytest.mark.parametrize(
    "text",
    [
        "'max_tokens' or 'max_completion_tokens' is too large: 1000. The maximum context length is 2048 tokens.",
        "The prompt exceeds the context window.",
    ],
)
def test_one_long_prompt_costs_later_requests_nothing(model: Negotiation, text: str) -> None:
    assert parts_after(model.attempt(WANTED), said(text)) == WANTED - {Part.TOKENS}
    assert model.attempt(WANTED).parts == WANTED


def test_refusals_are_forgotten(model: Negotiation, clock: Clock) -> None:
    parts_after(model.attempt(WANTED), said("Unknown field: max_tokens"))
    assert model.attempt(WANTED).parts == WANTED - {Part.TOKENS}
    clock.now += REFUSAL_SECONDS
    assert model.attempt(WANTED).parts == WANTED


def test_a_request_blames_only_the_suspect_that_it_tried(model: Negotiation) -> None:
    """Two requests begin together. The server refuses response_format without a name."""
    wanted = WANTED | {Part.SCHEMA}
    first, second = model.attempt(wanted), model.attempt(wanted)
    parts_after(second, UNNAMED)
    parts_after(first, UNNAMED)
    for _ in range(5):
        attempt = model.attempt(wanted)
        parts_after(attempt, *([UNNAMED] if Part.SCHEMA in attempt.parts else []))
    assert list(model.refused) == [Part.SCHEMA]
    assert model.attempt(wanted).parts == WANTED
