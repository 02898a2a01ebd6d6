"""What the contract asks of the parts of an answer, as functions on text."""

import re
import unicodedata

from chatbot.answers.schema import TITLE_LENGTH

_NUMBERING = re.compile(r"^(?:(?:챌린지\s*)?\d{1,2}\s*[.):\]]|[①-⑳]|[-*•·])\s*")
_MARKUP = re.compile(r"[*_#`~\"“”]+")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def fold(text: str) -> str:
    """The form in which titles and labels are compared: NFC, no case, no white space."""
    return "".join(unicodedata.normalize("NFC", text).casefold().split())


def names_category(sentence: str, label: str) -> bool:
    return fold(label) in fold(sentence)


def clean_title(text: str) -> str:
    """``text`` as a title that keeps the contract, or "" when nothing is left of it.

    Numbering and markup go; what is longer than 10 characters is cut, between words where that leaves at least four.
    """
    title = " ".join(_CONTROL.sub("", unicodedata.normalize("NFC", text)).split())
    title = _MARKUP.sub("", _NUMBERING.sub("", title)).strip(" .,:;")
    if len(title) > TITLE_LENGTH:
        head = title[:TITLE_LENGTH]
        words = head.rpartition(" ")[0] if title[TITLE_LENGTH] != " " else head
        title = (words if len(words) >= 4 else head).strip(" .,:;")
    return title


def category_clause(label: str) -> str:
    """What is added to a sentence that does not name its category."""
    return f"오늘은 {label} 챌린지를 골라 봤어요."


class Line:
    """One line of text while it grows: white space collapsed, none at the ends, no control characters."""

    def __init__(self) -> None:
        self.text = ""
        self._gap = False

    def push(self, fragment: str) -> str:
        """Adds a fragment; returns what of it can be shown now."""
        shown = ""
        for part in re.findall(r"\s+|\S+", _CONTROL.sub("", fragment)):
            if part.isspace():
                self._gap = bool(self.text or shown)
            else:
                shown += f" {part}" if self._gap else part
                self._gap = False
        self.text += shown
        return shown
