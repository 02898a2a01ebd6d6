"""The rough analyser: it guesses morphemes from letters while the real analyser is not available.

``rough.tsv`` has the analyses of common words by kiwipiepy. From other words only the commonest particles are split
off. ``python -m chatbot.nlu.rough FILE… > rough.tsv`` writes the table from files with one text per line; of a table it
uses the first column. A word is the text between spaces and marks. Its most frequent analysis is written.
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
"""A word, a number or a mark."""

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
"""A morpheme of a word: its form, its tag, and its start and end in the word."""


class RoughAnalyser(MorphemeAnalyser):
    """Guesses in this process. It loads only the table, and never waits."""

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
    """The tag of a piece that is not Hangul; "" for Hangul."""
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
    """The word as a noun and, if there is one, a particle after it."""
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
    """The table of common words, read when it is first needed."""
    rows = (line.split("\t") for line in FILE.read_text("utf-8").splitlines())
    return {word: tuple(map(_part, parts)) for word, *parts in rows}


def _part(written: str) -> Part:
    form, tag, start, end = written.rsplit("/", 3)
    return form, tag, int(start), int(end)


LONGEST_WORD = 8
"""The maximum length of a word in the table: longer words are rare."""


def readings(texts: Iterable[str], analyser: MorphemeAnalyser) -> dict[str, tuple[Part, ...]]:
    """The most frequent analysis of each word in the texts."""
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
