"""What a person reads must be the answer that closes the stream, and keep the contract."""

from typing import Any

from django.core import checks

from chatbot.diagnostics.stream import judge_answer, shown_text
from tests.chatbot.diagnostics.recordings import CHALLENGES, TEXT, Event, envelope, framed, good_events, recorded


def troubles(events: list[Event]) -> list[str]:
    found = judge_answer(recorded(framed(events)).events)
    return [finding.msg for finding in found if finding.level > checks.INFO]


def closed_with(**changes: object) -> list[Event]:
    events = good_events()
    value: Any = events[-1][1]
    return [*events[:-1], ("close", envelope({**value["data"], **changes}))]


def shown(*events: Event) -> str:
    return shown_text(recorded(framed(events)).events)


def test_the_tokens_joined_are_the_text() -> None:
    assert shown(*good_events()) == TEXT


def test_a_rewrite_keeps_utf16_units() -> None:
    tokens: list[Event] = [("challenge", envelope({"token": "🌱비건 그"})), ("challenge", envelope("리"))]
    assert shown(*tokens, ("rewrite", envelope({"length": 4})), ("challenge", envelope({"token": "!"}))) == "🌱비건!"


def test_a_token_that_was_lost() -> None:
    events = good_events()
    assert troubles([*events[:4], *events[5:]]) == [
        "The text that was written is not the closing answer: a person reads something else."
    ]


def test_a_sentence_that_does_not_name_the_category() -> None:
    assert troubles(closed_with(recommend="반가워요."))[1] == (
        "The answer breaks its contract: recommend does not name the category 비건."
    )


def test_challenges_that_break_the_contract() -> None:
    long = {**CHALLENGES[0], "title": "열한 글자나 되는 제목"}
    assert troubles(closed_with(challenges=[long, CHALLENGES[1], CHALLENGES[1], {**CHALLENGES[2], "category": ""}]))[
        1
    ] == (
        "The answer breaks its contract: there are 4 challenges, not 3; the title "
        "'열한 글자나 되는 제목' has not 1 to 10 characters; a title comes twice; a challenge has no category."
    )


def test_a_close_event_without_an_answer() -> None:
    assert troubles([*good_events()[:-1], ("close", envelope(None))]) == ["The close event has no answer."]


def test_a_list_that_came_as_a_string() -> None:
    assert troubles(closed_with(challenges="채소 한 끼")) == [
        "The answer of the close event lacks a sentence, a title or a description.",
        "The answer breaks its contract: challenges is no list of objects.",
    ]


def test_an_error_event_is_reported_with_its_message() -> None:
    failed = envelope(None, status=502, message="AI 서버로부터 추천 결과를 받아오는 데 실패했습니다.")
    assert troubles([good_events()[0], ("error", failed)]) == [
        "The stream ended with an error event instead of an answer: "
        "502, AI 서버로부터 추천 결과를 받아오는 데 실패했습니다."
    ]
