"""The types of an answer, and the rules of the contract for its parts, as functions on text."""

import re
import unicodedata
from dataclasses import dataclass

CHALLENGES = 3
"""How many challenges a recommendation has."""

RECOMMENDATION = "recommendation"
"""The kind of an answer with challenges. Answers of other kinds are only a sentence."""

HELP = "help"
"""The kind of an answer to a person in danger. No model writes it. The answer to an English message is English."""

TITLE_LENGTH = 10
"""The maximum length of a title: Python's ``len`` after NFC."""

_NUMBERING = re.compile(r"^(?:(?:챌린지\s*)?\d{1,2}\s*[.):\]]|[①-⑳]|[-*•·])\s*")
_MARKUP = re.compile(r"[*_#`~\"“”]+")
_LINE_MARKUP = re.compile(r"[*`#]+|_{2,}")
_EMOJI = re.compile("[\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\ufe0f\u200d\u20e3\U000e0020-\U000e007f]+")
_HANGUL = re.compile("[\uac00-\ud7a3\u1100-\u11ff\u3130-\u318f]")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")

FOREIGN_LENGTH = 24
"""A line counts as not Korean if its first characters, this many, contain no Hangul."""


@dataclass(frozen=True, slots=True)
class Challenge:
    """A recommended challenge. ``category`` is the key of its category, ``label`` the category's Korean name."""

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
    """The text of an answer as a person reads it. The tokens of a stream, joined, are exactly this text.

    It is the sentence, then each challenge as ``1. title``, a line end and the description. Blank lines separate them.
    """
    parts = [answer.recommend] if answer.recommend else []
    for index, challenge in enumerate(answer.challenges, start=1):
        parts.append(f"{index}. {challenge.title}\n{challenge.description}")
    return "\n\n".join(parts)


def utf16_length(text: str) -> int:
    """The length in UTF-16 code units, as in JavaScript."""
    return len(text.encode("utf-16-le")) // 2


def is_korean(text: str) -> bool:
    """Whether the text contains Hangul."""
    return _HANGUL.search(text) is not None


def fold(text: str) -> str:
    """The form in which titles and labels are compared: NFC, ignoring case and white space."""
    return "".join(unicodedata.normalize("NFC", text).casefold().split())


def names_category(sentence: str, label: str) -> bool:
    """Whether the sentence contains the label. Markup and emoji in the label are ignored, since lines have none."""
    return fold(_EMOJI.sub("", _LINE_MARKUP.sub("", label))) in fold(sentence)


def clean_title(text: str) -> str:
    """``text`` as a title that keeps the contract; "" when that is not possible.

    Numbering, markup and emoji are removed. A title without Hangul becomes "". A title of more than 10 characters is
    shortened, between words if at least four characters remain.
    """
    title = " ".join(_EMOJI.sub("", _CONTROL.sub("", unicodedata.normalize("NFC", text))).split())
    title = _MARKUP.sub("", _NUMBERING.sub("", title)).strip(" .,:;")
    if len(title) > TITLE_LENGTH:
        head = title[:TITLE_LENGTH]
        words = head.rpartition(" ")[0] if title[TITLE_LENGTH] != " " else head
        title = (words if len(words) >= 4 else head).strip(" .,:;")
    return title if is_korean(title) else ""


def category_clause(label: str) -> str:
    """The clause that is added to a sentence that does not name its category."""
    return f"오늘은 {label} 챌린지를 골라 봤어요."


def broken_rules(recommend: object, challenges: object, *, label: str) -> list[str]:
    """The rules of the contract that a recommendation, decoded from JSON, breaks.

    ``label`` is the Korean name of the requested category.
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
    """A line of Korean text that grows piece by piece.

    White space is collapsed, and removed at both ends. Markup, emoji and control characters are removed, and
    ``removed`` has their names. No text is shown before the first Hangul character. A line without Hangul among its
    first 24 characters is ``foreign`` and stays hidden, unless ``any_language`` is set.
    """

    def __init__(self, *, any_language: bool = False) -> None:
        self.text = ""
        self.removed: set[str] = set()
        self._gap = False
        self._korean = any_language

    @property
    def foreign(self) -> bool:
        """Whether the line so far is not in Korean."""
        return bool(self.text) and not self._korean

    @property
    def ends_a_sentence(self) -> bool:
        return self.text.endswith((".", "!", "?", "…", "~"))

    def push(self, fragment: str) -> str:
        """Adds a fragment. Returns the text that can be shown now."""
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
