"""Detecting a proxy that buffers a stream, from the arrival times of its events."""

import pytest

from chatbot.diagnostics.stream import count_steps, judge_pace, judge_stream
from tests.chatbot.diagnostics.recordings import TARGET, framed, good_events, level_and_message, levels, recorded

PACED = [0.1 + 0.05 * place for place in range(30)]
LUMP = [2.5 + 0.0001 * place for place in range(30)]


def test_events_that_come_one_by_one() -> None:
    assert level_and_message(judge_pace(PACED, written=1.5)) == (
        "ok",
        "30 events came in 30 steps: nothing on the way holds them back.",
    )


def test_one_lump_although_the_server_took_its_time() -> None:
    assert level_and_message(judge_pace(LUMP, written=2.4)) == (
        "fault",
        "30 events came in one lump, 2.50 to 2.50 s after the request, although the server wrote them one by one for "
        "2.4 s: something on the way buffers the response.",
    )


def test_a_few_lumps_although_the_server_took_its_time() -> None:
    lumps = [second for second in (0.1, 1.2, 2.4) for _ in range(10)]
    finding = judge_pace(lumps, written=2.4)
    assert levels([finding]) == ["fault"]
    assert "in only 3 lumps, 0.10 to 2.40 s after the request" in finding.msg


def test_one_lump_after_a_long_silence_of_a_server_that_cannot_be_asked() -> None:
    assert level_and_message(judge_pace(LUMP, written=None)) == (
        "warning",
        "30 events came in one lump, 2.50 to 2.50 s after the request: "
        "something on the way seems to buffer the response.",
    )


@pytest.mark.parametrize(("seconds", "written"), [([0.05] * 30, None), ([0.05] * 30, 0.02), (LUMP, 0.02)])
def test_a_server_that_writes_without_pauses_gives_nothing_to_judge(
    seconds: list[float], written: float | None
) -> None:
    finding = judge_pace(seconds, written=written)
    assert levels([finding]) == ["warning"]
    assert finding.msg.endswith("the server wrote them so fast that whether a proxy buffers cannot be judged.")
    assert "LEAFRESH_CATALOG_TOKEN_DELAY_MS=15" in str(finding.hint)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0.25, ("ok", "The first words came after 0.25 s.")),
        (3.14, ("warning", "The first words came only after 3.1 s: people expect them within 1 s.")),
    ],
)
def test_first_words(seconds: float, expected: tuple[str, str]) -> None:
    frames = framed(good_events())
    times = [0.05, *(seconds + 0.05 * place for place in range(len(frames) - 1))]
    assert expected in [level_and_message(finding) for finding in judge_stream(recorded(frames, seconds=times), TARGET)]


def test_steps_are_counted_by_their_pauses() -> None:
    assert [count_steps(seconds) for seconds in ([], [1.0], [1.0, 1.001], [1.0, 1.05, 1.051, 2.0])] == [0, 1, 1, 3]
