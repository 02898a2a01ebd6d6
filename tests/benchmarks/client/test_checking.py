import json
from typing import Any

import pytest

from benchmarks.answers import answer_tokens, expected
from benchmarks.client.checking import Fault, check_ours, check_peer
from benchmarks.client.wire import SentEvent

TEXT, LAYOUT = expected("비건", 80)
ANSWER = json.loads(TEXT)


def event(name: str, data: Any, number: int | None = None) -> SentEvent:
    envelope = json.dumps({"status": 200, "message": "", "data": data}, ensure_ascii=False)
    return SentEvent(name, f"generation-1:{number}" if number else "", envelope, 0)


def ours() -> list[SentEvent]:
    named: list[tuple[str, Any]] = [("start", {})]
    named += [("challenge", {"token": LAYOUT[place : place + 5]}) for place in range(0, len(LAYOUT), 5)]
    named += [("item", {"index": index}) for index in (1, 2, 3)]
    named += [("close", ANSWER)]
    return [event(name, data, number) for number, (name, data) in enumerate(named, start=1)]


def peers() -> list[SentEvent]:
    return [*(event("challenge", {"token": token}) for token in answer_tokens("비건", 80)), event("close", ANSWER)]


def test_whole_streams_pass() -> None:
    check_ours(ours(), LAYOUT)
    check_peer(peers(), TEXT)


def lost(events: list[SentEvent]) -> list[SentEvent]:
    return events[:5] + events[6:]


def doubled(events: list[SentEvent]) -> list[SentEvent]:
    return events[:5] + events[4:]


def swapped(events: list[SentEvent]) -> list[SentEvent]:
    return [*events[:4], events[5], events[4], *events[6:]]


def unended(events: list[SentEvent]) -> list[SentEvent]:
    return events[:-1]


def ended_twice(events: list[SentEvent]) -> list[SentEvent]:
    return [*events, events[-1]]


def followed(events: list[SentEvent]) -> list[SentEvent]:
    return [*events[:-2], events[-1], events[-2]]


def failed(events: list[SentEvent]) -> list[SentEvent]:
    return [*events[:-1], SentEvent("error", events[-1].id, '{"status":502,"data":null}', 0)]


FAULTS = [lost, doubled, swapped, unended, ended_twice, followed, failed]


@pytest.mark.parametrize("spoil", FAULTS)
def test_faults_of_our_streams_are_found(spoil: Any) -> None:
    with pytest.raises(Fault):
        check_ours(spoil(ours()), LAYOUT)


@pytest.mark.parametrize("spoil", FAULTS)
def test_faults_of_the_peers_streams_are_found(spoil: Any) -> None:
    with pytest.raises(Fault):
        check_peer(spoil(peers()), TEXT)


def renumbered(events: list[SentEvent]) -> list[SentEvent]:
    return [SentEvent(each.name, f"generation-1:{number}", each.data, 0) for number, each in enumerate(events, start=1)]


def test_a_lost_token_is_found_although_the_numbers_have_no_gap() -> None:
    with pytest.raises(Fault, match="layout"):
        check_ours(renumbered(lost(ours())), LAYOUT)


def test_another_answer_than_the_providers_is_a_fault() -> None:
    with pytest.raises(Fault, match="provider"):
        check_ours(ours(), expected("비건", 81)[1])
    with pytest.raises(Fault, match="provider"):
        check_peer(peers(), expected("비건", 81)[0])
