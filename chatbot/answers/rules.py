"""What the contract asks of the parts of an answer, as functions on text."""

import re
import unicodedata
from dataclasses import dataclass

import regex

from chatbot.answers.cleaning import EMOJI, JSON_TEXT, Cleaner, cleaned, without_tags
from chatbot.answers.placeholders import is_placeholder, may_be_placeholder

CHALLENGES = 3
"""How many challenges a recommendation has."""

RECOMMENDATION = "recommendation"
"""The kind of an answer with challenges. Answers of other kinds are only a sentence."""

HELP = "help"
"""The kind of an answer to a person in danger. No model writes it. The answer to an English message is English."""

TITLE_LENGTH = 10
"""The maximum length of a title: Python's ``len`` after NFC."""

_NUMBERING = re.compile(r"^(?:(?:챌린지\s*)?\d{1,2}\s*[.):\]]|[①-⑳]|[-*•·])\s*")
_MARKUP = re.compile(r"[*_#`\"“”]+")
_LINE_MARKUP = re.compile(r"[*`#]+|_{2,}")
_HANGUL = re.compile("[\uac00-\ud7a3\u1100-\u11ff\u3130-\u318f]")
_FOREIGN = regex.compile(
    r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Bopomofo}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Cyrillic}\p{Arabic}\p{Hebrew}"
    r"\p{Devanagari}\p{Bengali}\p{Tamil}\p{Georgian}\p{Armenian}\u0100-\u024f\u1e00-\u1eff]"
)
_ALL_HANGUL = re.compile(" ?[\uac00-\ud7a3]+")
_LATIN_WORD = re.compile(r"[A-Za-z]{2,}")
_ENDS = (".", "!", "?", "…", "~")

FOREIGN_LENGTH = 24
"""Characters without any Hangul after which a line counts as not Korean."""

EXPLAINED_LENGTH = 8
"""The maximum number of characters of another script in parentheses."""

LATIN_LENGTH, LATIN_WORDS = 40, 6
"""The characters and words without Hangul from which text counts as another language, and not as a name."""

LONG_LENGTH = 300
"""The length after which a line ends with its current sentence."""

MOST_LENGTH = 600
"""The maximum length of a line."""

REPEATED_LENGTH = 10
"""The minimum length of a sentence that must not be repeated in a line."""


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


class ForeignScript:
    """Detects that a Korean line continues in another language. Parentheses may explain a word: 중요한(重要)."""

    def __init__(self) -> None:
        self._depth = 0
        self._in_parentheses = 0
        self._latin = ""

    def sees(self, text: str) -> bool:
        """Whether the next text of the line is in another language. Common foreign names are allowed."""
        if len(self._latin) < LATIN_LENGTH - 1 and _ALL_HANGUL.fullmatch(text):  # nearly always
            self._latin = ""
            return False
        for character in text:
            if character in "(（":
                self._depth, self._in_parentheses = 1, 0
            elif character in ")）":
                self._depth = 0
            elif _FOREIGN.match(character):
                self._in_parentheses += 1
                if not self._depth or self._in_parentheses > EXPLAINED_LENGTH:
                    return True
            self._latin = "" if is_korean(character) else self._latin + character
            if len(self._latin) >= LATIN_LENGTH and len(_LATIN_WORD.findall(self._latin)) >= LATIN_WORDS:
                return True
        return False


def names_category(sentence: str, label: str) -> bool:
    """Whether the sentence contains the label. Markup and emoji in the label are ignored, since lines have none."""
    return fold(EMOJI.sub("", _LINE_MARKUP.sub("", label))) in fold(sentence)


