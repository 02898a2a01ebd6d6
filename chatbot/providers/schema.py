"""The JSON schema of an answer as OpenAI's ``response_format`` takes it."""

from collections.abc import Mapping
from typing import Any


def answer_format(output_schema: Mapping[str, Any]) -> dict[str, Any]:
    """For a whole answer."""
    return {"name": "answer", "strict": True, "schema": output_schema}


def challenges_format(output_schema: Mapping[str, Any]) -> dict[str, Any]:
    """For the challenges that an answer still lacks."""
    properties = {"challenges": output_schema["properties"]["challenges"]}
    schema = {"type": "object", "properties": properties, "required": ["challenges"], "additionalProperties": False}
    return {"name": "challenges", "strict": True, "schema": schema}
