"""From a message to what it means. Pure: what is known comes in, nothing is read or kept."""

from dataclasses import replace

from challenges.catalog import Options
from chatbot.models import Intent
from chatbot.nlu.analyser_manager import names_of
from chatbot.nlu.intents.deciding import decide
from chatbot.nlu.intents.reading import read
from chatbot.nlu.intents.understanding import Situation, Understanding
from chatbot.nlu.morphemes import Language
from chatbot.nlu.safety.safety import concern
from chatbot.nlu.safety.word_lists import WordLists


def understand(
    message: str, *, language: Language, known: Options, words: WordLists, situation: Situation
) -> Understanding:
    """What the person wants. Any text is understood as something, at least as a question for challenges. That it was
    read roughly is one of the reasons."""
    found = _understand(message, language=language, known=known, words=words, situation=situation)
    return replace(found, reasons=(*found.reasons, {"code": "rough"})) if language.rough else found


def _understand(
    message: str, *, language: Language, known: Options, words: WordLists, situation: Situation
) -> Understanding:
    found = concern(message, words=words, language=language, names=lambda: names_of(known))
    if found is not None:
        code = found.kind if found.words else f"{found.kind}_weighed"
        reason = {"code": code, "words": [found.words] if found.words else []}
        if found.kind == "abuse":
            return Understanding(Intent.ABUSE, reasons=(reason,))
        danger = "own_hurt" if found.own_hurt else found.kind
        return Understanding(Intent.DANGER, danger=danger, reasons=(reason,))
    return decide(read(message, language=language), language=language, known=known, situation=situation)
