"""Somebody is in danger: of harming themselves, or in an emergency. Decided before anything else."""

from collections.abc import Sequence
from dataclasses import dataclass

from chatbot.conversation.language import Language, Morpheme
from chatbot.conversation.manners.masking import analysed, masked, squashed
from chatbot.conversation.manners.signs import signs
from chatbot.conversation.manners.word_lists import WordLists

_LOOSE = frozenset({"JKS", "JKO", "JX", "JKB", "SP", "SF", "XSN", "MAG", "SW"})
"""What may stand between the morphemes of a phrase: 불이 났어 is 불났어."""

SHORTEST_TEXT = 3
"""Characters of a listed phrase above which it is also looked for as it is written."""


@dataclass(frozen=True, slots=True)
class Danger:
    """``word`` is the listed word that told; ``emergency``: others have to come, not only to listen."""

    word: str
    emergency: bool


Stems = tuple[tuple[str, str], ...]


class Dangers:
    """The listed phrases, analysed once. An emergency is looked for first."""

    def __init__(self, words: WordLists, language: Language) -> None:
        self.words, self.language = words, language
        self._texts: dict[str, Danger] = {}
        self._phrases: dict[tuple[str, str], list[tuple[Stems, Danger]]] = {}
        listed = [(word, True) for word in words.emergency] + [(word, False) for word in words.self_harm]
        analysed = language.analyse([word for word, _ in listed])  # in one call: there are a thousand
        for (word, emergency), morphemes in zip(listed, analysed, strict=True):
            self._add(Danger(word, emergency), morphemes)

    def _add(self, danger: Danger, morphemes: list[Morpheme]) -> None:
        if len(squashed(danger.word)) >= SHORTEST_TEXT:
            self._texts.setdefault(squashed(danger.word), danger)
        stems = _stems(morphemes)
        if _tells(stems):
            self._phrases.setdefault(stems[0], []).append((stems, danger))

    def find(self, message: str) -> Danger | None:
        text = masked(message, self.words.fine)
        joined = "".join(text.split())
        as_written = next((danger for written, danger in self._texts.items() if written in joined), None)
        if as_written is not None:
            return as_written
        whole = analysed(text, self.language)
        morphemes = [one for one in whole if one.tag != "SF"]
        for at, morpheme in enumerate(morphemes):
            for stems, danger in self._phrases.get((morpheme.form, morpheme.tag[0]), ()):
                if _begins(stems, morphemes, at):
                    return danger
        return _by_signs(whole, text) if self._phrases else None


def _by_signs(morphemes: Sequence[Morpheme], text: str) -> Danger | None:
    for sign, emergency in ((signs().emergency, True), (signs().self_harm, False)):
        found = sign.find(morphemes, text)
        if found is not None:
            return Danger(found, emergency)
    return None


def _stems(morphemes: list[Morpheme]) -> Stems:
    """The phrase without particles and without its last ending."""
    kept = [one for one in morphemes if one.tag not in _LOOSE or one.tag == "MAG"]
    while kept and kept[-1].tag in {"EF", "EC", "ETN"}:
        kept.pop()
    return tuple((one.form, one.tag[0]) for one in kept)


def _tells(stems: Stems) -> bool:
    """Whether the phrase says enough: two morphemes, or one noun that is no syllable."""
    return len(stems) > 1 or (len(stems) == 1 and stems[0][1] == "N" and len(stems[0][0]) > 1)


def _begins(stems: Stems, morphemes: list[Morpheme], at: int) -> bool:
    index = 0
    while at < len(morphemes) and index < len(stems):
        if (morphemes[at].form, morphemes[at].tag[0]) == stems[index]:
            index += 1
        elif index == 0 or morphemes[at].tag not in _LOOSE:
            return False
        at += 1
    return index == len(stems)


_kept: Dangers | None = None


def danger(message: str, *, words: WordLists, language: Language) -> Danger | None:
    """The danger that the message tells of. An emergency comes first."""
    global _kept  # noqa: PLW0603 - one immutable value, replaced as a whole
    kept = _kept
    if kept is None or kept.words is not words or kept.language is not language:
        _kept = kept = Dangers(words, language)
    return kept.find(message)
