"""From a message to what it means. Pure: what is known comes in, nothing is read or kept."""

from dataclasses import replace

from chatbot.models import Intent
from chatbot.nlu.analyser_manager import names_of
from chatbot.nlu.intents.deciding import decide
from chatbot.nlu.intents.understanding import TurnInput, Understanding
from chatbot.nlu.safety.safety import concern


def understand(turn: TurnInput) -> Understanding:
    """What the person wants. Any text is understood as something, at least as a question for challenges. That it was
    read roughly is one of the reasons."""
    found = _understand(turn)
    return replace(found, reasons=(*found.reasons, {"code": "rough"})) if turn.analyser.rough else found


def _understand(turn: TurnInput) -> Understanding:
    found = concern(turn.message, words=turn.words, analyser=turn.analyser, names=lambda: names_of(turn.options))
    if found is None:
        return decide(turn)
    code = found.kind if found.words else f"{found.kind}_weighed"
    reason = {"code": code, "words": [found.words] if found.words else []}
    if found.kind == "abuse":
        return Understanding(Intent.ABUSE, reasons=(reason,))
    danger = "own_hurt" if found.own_hurt else found.kind
    return Understanding(Intent.DANGER, danger=danger, reasons=(reason,))
