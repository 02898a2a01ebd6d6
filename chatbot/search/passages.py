"""What a document says to a question: which of the passages that were found answers it, and with which sentences."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from chatbot.nlu.morphemes import Morpheme, MorphemeAnalyser
from chatbot.search.question import GENERAL, GROUPS
from chatbot.search.search import Found

ENOUGH = 0.4
"""Share of the question's nouns that a passage, with its title, must have."""

LONGEST, MOST_SENTENCES = 200, 3
"""Characters and sentences that are said."""

DEFINES = 0.6
"""How much it counts, beside the share of words, that a sentence says what the word means that is asked for."""

RANKED = 0.7
"""The same for the best rank of a search; the worst has none of it."""

_NOUNS = frozenset({"NNG", "NNP", "SL", "XR"})
_VERBS = frozenset({"VV", "VA"})
_SENTENCE = re.compile(r"[^.!?…]+[.!?…]+")
_MEANING = re.compile(r"뭐|뭔|무엇|무슨|뜻|의미|차이|다르|달라|이란$|란$|what", re.IGNORECASE)
_VAGUE = frozenset(
    {"환경", "지구", "도움", "효과", "얼마", "어디", "언제", "정도", "차이", "의미", "번", "이것", "여기"}
)
"""Nouns that any passage might have."""

_ALSO: Mapping[str, frozenset[str]] = {word: frozenset(group) for group in GROUPS for word in group}


@dataclass(frozen=True, slots=True)
class Passage:
    """``said`` are the sentences of ``found`` that answer."""

    found: Found
    said: str


def best_passage(question: str, found: Sequence[Found], analyser: MorphemeAnalyser) -> Passage | None:
    """The passage that answers, None when none has enough of what is asked for. ``found`` are the search's, the best
    first."""
    nouns, verbs = _asked(analyser.morphemes(question))
    if not nouns:
        return None
    means = bool(_MEANING.search(question))
    best: tuple[float, Passage] | None = None
    for rank, each in enumerate(found):
        sentences = [sentence.strip() for sentence in _SENTENCE.findall(each.text)] or [each.text]
        covered = _share(nouns, f"{each.title} {each.text}")
        if covered < ENOUGH:
            continue
        shares = [_share(nouns, one) + 0.3 * _share(verbs, one) for one in sentences]
        at = max(range(len(sentences)), key=lambda place: (shares[place], -place))
        defined = next((place for place, one in enumerate(sentences) if means and _defines(one, nouns)), None)
        at = at if defined is None else defined
        score = covered + shares[at] + DEFINES * (defined is not None) + RANKED * (1 - rank / len(found))
        if best is None or score > best[0]:
            best = score, Passage(each, _around(sentences, at))
    return best[1] if best is not None else None


def _asked(morphemes: Iterable[Morpheme]) -> tuple[list[str], list[str]]:
    """The nouns and the verbs' stems that say what is asked for."""
    nouns, verbs = dict[str, None](), dict[str, None]()
    for one in morphemes:
        form = one.form.casefold()
        if one.tag in _NOUNS and form not in GENERAL and form not in _VAGUE:
            nouns[form] = None
        elif one.tag in _VERBS and f"{form}다" not in GENERAL:
            verbs[form] = None
    return list(nouns), list(verbs)


def _share(words: Sequence[str], text: str) -> float:
    """The share of the words that the text has, or others that mean the same."""
    if not words:
        return 0.0
    joined = "".join(text.split()).casefold()
    return sum(any(other in joined for other in (word, *_ALSO.get(word, ()))) for word in words) / len(words)


def _defines(sentence: str, nouns: Sequence[str]) -> bool:
    """Whether it begins as a definition does: 대기전력은 …, or ends as one: … 비치코밍이라고 해요."""
    joined = "".join(sentence.split()).casefold()
    return any(joined.startswith((f"{noun}은", f"{noun}는")) or f"{noun}이라고" in joined for noun in nouns)


def _around(sentences: Sequence[str], best: int) -> str:
    """The best sentence with those that follow it, as many as fit; with the one before when it is the last."""
    first = best - 1 if best == len(sentences) - 1 and best else best
    said = sentences[first]
    for sentence in sentences[first + 1 : first + MOST_SENTENCES]:
        if len(said) + len(sentence) > LONGEST:
            break
        said = f"{said} {sentence}"
    return said
