"""The JSON schema of an answer in the form of OpenAI's ``response_format``."""

from collections.abc import Mapping
from typing import Any


def answer_format(output_schema: Mapping[str, Any]) -> dict[str, Any]:
    """The format of a whole answer."""
    return {"name": "answer", "strict": True, "schema": output_schema}


def challenges_format(output_schema: Mapping[str, Any]) -> dict[str, Any]:
    """The format of the challenges that an answer still needs."""
    properties = {"challenges": output_schema["properties"]["challenges"]}
    schema = {"type": "object", "properties": properties, "required": ["challenges"], "additionalProperties": False}
    return {"name": "challenges", "strict": True, "schema": schema}
