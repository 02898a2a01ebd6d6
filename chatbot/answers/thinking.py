"""Separates a model's thinking from its answer when both are in one text."""

from collections.abc import Iterator

import regex

_TAGS = r"think(?:ing)?|thoughts?|reasoning|reflection|analysis|scratchpad|seed:think|antthinking"
_BEGIN = (
    rf"<(?:{_TAGS})(?:\s[^<>]{{0,40}})?>|\[THINK\]|<\|START_THINKING\|>|◁think▷|<\|begin_of_thought\|>"
    r"|<\|channel\|?>\s{0,3}(?:analysis|thoughts?|think(?:ing)?)\b"
)
_END = rf"</(?:{_TAGS})\s{{0,3}}>|\[/THINK\]|<\|END_THINKING\|>|◁/think▷|<\|end_of_thought\|>"
_FINAL = r"<\|channel\|?>\s{0,3}final\b|assistantfinal|<\|START_RESPONSE\|>|<\|begin_of_solution\|>"
_MARKER = regex.compile(rf"(?P<begin>{_BEGIN})|(?P<end>{_END})|(?P<final>{_FINAL})", regex.IGNORECASE)
_FIRST = regex.compile(r"[<\[◁aA]")

NEW_START = object()
"""Marks that the text so far was thinking, and the answer begins."""


class ThinkingFilter:
    """Removes thinking. ``feed`` yields the other text, and NEW_START where thinking ends that had no beginning."""

    def __init__(self) -> None:
        self._held = ""
        self._thinks = False

    def feed(self, piece: str) -> Iterator[str | object]:
        text, self._held = self._held + piece, ""
        position = begun = 0
        while (first := _FIRST.search(text, position)) is not None:
            position = first.start()
            marker = _MARKER.match(text, position, partial=True)
            if marker is None:
                position += 1
                continue
            rest = text[marker.end() :].lstrip()
            ends_unbegun = marker["begin"] is None and not self._thinks
            if marker.partial or (marker["begin"] is None and not rest):
                self._held = text[position:]
                text = text[:position]
                break
            if not self._thinks and position > begun:
                yield text[begun:position]
            if ends_unbegun and (marker["final"] or not rest.startswith('"')):  # else a string ends with it
                yield NEW_START
            self._thinks = marker["begin"] is not None
            begun = position = marker.end()
        if not self._thinks and len(text) > begun:
            yield text[begun:]

    def finish(self) -> str:
        """The text that was held back because it could become a marker."""
        held, self._held = self._held, ""
        return "" if self._thinks else held
