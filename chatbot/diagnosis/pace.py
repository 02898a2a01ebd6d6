"""How a stream comes: when its first words arrive, and whether something on the way holds it back."""

from collections.abc import Sequence
from itertools import pairwise

from chatbot.diagnosis.finding import Finding, fault, ok, warning

FIRST_WORDS_SECONDS = 1.0
"""What people are promised."""

STEP_SECONDS = 0.02
"""Events closer together than this came in one lump. The server sends text every 50 ms."""

JUDGED_SECONDS = 0.6
"""An answer that was written faster than this may come in one lump without anything holding it back."""

_REMEDY = (
    "Switch off response buffering and compression for text/event-stream in the proxy "
    "(nginx: proxy_buffering off; gzip off;), and let X-Accel-Buffering through to it."
)


def judge_first_words(seconds: float) -> Finding:
    if seconds <= FIRST_WORDS_SECONDS:
        return ok(f"The first words came after {seconds:.2f} s.")
    return warning(
        f"The first words came only after {seconds:.1f} s: people expect them within {FIRST_WORDS_SECONDS:g} s.",
        "Look whether the answer source is slow or overloaded, or something on the way holds events back.",
    )


def judge_pace(seconds: Sequence[float], *, written: float | None) -> Finding:
    """``seconds`` are the arrivals of a stream's events; ``written`` is how long the server says that it wrote, None
    when that is not known (the check has another database than the server)."""
    steps = count_steps(seconds)
    if steps >= max(3, len(seconds) // 4):
        return ok(f"{len(seconds)} events came in {steps} steps: nothing on the way holds them back.")
    took = seconds[-1] if written is None else written
    lumps = "in one lump" if steps == 1 else f"in only {steps} lumps"
    came = f"{len(seconds)} events came {lumps}, {seconds[0]:.2f} to {seconds[-1]:.2f} s after the request"
    if took < JUDGED_SECONDS:
        return warning(
            f"{came}: the server wrote them so fast that whether a proxy buffers cannot be judged.",
            "Restart the server with LEAFRESH_CATALOG_TOKEN_DELAY_MS=15 and run the doctor again.",
        )
    if written is None:
        return warning(
            f"{came}: something on the way seems to buffer the response.",
            _REMEDY,
        )
    return fault(
        f"{came}, although the server wrote them one by one for {written:.1f} s: "
        "something on the way buffers the response.",
        _REMEDY,
    )


def count_steps(seconds: Sequence[float]) -> int:
    """In how many groups, with pauses between, the events came."""
    pauses = (later - earlier for earlier, later in pairwise(seconds))
    return bool(seconds) + sum(pause >= STEP_SECONDS for pause in pauses)