def clean_title(text: str) -> str:
    """``text`` as a title that keeps the contract; "" when that is not possible.

    Numbering, markup and emoji are removed. A title without Hangul becomes "". A title of more than 10 characters is
    shortened, between words if at least four characters remain.
    """
    title = " ".join(cleaned(unicodedata.normalize("NFC", text))[0].split())
    title = without_tags(_MARKUP.sub("", _NUMBERING.sub("", title))).strip(" .,:;")
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
    """A line of Korean text that grows piece by piece. Call ``finish`` at its end.

    White space is collapsed, and removed at both ends. The text is cleaned, and ``removed`` has the names of the
    corrections. No text is shown before the first Hangul character, or while it may be a placeholder. A line without
    Hangul among its first 24 characters is ``foreign`` and stays hidden, unless ``any_language`` is set. A sentence
    that repeats an earlier one is left out. ``fault`` is set if the line must be taken back: it continued in another
    language, as JSON, or without an end. An ``is_trusted`` line has no such checks.
    """

    def __init__(self, *, any_language: bool = False, is_trusted: bool = False) -> None:
        self.text = ""
        self.fault = ""
        self._cleaner = Cleaner()
        self._also_removed: set[str] = set()
        self._said: list[str] = []
        self._begin = 0  # of the sentence that is being written
        self._shown = 0
        self._longest = 0
        self._gap = False
        self._is_full = False
        self._any_language = any_language
        self._is_trusted = is_trusted or any_language
        self._is_open = any_language  # whether new text is shown at once
        self._script = ForeignScript()

    @property
    def removed(self) -> set[str]:
        return self._cleaner.removed | self._also_removed

    @property
    def foreign(self) -> bool:
        """Whether the line so far is not in Korean."""
        return bool(self.fault) or (bool(self.text) and not self._any_language and not is_korean(self._head))

    @property
    def flaw(self) -> str:
        """The reason why the line cannot be used, or "". It is also "" for a foreign line."""
        if self.fault:
            return self.fault
        return "placeholder" if is_placeholder(self.text) else ""

    @property
    def is_unusable(self) -> bool:
        return self.foreign or bool(self.flaw)

    @property
    def visible(self) -> str:
        """The shown text, unless it must be taken back."""
        return "" if self.fault else self.text[: self._shown]

    @property
    def length(self) -> int:
        """The greatest length so far."""
        return self._longest

    @property
    def ends_a_sentence(self) -> bool:
        return self.text.endswith(_ENDS)

    @property
    def _head(self) -> str:
        return self.text[:FOREIGN_LENGTH]

    def push(self, fragment: str) -> str:
        """Adds a fragment. Returns the text that can be shown now."""
        return self._add(self._cleaner.push(fragment))

    def finish(self) -> str:
        """Ends the line. Returns the text that can be shown now."""
        shown = self._add(self._cleaner.finish())
        if self.text[self._begin :].strip() in self._said:
            self._also_removed.add("said_again")
            self.text = self.text[: self._begin].rstrip()
        self._is_open = self._is_open or (is_korean(self._head) and not is_placeholder(self.text))
        return shown + (self._show(len(self.text)) if self._is_open else "")

    def extend(self, sentence: str) -> str:
        """Adds our own sentence to a finished line. Returns the text to show."""
        self.text += f" {' '.join(cleaned(sentence)[0].split())}"
        return self._show(len(self.text))

    def _add(self, text: str) -> str:
        for part in re.findall(r"\s+|\S+", text):
            if self._is_full or self.fault:
                self._also_removed.add("too_long")
                return ""
            if part.isspace():
                self._end_word()
                self._gap = bool(self.text)
            else:
                self._put(f" {part}" if self._gap else part)
                self._gap = False
        if JSON_TEXT in self._cleaner.removed:
            self.fault = JSON_TEXT
        return self._show(self._begin if self._may_be_said_again else len(self.text))

    def _put(self, text: str) -> None:
        self.text += text
        self._longest = max(self._longest, len(self.text))
        if not self._is_trusted:
            if len(self.text) > MOST_LENGTH:
                self.fault = "too_long"
            elif self._script.sees(text):
                self.fault = "foreign_words"

    def _end_word(self) -> None:
        """White space follows the last word, so a sentence may be complete."""
        if not self.ends_a_sentence or self._gap:
            return
        sentence = self.text[self._begin :].strip()
        if self._is_trusted or not sentence:
            return
        if sentence in self._said:
            self._also_removed.add("said_again")
            self.text = self.text[: self._begin].rstrip()
        elif len(sentence) >= REPEATED_LENGTH:
            self._said.append(sentence)
        self._begin = len(self.text)
        self._is_full = len(self.text) >= LONG_LENGTH

    @property
    def _may_be_said_again(self) -> bool:
        begun = self.text[self._begin :].strip()
        return any(sentence.startswith(begun) for sentence in self._said)

    def _show(self, end: int) -> str:
        if not self._is_open:
            self._is_open = is_korean(self._head) and not may_be_placeholder(self.text)
        if not self._is_open or self.fault:
            return ""
        shown, self._shown = self.text[self._shown : end], max(end, self._shown)
        return shown
