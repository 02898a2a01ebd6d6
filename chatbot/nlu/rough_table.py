"""``python -m chatbot.nlu.rough_table FILE… > rough.tsv``: how the analyser reads common words.

The files hold texts, one in a line; of a table the first column counts. A word is what stands between spaces and marks.
Of several readings the most frequent is written.
"""

import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from unicodedata import normalize

from chatbot.nlu.morphemes import KiwiAnalyser, MorphemeAnalyser
from chatbot.nlu.rough import PIECES, Part, is_hangul

LONGEST = 8
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
    for piece in PIECES.finditer(text):
        start, end = piece.span()
        inside = [each for each in morphemes if start <= each.start and each.end <= end]
        if is_hangul(piece[0]) and len(piece[0]) <= LONGEST and inside:
            yield piece[0], tuple((each.form, each.tag, each.start - start, each.end - start) for each in inside)


def main() -> None:
    lines = [line.partition("\t")[0] for name in sys.argv[1:] for line in Path(name).read_text("utf-8").splitlines()]
    for word, parts in sorted(readings(lines, KiwiAnalyser(frozenset())).items()):
        written = (f"{form}/{tag}/{start}/{end}" for form, tag, start, end in parts)
        print("\t".join([word, *written]))


if __name__ == "__main__":
    main()
