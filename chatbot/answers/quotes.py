"""Decides whether a quote ends a JSON string or belongs to its text, because models forget to escape quotes.

A quote ends a string if valid JSON follows: a closing bracket, a comma with the next key or value, or the next key.
"""

import re

_SPACE = re.compile(r"\s*")
_QUOTE = '["“”„‟＂]'
_KEY = re.compile(rf"{_QUOTE}(?:[^\"“”„‟＂\\\n{{}}]|\\.){{1,80}}{_QUOTE}\s*:|[A-Za-z_]\w{{0,40}}\s*:")
_KEY_SO_FAR = re.compile(
    rf"(?:{_QUOTE}(?:(?:[^\"“”„‟＂\\\n{{}}]|\\.){{0,80}}\\?|(?:[^\"“”„‟＂\\\n{{}}]|\\.){{1,80}}{_QUOTE}\s*)"
    r"|[A-Za-z_]\w{0,40}\s*)\Z"
)


def ends_key(text: str, position: int) -> bool | None:
    """A quote always ends a key."""
    return True


def ends_value(text: str, position: int, *, in_object: bool) -> bool | None:
    """Whether the quote before ``position`` ends a value. None if more text is needed."""
    position = _after_space(text, position)
    following = text[position : position + 1]
    if following in {"}", "]", "`"}:
        return True
    if following == ",":
        return _goes_on(text, _after_space(text, position + 1), in_object=in_object)
    if following in {'"', *"“”„‟＂"}:
        return _is_key(text, position) if in_object else None if position + 1 == len(text) else False
    if following in {"/", "<"}:  # a comment, or the end of a tag around the answer
        after = text[position + 1 : position + 2]
        return after in {"/", "*"} if after else None
    return False if following else None


def _goes_on(text: str, position: int, *, in_object: bool) -> bool | None:
    """Whether JSON continues after a comma."""
    following = text[position : position + 1]
    if not following:
        return None
    if not in_object or following in {"}", "]", "{", "/"}:
        return True
    return _is_key(text, position)


def _is_key(text: str, position: int) -> bool | None:
    if _KEY.match(text, position):
        return True
    return None if _KEY_SO_FAR.match(text, position) else False


def _after_space(text: str, position: int) -> int:
    match = _SPACE.match(text, position)
    return match.end() if match else position
