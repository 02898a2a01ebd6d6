"""Parses a message into morphemes and clauses, and searches patterns in it."""

import functools
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from chatbot.nlu.facets import FACETS
from chatbot.nlu.hangul import tidy, typed_in_latin
from chatbot.nlu.morphemes import Morpheme, MorphemeAnalyser
from chatbot.nlu.patterns import Patterns, Span

_LEXICON = Path(__file__).with_name("lexicon.toml")


@dataclass(frozen=True)
class Lexicon:
    """The contents of ``lexicon.toml``.

    ``patterns["back.patterns"]`` are the ``patterns`` of the table ``back``. ``words["request.words"]`` are a set.
    ``facets`` are the patterns of each facet by key.
    """

    patterns: Mapping[str, Patterns]
    words: Mapping[str, frozenset[str]]
    facets: Mapping[str, Patterns]
    spelling: Mapping[str, str]


@functools.cache
def lexicon() -> Lexicon:
    """The lexicon, loaded once."""
    tables: dict[str, Any] = tomllib.loads(_LEXICON.read_text("utf-8"))
    sets: dict[str, str] = tables.pop("sets")
    spelling = tables.pop("spelling")
    patterns: dict[str, Patterns] = {}
    words: dict[str, frozenset[str]] = {}
    for table, entries in tables.items():
        for name, value in entries.items():
            if isinstance(value, str):
                patterns[f"{table}.{name}"] = Patterns([value], sets)
                words[f"{table}.{name}"] = frozenset(entry.partition("/")[0] for entry in value.split("|"))
            else:
                patterns[f"{table}.{name}"] = Patterns(value, sets)
    facets = {key: Patterns(facet.patterns, sets) for key, facet in FACETS.items()}
    return Lexicon(patterns, words, facets, spelling)


_HELPERS = frozenset({"수", "만", "줄", "듯", "척", "뻔", "만하"})
_THINGS = frozenset({"거", "것", "걸", "게", "건", "꺼", "법"})
_ASKING = ("나", "니", "냐", "까", "가", "노", "나요", "까요", "가요")
"""Endings that mark a question."""

_CAUSES = ("어서", "아서", "니까", "라서", "길래")
_JUDGEMENTS = frozenset({"싫", "별로", "못", "안", "그만", "지겹", "질리", "패스", "빼"})
_CRIES = frozenset({"싫어", "시러"})
"""Predicates that kiwipiepy reads as names if no punctuation follows."""

_REQUEST_NOUNS = frozenset({"추천", "부탁", "ㄱㄱ", "고고", "ㄱ", "변경"})


@dataclass(frozen=True)
class ParsedMessage:
    """A parsed message. ``text`` is the tidied message; ``morphemes`` have positions in it.

    ``laughs``: the message is only laughter.
    """

    text: str
    morphemes: tuple[Morpheme, ...]
    lexicon: Lexicon
    laughs: bool = False

    @cached_property
    def clauses(self) -> tuple[Span, ...]:
        """The clauses in order. Together they are the whole message."""
        ends = [at + 1 for at in range(len(self.morphemes)) if _ends_clause(self.morphemes, at)]
        if not ends or ends[-1] < len(self.morphemes):
            ends.append(len(self.morphemes))
        return tuple(Span(start, end) for start, end in zip([0, *ends], ends, strict=False) if end > start)

    def clause_of(self, at: int) -> Span:
        return next((clause for clause in self.clauses if at < clause.end), Span(at, at))

    @cached_property
    def _forms(self) -> frozenset[str]:
        return frozenset(morpheme.form for morpheme in self.morphemes)

    @cached_property
    def _tags(self) -> frozenset[str]:
        return frozenset(morpheme.tag for morpheme in self.morphemes)

    def find(self, name: str, span: Span | None = None) -> Span | None:
        """The first match of the lexicon's patterns ``name``."""
        return next(self.each(self.lexicon.patterns[name], span), None)

    def has(self, name: str, span: Span | None = None) -> bool:
        return self.find(name, span) is not None

    def find_all(self, name: str) -> list[Span]:
        return list(self.each(self.lexicon.patterns[name]))

    def each(self, patterns: Patterns, span: Span | None = None) -> Iterator[Span]:
        """All matches in order."""
        if patterns.may_match(self._forms, self._tags):
            yield from patterns.each(self.morphemes, span)

    def is_asked(self, clause: Span) -> bool:
        """Whether the clause is a question: it has a question mark or an ending of a question."""
        for morpheme in reversed(self.morphemes[clause.start : clause.end]):
            if morpheme.tag == "SF":
                if "?" in morpheme.form:
                    return True
            elif morpheme.tag in {"EF", "EC"}:
                following = self.morphemes[clause.end : clause.end + 1]
                return (morpheme.form.endswith(_ASKING) and morpheme.form != "다가") or bool(
                    following and following[0].form == "?"
                )
            elif morpheme.tag not in {"JX", "SW", "W_EMOJI", "IC"}:
                return False
        return False

    def forms(self, span: Span) -> list[str]:
        return [morpheme.form for morpheme in self.morphemes[span.start : span.end]]

    def surface(self, span: Span) -> str:
        """The written text of the span."""
        if span.start >= span.end:
            return ""
        return self.text[self.morphemes[span.start].start : self.morphemes[span.end - 1].end]


