"""Repairs invalid JSON, as the last attempt for a text in which the scanner found no answer."""

import json
import re
from typing import Any

import json_repair

REPAIRABLE_LENGTH = 4000
"""The maximum length of a text in characters, several times that of an answer. The time of json_repair grows with the
square of the length: 16,000 characters take seconds."""

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


def _answer_in(value: Any) -> dict[str, Any] | None:
    candidates = value if isinstance(value, list) else [value]
    return next((item for item in candidates if isinstance(item, dict) and "recommend" in item), None)
