"""Server-sent events as they stand on the wire (WHATWG HTML §9.2), kept in parts so that they can be judged."""

from collections.abc import Iterable
from dataclasses import dataclass

from chatbot.diagnosis.exchange import Chunk


@dataclass(frozen=True, slots=True)
class Frame:
    """The fields between two blank lines, in order, comments left out. ``seconds``: when its last line arrived."""

    fields: tuple[tuple[str, str], ...]
    seconds: float = 0.0

    @property
    def name(self) -> str:
        return self._last("event") or "message"

    @property
    def id(self) -> str:
        return self._last("id")

    @property
    def data(self) -> list[str]:
        """The value of every ``data`` line."""
        return [value for field, value in self.fields if field == "data"]

    def _last(self, name: str) -> str:
        return next((value for field, value in reversed(self.fields) if field == name), "")


class Parser:
    """``feed`` returns the frames that a part of the body completes; ``rest`` is what no blank line ended yet."""

    def __init__(self) -> None:
        self._line = b""
        self._fields: list[tuple[str, str]] = []
        self._after_cr = False
        self._first_line = True

    @property
    def rest(self) -> bool:
        return bool(self._line or self._fields)

    def feed(self, data: bytes, seconds: float = 0.0) -> list[Frame]:
        if self._after_cr and data:  # the second half of a CR LF
            data = data.removeprefix(b"\n")
            self._after_cr = False
        self._after_cr = data.endswith(b"\r") or (self._after_cr and not data)
        lines = (self._line + data).replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        self._line = lines.pop()
        return [frame for line in lines if (frame := self._take(line, seconds))]

    def _take(self, line: bytes, seconds: float) -> Frame | None:
        text = line.decode("utf-8", errors="replace")
        if self._first_line:
            text = text.removeprefix("\ufeff")
            self._first_line = False
        if text:
            field, _, value = text.partition(":")
            if field:  # else a comment
                self._fields.append((field, value.removeprefix(" ")))
            return None
        frame = Frame(tuple(self._fields), seconds) if self._fields else None
        self._fields.clear()
        return frame


def read_frames(chunks: Iterable[Chunk]) -> tuple[list[Frame], bool]:
    """All frames, and whether something stood behind the last of them that no blank line ended."""
    parser = Parser()
    frames = [frame for chunk in chunks for frame in parser.feed(chunk.data, chunk.seconds)]
    return frames, parser.rest
