"""A challenge while it is being read."""

from collections.abc import Callable

from chatbot.answers.object_parser import Characters, StringEnd
from chatbot.answers.rules import Line


class Draft:
    """The challenge that is being read. ``title`` is None until it is complete, and "" when it cannot be used.

    ``opened`` is set when the title is shown, ``described`` when the description is complete.
    """

    def __init__(self, description: Line) -> None:
        self.description = description
        self.title_text = ""
        self.title: str | None = None
        self.described = False
        self.category = ""
        self.opened = False
        self._waiting = ""

    @property
    def is_complete(self) -> bool:
        return self.opened and self.described and bool(self.title)

    @property
    def is_spoiled(self) -> bool:
        """Whether it was partly shown, and must be taken back."""
        return bool(self.description.fault) and self.opened and bool(self.title)

    def take_title(self, event: Characters | StringEnd, usable: Callable[[str], str]) -> bool:
        """Reads a part of the title. Returns whether that was progress. ``usable`` returns the corrected one."""
        if isinstance(event, StringEnd):
            self.title = usable(self.title_text)
            return True
        self.title_text += event.text
        return not event.text.isspace()

    def take_description(self, event: Characters | StringEnd) -> bool:
        """Reads a part of the description. Returns whether that was progress."""
        if isinstance(event, StringEnd):
            self.finish()
            return True
        length = self.description.length
        self._waiting += self.description.push(event.text)
        return self.description.length > length

    def finish(self) -> None:
        """Ends the description."""
        self._waiting += self.description.finish()
        self.described = bool(self.description.text) and not self.description.is_unusable

    def to_show(self, number: int) -> str:
        """The text that can be shown now: the title when the description has begun, and then the description."""
        if not self.title or not self._waiting:
            return ""
        head = "" if self.opened else f"\n\n{number}. {self.title}\n"
        text, self._waiting, self.opened = head + self._waiting, "", True
        return text
