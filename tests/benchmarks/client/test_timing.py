import json

from benchmarks.answers import RECEIPT, STAMP, stamp
from benchmarks.client.timing import added_by, delays_of
from benchmarks.client.wire import SentEvent


def token(text: str, milliseconds: float) -> SentEvent:
    return SentEvent("challenge", "", json.dumps({"data": {"token": text}}), round(milliseconds * 1e6))


def test_delays_run_from_a_stamp_to_the_arrival_of_its_last_character() -> None:
    whole, half = stamp(STAMP, 1_000_000), stamp(STAMP, 1_020_000)
    events = [token(f"비건 {whole}", 1003), token(half[:6], 1021), token(half[6:], 1030)]
    assert delays_of(events) == [3.0, 10.0]


def test_stamps_that_nobody_filled_in_tell_nothing() -> None:
    assert delays_of([token(stamp(STAMP, 0), 1003)]) == []
    assert added_by([token(f"{stamp(STAMP, 0)} {stamp(RECEIPT, 0)}", 1003)], 0) is None


def test_the_provider_s_own_time_is_not_added() -> None:
    # Asked at 1000 ms; the provider read its request at 1004 and sent the first word at 1204, which came at 1207.
    events = [token(stamp(STAMP, 1_204_000), 1207), token(f" {stamp(RECEIPT, 1_004_000)}", 1227)]
    assert added_by(events, 1000 * 1_000_000) == 7.0
