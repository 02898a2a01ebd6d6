"""The answer and its challenges."""

from dataclasses import dataclass

CHALLENGES = 3
"""How many challenges a recommendation has."""

RECOMMENDATION = "recommendation"
"""The kind of an answer that has challenges; all others consist of what they say."""

HELP = "help"
"""The kind of an answer to somebody in danger. No model writes it; to an English message it is English."""

TITLE_LENGTH = 10
"""Characters of a title at most, after NFC, counted as Python's ``len``."""


@dataclass(frozen=True, slots=True)
class Challenge:
    """One recommended thing to do. ``category`` is the category's key, ``label`` its Korean name."""

    title: str
    description: str
    category: str
    label: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A validated answer: one friendly sentence and its challenges. ``kind`` is ``recommendation``, ``explanation``,
    ``smalltalk``, ``declined`` or ``help``."""

    recommend: str
    challenges: tuple[Challenge, ...] = ()
    kind: str = RECOMMENDATION


def layout(answer: Answer) -> str:
    """The text a person reads: the sentence, then each challenge as ``1. title``, newline, description; a blank line
    between them. The tokens of a stream, joined, are exactly this."""
    parts = [answer.recommend] if answer.recommend else []
    for index, challenge in enumerate(answer.challenges, start=1):
        parts.append(f"{index}. {challenge.title}\n{challenge.description}")
    return "\n\n".join(parts)


def utf16_length(text: str) -> int:
    """Length in UTF-16 code units, as JavaScript counts."""
    return len(text.encode("utf-16-le")) // 2
