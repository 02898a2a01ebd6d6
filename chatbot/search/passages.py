"""Cutting a document into passages. Pure functions."""

import re

LONGEST = 300
"""Characters of a passage at most."""

_PARAGRAPH_END = re.compile(r"\n[^\S\n]*\n\s*")
_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+|\n+")


def passages(text: str) -> list[str]:
    """The paragraphs of ``text`` (a blank line parts them) in their order, long ones cut between sentences."""
    paragraphs = (paragraph.strip() for paragraph in _PARAGRAPH_END.split(text.replace("\r\n", "\n")))
    return [passage for paragraph in paragraphs if paragraph for passage in _cut(paragraph)]


def _cut(paragraph: str) -> list[str]:
    """``paragraph`` in pieces of at most LONGEST characters, as few as whole sentences allow."""
    if len(paragraph) <= LONGEST:
        return [paragraph]
    pieces: list[str] = []
    for sentence in _SENTENCE_END.split(paragraph):
        for part in _halves(sentence.strip()):
            if pieces and len(pieces[-1]) + 1 + len(part) <= LONGEST:
                pieces[-1] += f" {part}"
            elif part:
                pieces.append(part)
    return pieces


def _halves(sentence: str) -> list[str]:
    """``sentence`` itself, or what is left of one without end when it is cut at white space."""
    parts = []
    while len(sentence) > LONGEST:
        end = sentence.rfind(" ", 1, LONGEST + 1)
        end = end if end > 0 else LONGEST
        parts.append(sentence[:end].strip())
        sentence = sentence[end:].strip()
    return [*parts, sentence]
