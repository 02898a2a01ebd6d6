"""The answers that the benchmark's models write: JSON that keeps the contract, cut into a given number of tokens.

Some tokens are stamps: words of fixed length. A provider fills in the moment when it sends them, in microseconds of the
machine's monotonic clock. Texts are compared after ``without_stamps``.
"""

import json
import re
from collections.abc import Iterator
from itertools import cycle
from typing import Any

STAMP = "시각"
RECEIPT = "접수"
DIGITS = 15
STAMP_PATTERN = re.compile(rf"({STAMP}|{RECEIPT})(\d{{{DIGITS}}})")
STAMP_EVERY = 10
"""Every tenth token of a description is a stamp."""

SHORTEST = 60
"""Tokens that an answer has at least: its braces, names and titles are tokens, too."""

_KEYS = {
    "제로웨이스트": "ZERO_WASTE",
    "플로깅": "PLOGGING",
    "탄소발자국": "CARBON_FOOTPRINT",
    "에너지 절약": "ENERGY_SAVING",
    "업사이클": "UPCYCLING",
    "문화 공유": "MEDIA",
    "디지털 탄소": "DIGITAL_CARBON",
    "비건": "VEGAN",
}
_TITLES = (("텀블러", " 쓰기"), ("계단", " 오르기"), ("창문", " 열기"))
_WORDS = (
    " 오늘 점심 에는 가까운 곳 까지 천천히 걸어 가며 쓰레기 하나 를 주워 보고 남은 물건 은 이웃 과 나누어 써 보면서"
)
_PIECES = [f" {word}" if number % 2 == 0 else word for number, word in enumerate(_WORDS.split())]


def stamp(name: str, microseconds: int) -> str:
    """The stamp's text: ``name`` and a number of fixed length."""
    return f"{name}{microseconds:0{DIGITS}d}"


def without_stamps(text: str) -> str:
    """``text`` with empty stamps."""
    return STAMP_PATTERN.sub(rf"\g<1>{'0' * DIGITS}", text)


def answer_tokens(label: str, count: int) -> list[str]:
    """An answer about the category called ``label``, in exactly ``count`` tokens, with empty stamps.

    Joined they are JSON: a sentence that names the category, and three challenges. Raises ValueError when ``count`` is
    less than SHORTEST.
    """
    if count < SHORTEST:
        raise ValueError(f"an answer has at least {SHORTEST} tokens, not {count}")
    sentence = [stamp(STAMP, 0), f" {stamp(RECEIPT, 0)}", " ", label, " 생활", "을", " 함께", " 시작해요", "."]
    head = ['{"', "recommend", '": "', *sentence, '", "', "challenges", '": [']
    key = _KEYS.get(label, label)
    frames = [(['{"', "title", '": "', *title, '", "', "description", '": "'], _end(key)) for title in _TITLES]
    frames[-1][1][-1] = '"}]}'
    fixed = len(head) + sum(len(before) + len(after) for before, after in frames)
    shares = [(count - fixed + place) // len(frames) for place in range(len(frames))]
    tokens = list(head)
    for (before, after), share in zip(frames, shares, strict=True):
        tokens += [*before, *_description(share), *after]
    return tokens


def _end(key: str) -> list[str]:
    return [".", '", "', "category", f'": "{key}', '"}, ']


def _description(count: int) -> Iterator[str]:
    """Korean in ``count`` tokens, some of them stamps, without the full stop."""
    words = cycle(_PIECES)
    for number in range(count):
        is_stamp = number % STAMP_EVERY == STAMP_EVERY - 1
        text = f" {stamp(STAMP, 0)}" if is_stamp else next(words)
        yield text.lstrip() if number == 0 else text


def laid_out(answer: dict[str, Any]) -> str:
    """An answer as a person reads it, laid out as the wire protocol says."""
    parts = [answer["recommend"]] if answer["recommend"] else []
    for index, challenge in enumerate(answer["challenges"], start=1):
        parts.append(f"{index}. {challenge['title']}\n{challenge['description']}")
    return "\n\n".join(parts)


def expected(label: str, count: int) -> tuple[str, str]:
    """The whole text of an answer and its layout, with empty stamps."""
    text = "".join(answer_tokens(label, count))
    return text, laid_out(json.loads(text))
