"""What was understood of a message, and what it is understood against."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from chatbot.models import Intent


class Facet(StrEnum):
    """How challenges are to be different from those before."""

    EASIER = "easier"
    SHORTER = "shorter"
    CHILDREN = "children"
    TOGETHER = "together"
    ALONE = "alone"
    AT_WORK = "at_work"
    AT_HOME = "at_home"
    OUTDOORS = "outdoors"
    CHEAPER = "cheaper"
    HARDER = "harder"
    LONGER = "longer"
    INDOORS = "indoors"
    FUN = "fun"


@dataclass(frozen=True, slots=True)
class GivenChallenge:
    """A challenge as the session was shown it."""

    title: str
    description: str
    category: str


@dataclass(frozen=True, slots=True)
class Situation:
    """What a message is understood against.

    ``base_category`` and ``category`` are the session's keys, "" when nothing is known yet; ``shown`` are the
    challenges of its last recommendation, in their order.
    """

    base_category: str = ""
    category: str = ""
    shown: Sequence[GivenChallenge] = ()


Reason = dict[str, Any]
"""``{"code": …, …}``: one step of the decision, as it is stored; ``chatbot.admin.reasons`` says it in words."""


@dataclass(frozen=True, slots=True)
class Understanding:
    """What a person wants.

    ``category`` is the key of the category to talk about from now on, "" to stay (or, with ``Intent.ANY``, to pick any
    other); ``avoid`` are keys of categories that are not wanted; ``location`` and ``work_type`` are keys when the
    message names them, else "". ``number`` counts the shown challenge that is meant from 0 (with ``Intent.EXPLAIN``);
    ``topic`` are the words that say what the challenges should be about, for looking them up. ``danger`` says which
    (with ``Intent.DANGER``): ``self_harm``, ``emergency``, ``own_hurt`` (an emergency that the person
    brought about) or ``violence``.
    """

    intent: Intent
    category: str = ""
    avoid: frozenset[str] = frozenset()
    location: str = ""
    work_type: str = ""
    number: int | None = None
    facets: tuple[Facet, ...] = ()
    topic: tuple[str, ...] = ()
    danger: str = ""
    reasons: tuple[Reason, ...] = ()

    @property
    def refused(self) -> tuple[str, ...]:
        """Words of things, not of categories, that are not wanted (“텀블러 말고”)."""
        found = (reason["words"] for reason in self.reasons if reason["code"] == "keyword_refused")
        return tuple(word for words in found for word in words)
