"""Repairs invalid JSON, as the last attempt for a text in which the scanner found no answer."""

import json
import re
from collections.abc import Mapping
from typing import Any

import json_repair

REPAIRABLE_LENGTH = 4000
"""The maximum length of a text in characters, several times that of an answer. The time of json_repair grows with the
square of the length: 16,000 characters take seconds."""

MOST_DEPTH = 4
"""The maximum number of wrappers around an answer."""

_ANSWER_NAMES = {
    **dict.fromkeys(("recommend", "recommendation", "추천", "추천 문장", "추천문장", "추천사", "문장"), "recommend"),
    **dict.fromkeys(("challenges", "challenge", "챌린지", "챌린지들", "챌린지 목록", "추천 챌린지"), "challenges"),
}
_CHALLENGE_NAMES = {
    **dict.fromkeys(("title", "name", "제목", "이름", "챌린지"), "title"),
    **dict.fromkeys(("description", "desc", "content", "설명", "내용", "방법"), "description"),
    **dict.fromkeys(("category", "카테고리", "분류"), "category"),
}
"""Other names of the keys, which models use when they translate the format."""

_THINKING = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL)
_SENTENCE_END = (".", "!", "?", "…", "~")


def repair(text: str) -> str:
    """The answer in ``text`` as valid JSON; "" when there is none. Repairs single quotes, bare keys, missing brackets.

    A last challenge with an unfinished sentence is left out.
    """
    plain = _THINKING.sub("", text)
    start = plain.find("{")
    if start < 0 or len(plain) > REPAIRABLE_LENGTH:
        return ""
    try:
        answer = _answer_in(json_repair.loads(plain[start:]))
    except (ValueError, RecursionError):  # brackets without end
        return ""
    if answer is None:
        return ""
    challenges = answer.get("challenges")
    if isinstance(challenges, list) and challenges and not plain.rstrip("` \r\n").endswith(("}", "]")):
        last = challenges[-1]
        sentence = last.get("description") if isinstance(last, dict) else None
        if not (isinstance(sentence, str) and sentence.strip().endswith(_SENTENCE_END)):
            challenges.pop()
    return json.dumps(answer, ensure_ascii=False)


def _answer_in(value: Any, depth: int = 0) -> dict[str, Any] | None:
    """The first object that has a sentence, also inside other objects."""
    if depth > MOST_DEPTH or not isinstance(value, list | dict):
        return None
    if isinstance(value, dict):
        answer = _renamed(value, _ANSWER_NAMES)
        if isinstance(answer.get("recommend"), str):
            challenges = answer.get("challenges")
            listed = list(challenges.values()) if isinstance(challenges, dict) else challenges
            if isinstance(listed, list):
                known = [_renamed(each, _CHALLENGE_NAMES) if isinstance(each, dict) else each for each in listed]
                answer["challenges"] = known
            return answer
    inner = value if isinstance(value, list) else value.values()
    return next((found for each in inner if (found := _answer_in(each, depth + 1)) is not None), None)


def _renamed(value: dict[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """The object with the key names of the contract."""
    return {names.get(str(key).strip().lower(), key): each for key, each in value.items()}
