"""An analyser that guesses by letters, for the seconds in which there is no other.

Common words of messages stand in ``rough.tsv`` as kiwipiepy reads them. Of any other word the commonest particles are
cut off. ``python -m chatbot.nlu.rough FILE… > rough.tsv`` writes the table from files of texts, one in a line; of a
table the first column counts. A word is what stands between spaces and marks. Its most frequent reading is written.
"""

import functools
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from unicodedata import normalize

from challenges.text import storable
from chatbot.nlu.morphemes import KiwiAnalyser, Morpheme, MorphemeAnalyser, is_word

FILE = Path(__file__).with_suffix(".tsv")

_PIECES = re.compile(r"[가-힣ㄱ-ㅎㅏ-ㅣ]+|[A-Za-z]+|\d+|[.!?…]+|[^\w\s]|_")
"""Words, numbers and marks."""

_PARTICLES: Mapping[str, str] = {
    **dict.fromkeys(("을", "를"), "JKO"),
    **dict.fromkeys(("이", "가", "께서"), "JKS"),
    **dict.fromkeys(("은", "는", "도", "만", "부터", "까지", "이나", "나", "마저", "조차", "밖에"), "JX"),
    **dict.fromkeys(("에", "에서", "에게", "한테", "으로", "로", "랑", "이랑", "하고", "보다", "처럼", "같이"), "JKB"),
    **dict.fromkeys(("와", "과"), "JC"),
    "의": "JKG",
    **dict.fromkeys(("이야", "야", "이에요", "예요", "입니다"), "EF"),
    **dict.fromkeys(("요",), "JX"),
}
_LONGEST_PARTICLE = max(map(len, _PARTICLES))

Part = tuple[str, str, int, int]
"""A morpheme of a word: its form, its tag, and its place in the word."""


class RoughAnalyser(MorphemeAnalyser):
    """Guesses in this process, without loading anything but the table. Never waits."""

    rough = True

    def __init__(self, names: frozenset[str]) -> None:
        self.names = names
        self._words = {name for name in names if is_word(name)}
        self._longest = max(map(len, self._words), default=0)

    def morphemes(self, text: str) -> list[Morpheme]:
        return list(self._morphemes(normalize("NFC", storable(text))))

    def _morphemes(self, text: str) -> Iterator[Morpheme]:
        for piece in _PIECES.finditer(text):
            word, at = piece[0], piece.start()
            for form, tag, start, end in self._parts(word):
                yield Morpheme(form, tag, at + start, at + end)

    def _parts(self, word: str) -> Iterator[Part]:
        tag = _tag_of(word)
        if tag:
            yield word, tag, 0, len(word)
            return
        name = next((word[:n] for n in range(min(len(word), self._longest), 0, -1) if word[:n] in self._words), "")
        rest = word[len(name) :]
        if name and (not rest or _table().get(rest) or rest in _PARTICLES):
            yield name, "NNP", 0, len(name)
            yield from _moved(_table().get(rest) or _guess(rest), len(name)) if rest else ()
        elif word in _table():
            yield from _table()[word]
        else:
            yield from _guess(word)


def _is_hangul(piece: str) -> bool:
    """Whether one of ``_PIECES`` is a word of Hangul."""
    return "가" <= piece[0] <= "힣" or "ㄱ" <= piece[0] <= "ㅣ"


def _tag_of(piece: str) -> str:
    """The tag of what is no Hangul, "" of Hangul."""
    first = piece[0]
    if _is_hangul(piece):
        return ""
    if first.isascii() and first.isalpha():
        return "SL"
    if first.isdigit():
        return "SN"
    return "SF" if first in ".!?…" else "SP" if first in ",:;/" else "SW"


def _moved(parts: tuple[Part, ...], by: int) -> Iterator[Part]:
    return ((form, tag, start + by, end + by) for form, tag, start, end in parts)


def _guess(word: str) -> tuple[Part, ...]:
    """A noun, and the particle that stands after it."""
    if word in _PARTICLES:
        return ((word, _PARTICLES[word], 0, len(word)),)
    for length in range(min(len(word) - 1, _LONGEST_PARTICLE), 0, -1):
        stem, end = word[:-length], word[-length:]
        if end in _PARTICLES and (len(stem) > 1 or stem in _table()):
            known = _table().get(stem) or ((stem, "NNG", 0, len(stem)),)
            return (*known, (end, _PARTICLES[end], len(stem), len(word)))
    return ((word, "NNG", 0, len(word)),)


@functools.cache
def _table() -> Mapping[str, tuple[Part, ...]]:
    """The common words. Read with the first text that needs it."""
    rows = (line.split("\t") for line in FILE.read_text("utf-8").splitlines())
    return {word: tuple(map(_part, parts)) for word, *parts in rows}


def _part(written: str) -> Part:
    form, tag, start, end = written.rsplit("/", 3)
    return form, tag, int(start), int(end)


LONGEST_WORD = 8
"""Characters of a word that is written: longer ones are rare."""


def readings(texts: Iterable[str], analyser: MorphemeAnalyser) -> dict[str, tuple[Part, ...]]:
    """The most frequent reading of each word of the texts."""
    found: dict[str, Counter[tuple[Part, ...]]] = defaultdict(Counter)
    for text in texts:
        for word, parts in _words(normalize("NFC", text), analyser):
            found[word][parts] += 1
    return {word: counted.most_common(1)[0][0] for word, counted in found.items()}


def _words(text: str, analyser: MorphemeAnalyser) -> Iterator[tuple[str, tuple[Part, ...]]]:
    morphemes = analyser.morphemes(text)
    for piece in _PIECES.finditer(text):
        start, end = piece.span()
        inside = [each for each in morphemes if start <= each.start and each.end <= end]
        if _is_hangul(piece[0]) and len(piece[0]) <= LONGEST_WORD and inside:
            yield piece[0], tuple((each.form, each.tag, each.start - start, each.end - start) for each in inside)


def main() -> None:
    lines = [line.partition("\t")[0] for name in sys.argv[1:] for line in Path(name).read_text("utf-8").splitlines()]
    for word, parts in sorted(readings(lines, KiwiAnalyser(frozenset())).items()):
        written = (f"{form}/{tag}/{start}/{end}" for form, tag, start, end in parts)
        print("\t".join([word, *written]))


if __name__ == "__main__":
    main()
