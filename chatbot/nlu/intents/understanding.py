"""What goes into a turn, and what was understood of its message."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from challenges.catalog import Options
from chatbot.models import Intent
from chatbot.nlu.analyser_manager import TimeBudget
from chatbot.nlu.morphemes import MorphemeAnalyser
from chatbot.nlu.safety.word_lists import WordLists
from chatbot.sessions.memory import Memory


@dataclass(frozen=True, slots=True)
class TurnInput:
    """A message and everything it is answered from.

    ``memory`` is the session's, ``options`` are what can be picked today, ``words`` the admins' lists. ``analyser``
    analyses the message, which may wait for it as long as ``budget`` says. ``revisions`` are those under which the
    rest was read. The same ``seed`` makes the same choices.
    """

    message: str
    memory: Memory
    options: Options
    words: WordLists
    analyser: MorphemeAnalyser
    budget: TimeBudget = field(default_factory=TimeBudget)
    revisions: Mapping[str, str] = field(default_factory=dict)
    seed: int = 0


Reason = dict[str, Any]
"""``{"code": …, …}``: one step of the decision, as it is stored; ``chatbot.admin.labels`` says it in words."""


@dataclass(frozen=True, slots=True)
class Understanding:
    """What a person wants.

    ``category`` is the key of the category to talk about from now on, "" to stay or, with ``Intent.ANY``, to pick any
    other. ``avoid`` are keys of unwanted categories. ``location`` and ``work_type`` are keys where the message names
    one, else "". ``number`` counts the shown challenge that is meant from 0 (with ``Intent.EXPLAIN``). ``facets`` are
    keys of ``chatbot.nlu.facets``. ``topic`` are the words to look challenges up by.

    ``danger`` says which (with ``Intent.DANGER``): ``self_harm``, ``emergency``, ``violence`` or ``own_hurt``, an
    emergency that the person brought about.
    """

    intent: Intent
    category: str = ""
    avoid: frozenset[str] = frozenset()
    location: str = ""
    work_type: str = ""
    number: int | None = None
    facets: tuple[str, ...] = ()
    topic: tuple[str, ...] = ()
    danger: str = ""
    reasons: tuple[Reason, ...] = ()

    @property
    def refused(self) -> tuple[str, ...]:
        """Words of things, not of categories, that are not wanted (“텀블러 말고”)."""
        found = (reason["words"] for reason in self.reasons if reason["code"] == "keyword_refused")
        return tuple(word for words in found for word in words)
