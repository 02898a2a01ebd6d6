"""The JSON schema of an answer as OpenAI's ``response_format`` takes it."""

from collections.abc import Mapping
from typing import Any


def answer_format(output_schema: Mapping[str, Any]) -> dict[str, Any]:
    """The format of a whole answer."""
    return {"name": "answer", "strict": True, "schema": output_schema}


def rest_format(output_schema: Mapping[str, Any], *, sentence: bool, challenges: bool) -> dict[str, Any]:
    """The format of the parts that an answer still needs."""
    names = [name for name, lacks in (("recommend", sentence), ("challenges", challenges)) if lacks]
    properties = {name: output_schema["properties"][name] for name in names}
    schema = {"type": "object", "properties": properties, "required": names, "additionalProperties": False}
    return {"name": "_".join(names), "strict": True, "schema": schema}
