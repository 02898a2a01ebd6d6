"""Marking text of people and documents as data: between tags of which none can stand in the text itself."""

import re

_TAG = re.compile(r"<(?=\s*/?\s*(?:message|history|context)\b)", re.IGNORECASE)

NOTHING = "(없음)"
"""What stands between the tags when there is nothing."""


def quoted(name: str, text: str) -> str:
    """``text`` between ``<name>`` tags on lines of their own; what looks like one of our tags loses its bracket."""
    inner = _TAG.sub("‹", text.strip()) or NOTHING
    return f"<{name}>\n{inner}\n</{name}>"


def unquoted(name: str, text: str) -> str:
    """What ``quoted`` put between the tags, "" for nothing; any other text as it is."""
    inner = text.removeprefix(f"<{name}>\n").removesuffix(f"\n</{name}>")
    return "" if inner == NOTHING else inner
