"""The answer, and what the contract asks of its parts, as functions on text."""

import re
import unicodedata
from dataclasses import dataclass

CHALLENGES = 3
"""How many challenges a recommendation has."""

RECOMMENDATION = "recommendation"
"""The kind of an answer that has challenges; all others consist of what they say."""

HELP = "help"
"""The kind of an answer to somebody in danger. No model writes it; to an English message it is English."""

TITLE_LENGTH = 10
"""Characters of a title at most, after NFC, counted as Python's ``len``."""

_NUMBERING = re.compile(r"^(?:(?:챌린지\s*)?\d{1,2}\s*[.):\]]|[①-⑳]|[-*•·])\s*")
_MARKUP = re.compile(r"[*_#`~\"“”]+")
_LINE_MARKUP = re.compile(r"[*`#]+|_{2,}")
_EMOJI = re.compile("[\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\ufe0f\u200d\u20e3\U000e0020-\U000e007f]+")
_HANGUL = re.compile("[\uac00-\ud7a3\u1100-\u11ff\u3130-\u318f]")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")

FOREIGN_LENGTH = 24
"""Characters without any Hangul after which a line counts as not Korean."""


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


def is_korean(text: str) -> bool:
    """Whether there is Hangul in the text."""
    return _HANGUL.search(text) is not None


def fold(text: str) -> str:
    """The form in which titles and labels are compared: NFC, no case, no white space."""
    return "".join(unicodedata.normalize("NFC", text).casefold().split())


def names_category(sentence: str, label: str) -> bool:
    """Whether the label is in the sentence, as far as a line can hold it: markup and emoji are taken out of lines."""
    return fold(_EMOJI.sub("", _LINE_MARKUP.sub("", label))) in fold(sentence)


def clean_title(text: str) -> str:
    """``text`` as a title that keeps the contract, or "" when nothing is left of it.

    Numbering, markup and emoji go, and with them a title without Hangul; what is longer than 10 characters is cut,
    between words where that leaves at least four.
    """
    title = " ".join(_EMOJI.sub("", _CONTROL.sub("", unicodedata.normalize("NFC", text))).split())
    title = _MARKUP.sub("", _NUMBERING.sub("", title)).strip(" .,:;")
    if len(title) > TITLE_LENGTH:
        head = title[:TITLE_LENGTH]
        words = head.rpartition(" ")[0] if title[TITLE_LENGTH] != " " else head
        title = (words if len(words) >= 4 else head).strip(" .,:;")
    return title if is_korean(title) else ""


def category_clause(label: str) -> str:
    """What is added to a sentence that does not name its category."""
    return f"오늘은 {label} 챌린지를 골라 봤어요."


def broken_rules(recommend: object, challenges: object, *, label: str) -> list[str]:
    """Each rule of the contract that a recommendation, decoded from JSON, does not keep.

    ``label`` is the Korean name of the category that was asked for.
    """
    broken = []
    if not isinstance(recommend, str) or not recommend.strip():
        broken.append("recommend is no sentence")
    elif not names_category(recommend, label):
        broken.append(f"recommend does not name the category {label}")
    if not isinstance(challenges, list) or not all(isinstance(challenge, dict) for challenge in challenges):
        return [*broken, "challenges is no list of objects"]
    if len(challenges) != CHALLENGES:
        broken.append(f"there are {len(challenges)} challenges, not {CHALLENGES}")
    titles = [challenge.get("title") for challenge in challenges]
    broken += [
        f"the title {title!r} has not 1 to {TITLE_LENGTH} characters"
        for title in titles
        if not isinstance(title, str) or not 1 <= len(unicodedata.normalize("NFC", title)) <= TITLE_LENGTH
    ]
    if len({fold(str(title)) for title in titles}) < len(titles):
        broken.append("a title comes twice")
    broken += [
        f"a challenge has no {name}"
        for name in ("description", "category")
        if not all(isinstance(value := challenge.get(name), str) and value.strip() for challenge in challenges)
    ]
    return broken


class Line:
    """One line of Korean while it grows: white space collapsed, none at its ends, no markup, emoji, control characters.

    Nothing is shown before the first Hangul character: a line that has none among its first 24 characters is
    ``foreign`` and stays hidden, unless the line may be in ``any_language``. ``removed`` names what was taken out.
    """

    def __init__(self, *, any_language: bool = False) -> None:
        self.text = ""
        self.removed: set[str] = set()
        self._gap = False
        self._korean = any_language

    @property
    def foreign(self) -> bool:
        """Whether the line as it stands is not in Korean."""
        return bool(self.text) and not self._korean

    @property
    def ends_a_sentence(self) -> bool:
        return self.text.endswith((".", "!", "?", "…", "~"))

    def push(self, fragment: str) -> str:
        """Adds a fragment; returns what of it can be shown now."""
        already_shown = len(self.text) if self._korean else 0
        for part in re.findall(r"\s+|\S+", self._plain(fragment)):
            if part.isspace():
                self._gap = bool(self.text)
            else:
                self.text += f" {part}" if self._gap else part
                self._gap = False
        self._korean = self._korean or is_korean(self.text[:FOREIGN_LENGTH])
        return self.text[already_shown:] if self._korean else ""

    def _plain(self, fragment: str) -> str:
        for name, pattern in (("markup", _LINE_MARKUP), ("emoji", _EMOJI)):
            plain = pattern.sub("", fragment)
            if plain != fragment:
                self.removed.add(name)
                fragment = plain
        return _CONTROL.sub("", fragment)
