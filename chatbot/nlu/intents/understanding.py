"""The input of a turn, and the understanding of its message."""

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
    """A message, and all data for its answer.

    ``memory`` is the memory of the session, ``options`` are the active options, and ``words`` the lists of the admins.
    ``analyser`` analyses the message, within the time of ``budget``. ``revisions`` are those under which the data was
    read. The same ``seed`` gives the same random choices.
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
"""A reason for the decision in its stored form, ``{"code": …, …}``. ``chatbot.admin.labels`` turns it into a
sentence."""


@dataclass(frozen=True, slots=True)
class Understanding:
    """What a person wants.

    ``category`` is the key of the new category; "" means the present one, or with ``Intent.ANY`` any other. ``avoid``
    are keys of unwanted categories. ``location`` and ``work_type`` are keys if the message names one, else "". With
    ``Intent.EXPLAIN``, ``number`` is the index of the shown challenge, from 0. ``facets`` are keys of
    ``chatbot.nlu.facets``. ``topic`` are the words for searching challenges.

    With ``Intent.DANGER``, ``danger`` is ``self_harm``, ``emergency``, ``violence`` or ``own_hurt`` (an emergency that
    the person has caused themselves). ``otherwise`` is the meaning of a question that no document answers.
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
    otherwise: "Understanding | None" = None

    @property
    def refused(self) -> tuple[str, ...]:
        """The words for unwanted things that are not categories (“텀블러 말고”)."""
        found = (reason["words"] for reason in self.reasons if reason["code"] in {"keyword_refused", "lacking"})
        return tuple(word for words in found for word in words)
