"""What a line of the log may say of an address: neither what people wrote nor their session. Pure."""

import re

_SESSION_PATH = r"(/api/chatbot/sessions/|/ws/chatbot/)"
_OF_PATH = re.compile(f"^{_SESSION_PATH}.+")
_IN_TEXT = re.compile(rf"{_SESSION_PATH}[^\s'\"<>?]+")
_QUERY = re.compile(r"(/[^\s'\"<>?]*)\?[^\s'\"<>]+")


def loggable_path(address: str) -> str:
    """An address without its query and without a session: who knows that can read it."""
    return _OF_PATH.sub(r"\1…", address.partition("?")[0])


def redacted(text: str) -> str:
    """A text in which every address is as ``loggable_path`` would have it: lines of libraries, tracebacks."""
    if "/" not in text:
        return text
    return _IN_TEXT.sub(r"\1…", _QUERY.sub(r"\1?…", text))
