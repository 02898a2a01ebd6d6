"""What a person reads of a recorded stream: the text as it was written, and the answer that closes it."""

from collections.abc import Iterator, Sequence

from chatbot.answers.schema import Answer, Challenge, layout
from chatbot.diagnosis.contract import broken_rules
from chatbot.diagnosis.finding import Finding, fault, ok
from chatbot.diagnosis.sse import Frame
from chatbot.diagnosis.wire import COMPARE, envelope_of


def judge_reading(events: Sequence[Frame]) -> Iterator[Finding]:
    """``events`` are the frames of a stream that reached its terminal event."""
    last = envelope_of(events[-1])
    if last is None:
        return  # the form was at fault, and is reported as such
    if events[-1].name == "error":
        yield _judge_error(last)
        return
    answer = last["data"]
    if not isinstance(answer, dict):
        yield fault("The close event has no answer.", COMPARE)
        return
    closing = _laid_out(answer)
    if closing is None:
        yield fault("The answer of the close event lacks a sentence, a title or a description.", COMPARE)
    elif shown_text(events) == closing:
        yield ok("The text that was written is the closing answer, character for character.")
    else:
        yield fault("The text that was written is not the closing answer: a person reads something else.", COMPARE)
    broken = list(broken_rules(answer.get("recommend"), answer.get("challenges"), label=_label(events)))
    if broken:
        yield fault(f"The answer breaks its contract: {'; '.join(broken)}.", COMPARE)
    else:
        yield ok("The answer keeps its contract: one sentence that names the category, three different challenges.")


def shown_text(events: Sequence[Frame]) -> str:
    """The tokens joined, in either format, with every ``rewrite`` applied."""
    text = ""
    for frame in events:
        envelope = envelope_of(frame)
        payload = envelope["data"] if envelope else None
        if frame.name == "challenge":
            token = payload.get("token") if isinstance(payload, dict) else payload
            text += token if isinstance(token, str) else ""
        elif frame.name == "rewrite" and isinstance(payload, dict) and isinstance(payload.get("length"), int):
            kept = text.encode("utf-16-le", "surrogatepass")[: 2 * payload["length"]]
            text = kept.decode("utf-16-le", "replace")
    return text


def started(events: Sequence[Frame]) -> dict[str, object]:
    """The payload of ``start``; empty when there is none."""
    envelope = envelope_of(events[0]) if events and events[0].name == "start" else None
    payload = envelope["data"] if envelope else None
    return payload if isinstance(payload, dict) else {}


def _label(events: Sequence[Frame]) -> str:
    category = started(events).get("category")
    return str(category.get("label", "")) if isinstance(category, dict) else ""


def _laid_out(answer: dict[str, object]) -> str | None:
    recommend, challenges = answer.get("recommend"), answer.get("challenges")
    if not isinstance(recommend, str) or not isinstance(challenges, list):
        return None
    items = []
    for challenge in challenges:
        if not isinstance(challenge, dict):
            return None
        title, description = challenge.get("title"), challenge.get("description")
        if not isinstance(title, str) or not isinstance(description, str):
            return None
        items.append(Challenge(title, description, category="", label=""))
    return layout(Answer(recommend, tuple(items)))


def _judge_error(envelope: dict[str, object]) -> Finding:
    return fault(
        f"The stream ended with an error event instead of an answer: {envelope['status']}, {envelope['message']}",
        "Look into the server's log, and see “source” above.",
    )
