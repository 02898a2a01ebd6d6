"""The JSON schema of an answer, for providers that can be held to one."""

from typing import Any

_CHALLENGE: dict[str, Any] = {
    "type": "object",
    "properties": {
        "title": {"type": "string", "description": "1~10자, description의 요약"},
        "description": {"type": "string", "description": "무엇을 하면 되는지 알려 주는 한 문장"},
        "category": {"type": "string", "description": "카테고리"},
    },
    "required": ["title", "description", "category"],
    "additionalProperties": False,
}


def _schema(name: str, properties: dict[str, Any]) -> dict[str, Any]:
    shape = {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}
    return {"name": name, "strict": True, "schema": shape}


ANSWER_SCHEMA = _schema(
    "answer", {"recommend": {"type": "string"}, "challenges": {"type": "array", "items": _CHALLENGE}}
)
CHALLENGES_SCHEMA = _schema("challenges", {"challenges": {"type": "array", "items": _CHALLENGE}})
