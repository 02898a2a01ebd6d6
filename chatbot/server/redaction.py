"""Removes messages and session ids from addresses in the log. Pure functions."""

import re
from urllib.parse import unquote

DECODINGS = 3
"""The maximum number of times that a path is decoded. A path that is then still encoded is not shown."""

_SESSION = re.compile(r"/(api/chatbot/sessions|ws/chatbot|admin/chatbot/chatsession)/[^/]", re.IGNORECASE)
_API = re.compile(r"/(api|ai|ws)(?:/(.*))?", re.IGNORECASE | re.DOTALL)
_KNOWN = re.compile(
    r"|chatbot/?|chatbot/recommendation/(base-info|free-text)|chatbot/generations/[0-9a-f-]{36}/(stop|feedback)"
    r"|chatbot/sessions/?|challenges/options|docs|openapi\.json"
)
"""The known paths without a session id, as the text after ``/api/``, ``/ai/`` or ``/ws/``."""

_IN_TEXT = re.compile(r"(\b(?:https?|wss?)://[^/\s'\"<>?]*|\w?)(/[^\s'\"<>?]*)")
_QUERY = re.compile(r"(/[^\s'\"<>?]*)\?[^\s'\"<>]+")
_ORIGIN = re.compile(r"[a-z]+://[^/]*", re.IGNORECASE)


def loggable_path(address: str) -> str:
    """The address without its query and without a session id: with the id, a reader of the log could read the session.

    The path is compared in the form that a server may see: decoded, with single slashes, ignoring case. Only the
    beginning is kept of an unknown path of the API.
    """
    path = _ORIGIN.sub("", address.partition("?")[0], count=1)
    return _shown(path, is_address=True)


def redacted(text: str) -> str:
    """The text with ``loggable_path`` applied to every address. It may be a library's log line or a traceback."""
    if "/" not in text:
        return text
    return _IN_TEXT.sub(_shown_in_text, _QUERY.sub(r"\1?…", text))


def _shown_in_text(match: re.Match[str]) -> str:
    before, path = match.groups()
    return before + _shown(path, is_address=len(before) != 1)


def _shown(path: str, *, is_address: bool) -> str:
    """The path without a session id. Without ``is_address``, it may be part of a file name."""
    plain = _plain(path)
    if plain is None or (is_address and ".." in plain.split("/")):
        return "/…"
    if session := _SESSION.search(plain):
        return f"{'…' if session.start() else ''}/{session[1].lower()}/…"
    api = _API.fullmatch(plain) if is_address else None
    if api is None or _KNOWN.fullmatch(api[2] or ""):
        return path
    return f"/{api[1].lower()}/…"


def _plain(path: str) -> str | None:
    """The decoded path with single slashes and without ``.`` segments; None if it is still encoded after DECODINGS."""
    for _ in range(DECODINGS):
        if (decoded := unquote(path)) == path:
            return re.sub(r"/(?:\.?/)+", "/", path.replace("\\", "/"))
        path = decoded
    return None
