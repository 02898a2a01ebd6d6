"""From a message to what it means. Pure: what is known comes in, nothing is read or kept."""

from dataclasses import replace

from challenges.catalog import Options
from chatbot.conversation.intents.deciding import decide
from chatbot.conversation.intents.reading import read
from chatbot.conversation.intents.understanding import Situation, Understanding
from chatbot.conversation.language import Language
from chatbot.conversation.manners.abuse import abuse
from chatbot.conversation.manners.danger import danger
from chatbot.conversation.manners.word_lists import WordLists
from chatbot.models import Intent


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
    in_danger = danger(message, words=words, language=language)
    if in_danger is not None:
        code = "emergency" if in_danger.emergency else "self_harm"
        reason = {"code": code, "words": [in_danger.word]}
        return Understanding(Intent.DANGER, emergency=in_danger.emergency, reasons=(reason,))
    insult = abuse(message, words=words, language=language)
    if insult is not None:
        return Understanding(Intent.ABUSE, reasons=({"code": "abuse", "words": [insult]},))
    return decide(read(message, language=language), language=language, known=known, situation=situation)
