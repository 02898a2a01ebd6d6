"""The text of a message as a client sent it: reads, composes and measures it. Pure."""

import re
import unicodedata
from urllib.parse import unquote_plus

from challenges.text import nfc, storable
from chatbot.errors import FieldRequired, MessageLength

SHORTEST_MESSAGE, LONGEST_MESSAGE = 2, 500
"""The minimum number of visible characters of a message, and the maximum number of all characters, after NFC."""

_COMPOSED_FROM = 4  # NFC makes a text at most so many times shorter: a text that is still too long needs no NFC

_INVISIBLE = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Fillers of Hangul and the empty pattern of Braille. Unicode has them among letters and symbols."""

_ENCODED = re.compile(r"(?=.*%[89A-F])(?:[ !$&-;=?-Z_a-z~]|%[0-9A-F]{2})+", re.IGNORECASE | re.ASCII)
"""Percent-encoded text with characters beyond ASCII. ASCII that is encoded to itself may be between."""


def checked_message(text: str | None) -> str:
    """The message in NFC, without characters that cannot be stored. Raises FieldRequired, MessageLength."""
    message = _decoded_again(text or "")
    if not message.strip():
        raise FieldRequired("message")
    if len(message) <= _COMPOSED_FROM * LONGEST_MESSAGE:
        message = nfc(storable(message))
    visible = sum(map(_is_visible, message[: LONGEST_MESSAGE + 1]))
    if visible < SHORTEST_MESSAGE or len(message) > LONGEST_MESSAGE:
        raise MessageLength(SHORTEST_MESSAGE, LONGEST_MESSAGE)
    return message


def _is_visible(character: str) -> bool:
    """The page counts in the same way (``composer.js``). A character that Python does not know yet (Cn) is visible."""
    category = unicodedata.category(character)
    return (category[0] not in "ZCM" or category == "Cn") and character not in _INVISIBLE


def _decoded_again(message: str) -> str:
    """Decodes a message that is wholly percent-encoded UTF-8 (``%EB%8B%A4…``) once more.

    Some back ends encode an address whose message is encoded already, such as with Spring's WebClient.
    """
    if not _ENCODED.fullmatch(message):
        return message
    try:
        return unquote_plus(message, errors="strict")
    except UnicodeDecodeError:
        return message
