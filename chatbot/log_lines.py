"""What a line of the log may say of an address: neither what people wrote nor their session. Pure."""

import re
from urllib.parse import unquote

DECODINGS = 3
"""How often a path is decoded at most: what is still encoded after that is not shown."""

_SESSION = re.compile(r"/(api/chatbot/sessions|ws/chatbot|admin/chatbot/chatsession)/[^/]", re.IGNORECASE)
_API = re.compile(r"/(api|ai|ws)(?:/(.*))?", re.IGNORECASE | re.DOTALL)
_KNOWN = re.compile(
    r"|chatbot/?|chatbot/recommendation/(base-info|free-text)|chatbot/generations/[0-9a-f-]{36}/(stop|feedback)"
    r"|chatbot/sessions/?|challenges/options|docs|openapi\.json"
)
"""What comes after ``/api/``, ``/ai/`` or ``/ws/`` in addresses that name no session."""

_IN_TEXT = re.compile(r"(\b(?:https?|wss?)://[^/\s'\"<>?]*|\w?)(/[^\s'\"<>?]*)")
_QUERY = re.compile(r"(/[^\s'\"<>?]*)\?[^\s'\"<>]+")
_ORIGIN = re.compile(r"[a-z]+://[^/]*", re.IGNORECASE)


def loggable_path(address: str) -> str:
    """An address without its query and without a session: who knows that can read it. A path is judged as a server may
    read it, decoded, without doubled slashes, in any case; of an unknown path of the API only the beginning is left."""
    path = _ORIGIN.sub("", address.partition("?")[0], count=1)
    return _shown(path, is_address=True)


def redacted(text: str) -> str:
    """A text in which every address is as ``loggable_path`` would have it: lines of libraries, tracebacks."""
    if "/" not in text:
        return text
    return _IN_TEXT.sub(_shown_in_text, _QUERY.sub(r"\1?…", text))


def _shown_in_text(match: re.Match[str]) -> str:
    before, path = match.groups()
    return before + _shown(path, is_address=len(before) != 1)


def _shown(path: str, *, is_address: bool) -> str:
    """The path as it came when it names no session. Without ``is_address`` it may be part of a file's name."""
    plain = _plain(path)
    if plain is None:
        return "/…"
    if is_address and ".." in plain.split("/"):
        return "/…"
    if session := _SESSION.search(plain):
        return f"{'…' if session.start() else ''}/{session[1].lower()}/…"
    api = _API.fullmatch(plain) if is_address else None
    if api is None or _KNOWN.fullmatch(api[2] or ""):
        return path
    return f"/{api[1].lower()}/…"


def _plain(path: str) -> str | None:
    """The path decoded, with single slashes and without ``.`` segments; None when it is encoded over and over."""
    for _ in range(DECODINGS):
        if (decoded := unquote(path)) == path:
            return re.sub(r"/(?:\.?/)+", "/", path.replace("\\", "/"))
        path = decoded
    return None
