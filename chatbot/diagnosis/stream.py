"""One real stream, through the address that clients use."""

from collections.abc import Iterator

from chatbot.diagnosis.exchange import Response
from chatbot.diagnosis.finding import Finding, fault, warning
from chatbot.diagnosis.hosts import HOST_SETTING
from chatbot.diagnosis.pace import judge_first_words, judge_pace
from chatbot.diagnosis.reading import judge_reading
from chatbot.diagnosis.refusal import explain_status, refused_host
from chatbot.diagnosis.sse import read_frames
from chatbot.diagnosis.target import Target
from chatbot.diagnosis.visit import OPTIONS, SESSIONS, STREAM, Visit, own_events
from chatbot.diagnosis.wire import COMPARE, envelope_of, judge_form, judge_headers
from chatbot.streaming.events import TERMINAL


def check(visit: Visit, target: Target) -> Iterator[Finding]:
    refused = explain_status(visit.options, target, OPTIONS)
    if refused:
        yield refused
    if visit.stream is None:
        return
    refused = explain_status(visit.stream, target, STREAM)
    if refused:
        yield refused
    else:
        yield from judge(visit.stream, target, written=visit.written)
    if not visit.forgotten:
        yield warning(
            f"The doctor's own session {visit.session_id} could not be deleted.",
            f"curl -X DELETE {target}{SESSIONS}{visit.session_id}",
        )


def judge(response: Response, target: Target, *, written: float | None = None) -> Iterator[Finding]:
    """A recorded stream with status 200. ``written``: the seconds that the server took for it, None if not known."""
    frames, rest = read_frames(response.chunks)
    events = own_events(frames)
    first = envelope_of(events[0]) if events else None
    if first and first["status"] == 400 and HOST_SETTING in str(first["message"]):
        yield refused_host(target)
        return
    yield from judge_headers(response)
    if not events:
        yield fault("The stream has no event.", COMPARE)
        return
    yield from judge_form(events, rest=rest, ending=response.ending)
    if events[-1].name in TERMINAL:
        yield from judge_reading(events)
    words = [frame.seconds for frame in events if frame.name == "challenge"]
    if words:
        yield judge_first_words(words[0])
    if events[-1].name == "close":
        yield judge_pace([frame.seconds for frame in events], written=written)
