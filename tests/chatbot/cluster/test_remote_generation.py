"""Following the events of another process. Without Redis: the tests pass the entries."""

import json
import uuid
from typing import Any

import pytest

from chatbot.cluster.claims import Claim
from chatbot.cluster.remote_generation import RemoteGeneration, terminal_event
from chatbot.cluster.replication import GIVEN_UP, STREAM_END, EventLogEntry
from chatbot.events.log import Numbered, StreamEnd, channel_of, event_log
from chatbot.events.types import Close, Failed, Rewrite, Token, encode_event
from chatbot.models import Generation, Outcome

CHALLENGES = [
    {"title": f"실천 {number}", "description": "해 보세요.", "category": "VEGAN", "label": "비건"}
    for number in (1, 2, 3)
]
CLOSE = Close("recommendation", "비건을 시작해요.", CHALLENGES)
TEXT = "비건을 시작해요.\n\n" + "\n\n".join(f"{number}. 실천 {number}\n해 보세요." for number in (1, 2, 3))


def entry(number: int, event: Any) -> EventLogEntry:
    return EventLogEntry((number, 0), event.name, encode_event(event))


def followed(*entries: EventLogEntry) -> RemoteGeneration:
    generation = RemoteGeneration(Claim(uuid.uuid4(), "other"))
    for each in entries:
        generation.take(each)
    return generation


def logged(generation: RemoteGeneration) -> list[tuple[int, str, str]]:
    return [(event.number, event.name, event.data) for event in event_log.after(channel_of(generation.id), 0, 100)]


async def shown_after(generation: RemoteGeneration, number: int, **options: Any) -> list[Numbered]:
    """The events for a client that has seen event ``number``."""
    with generation.subscribe("wer", after=number, **options) as subscription:
        return [event async for events in subscription for event in events]


async def test_before_its_first_event_it_can_be_listened_to() -> None:
    generation = followed()
    assert logged(generation) == []
    assert not generation.begun.is_set()


async def test_events_come_into_the_log_as_they_are() -> None:
    generation = followed(entry(1, Token("가")), entry(2, CLOSE))
    assert logged(generation) == [(1, "challenge", encode_event(Token("가"))), (2, "close", encode_event(CLOSE))]
    assert generation.begun.is_set()
    assert generation.ended.is_set()
    assert generation.conclusion == CLOSE


async def test_what_comes_twice_counts_once_and_nothing_follows_the_end() -> None:
    generation = followed(entry(1, Token("가")), entry(1, Token("가")), entry(2, CLOSE), entry(3, Token("나")))
    assert [number for number, _, _ in logged(generation)] == [1, 2]


async def test_a_failure_elsewhere_is_one_here() -> None:
    failed = Failed(502, "실패했습니다.")
    assert followed(entry(1, failed)).conclusion == failed


async def test_one_session_takes_its_leave() -> None:
    stopped = Close("recommendation", "", [], stopped=True)
    data = f'[["rewrite", {_json(Rewrite(3))}], ["close", {_json(stopped)}]]'
    generation = followed(entry(1, Token("가")), EventLogEntry((1, 1), STREAM_END, data, "나"), entry(2, Token("나")))
    assert generation.stream_end("너") is None
    stream_end = generation.stream_end("나")
    assert stream_end is not None
    assert stream_end.number == 1
    assert [encode_event(event) for event in stream_end.events] == [encode_event(Rewrite(3)), encode_event(stopped)]
    assert len(logged(generation)) == 2
    assert event_log.stream_ends(generation.id) == {"나": stream_end}


async def test_given_up_it_ends_without_an_end_and_is_to_be_begun_anew() -> None:
    generation = followed(entry(1, Token("가")), EventLogEntry((1, 1), GIVEN_UP, ""))
    assert generation.ended.is_set()
    assert (generation.conclusion, generation.lost) == (None, True)
    assert event_log.state(generation.id) is None


async def test_a_client_gets_the_whole_answer_when_the_rest_is_lost() -> None:
    generation = followed(entry(1, Token("비건을 ")))
    generation.end_by_row(row(Outcome.COMPLETED))
    assert generation.stream_end("wer") == StreamEnd(1, [Rewrite(0), Token(TEXT), CLOSE], 4)
    assert generation.conclusion == CLOSE


@pytest.mark.parametrize("count", [2, 4, 9])
async def test_the_end_has_the_number_of_the_row_and_is_sent_once(count: int) -> None:
    generation = followed(entry(1, Token("비건을 ")))
    ended = row(Outcome.COMPLETED)
    ended.event_count = count
    generation.end_by_row(ended)
    shown = await shown_after(generation, 1)
    assert [event.number for event in shown] == list(range(2, max(4, count) + 1))
    assert [event.name for event in shown] == ["rewrite"] * (len(shown) - 2) + ["challenge", "close"]


async def test_a_failure_has_the_number_of_the_row_too() -> None:
    generation = followed(entry(1, Token("비건을 ")))
    generation.end_by_row(Generation(outcome=Outcome.FAILED, event_count=9))
    assert [(event.number, event.name) for event in await shown_after(generation, 1)] == [(9, "error")]
    assert [generation.may_tell_more(number) for number in (1, 8, 9)] == [True, True, False]


async def test_the_end_has_the_token_format_of_the_client() -> None:
    generation = followed(entry(1, Token("가")))
    generation.stream_ends["wer"] = StreamEnd(1, [Rewrite(0), Token("가"), CLOSE])
    shown = await shown_after(generation, 1, token_format="text")
    assert [json.loads(event.data)["data"] for event in shown[:2]] == [{"length": 0}, "가"]


async def test_a_client_of_the_dead_process_may_have_seen_more_than_was_copied() -> None:
    generation = followed()
    ended = row(Outcome.STOPPED)
    ended.event_count = 10
    generation.end_by_row(ended)
    stopped = Close("recommendation", "비건을 시작해요.", CHALLENGES, stopped=True)
    stream_end = generation.stream_end("wer")
    assert stream_end == StreamEnd(0, [Rewrite(0), Token(TEXT), stopped], 10)
    shown = await shown_after(generation, 7)
    assert [(event.name, event.number) for event in shown] == [("rewrite", 8), ("challenge", 9), ("close", 10)]


def test_a_row_without_an_answer_tells_of_a_failure() -> None:
    assert terminal_event(Generation(outcome=Outcome.FAILED)) == Failed(
        502, "AI 서버로부터 추천 결과를 받아오는 데 실패했습니다."
    )


def row(outcome: Outcome) -> Generation:
    return Generation(outcome=outcome, answer=Close("recommendation", CLOSE.recommend, CHALLENGES).payload())


def _json(event: Any) -> str:

    return json.dumps(encode_event(event))