def parse(message: str, *, analyser: MorphemeAnalyser) -> ParsedMessage:
    """Parses the message. The result depends only on the message and the analyser."""
    words = lexicon()
    text = tidy(message)
    text = " ".join(_in_hangul(word, analyser) or word for word in text.split(" "))
    text = f" {text}"
    for wrong, right in words.spelling.items():
        text = text.replace(wrong, right)
    text = text.strip()
    morphemes = (
        Morpheme(one.form.casefold(), one.tag, one.start, one.end, one.known) for one in analyser.morphemes(text)
    )
    return ParsedMessage(text, tuple(morphemes), words, laughs=not text and any(letter in message for letter in "ㅋㅎ"))


def _in_hangul(word: str, analyser: MorphemeAnalyser) -> str:
    """A Latin word as Korean, if it was typed with the wrong keyboard layout; "" unless the dictionary has the
    result."""
    typed = typed_in_latin(word.lower())
    return typed if typed and all(one.known for one in analyser.morphemes(typed)) else ""


def _ends_clause(morphemes: Sequence[Morpheme], at: int) -> bool:
    morpheme = morphemes[at]
    following = morphemes[at + 1] if at + 1 < len(morphemes) else None
    if following is None or morpheme.tag in {"SF", "SP"}:
        return True
    if following.tag in {"SF", "SP"}:
        return False
    match morpheme.tag:
        case "EF":
            return True
        case "EC":
            return not _goes_on(morphemes, at)
        case "ETM":
            return following.form not in _HELPERS | _THINGS
        case "NNP" if morpheme.form in _CRIES:
            return True
        case "NNG" | "SW":
            return morpheme.form in _REQUEST_NOUNS and following.tag[0] not in "JXV" and following.tag != "EC"
    return False


def _goes_on(morphemes: Sequence[Morpheme], at: int) -> bool:
    """Whether the ending at ``at`` connects an auxiliary verb (바꿔 줘, 하면 좋겠어, 해야 돼, 하지 않아)."""
    following = morphemes[at + 1]
    if following.tag == "VX":
        return True
    form = morphemes[at].form
    if form.endswith(_CAUSES) and following.form in _JUDGEMENTS:
        return True
    after = morphemes[at + 2].form if at + 2 < len(morphemes) else ""
    if form.endswith("면"):
        return following.form in {"되", "좋", "하", "어떻"} or (following.form == "안" and after in {"되", "돼"})
    return form in {"어야", "아야", "게", "지", "고", "려고", "어도"} and (
        following.form in {"하", "되", "싶", "않", "못하"} and following.tag in {"VV", "VX"}
    )
