"""What options are called today, for pages that show many of them."""

from collections.abc import Mapping
from typing import Any

from challenges.models import Category, Location, WorkType
from chatbot.admin.reasons import Labels

_KINDS: Mapping[str, Any] = {"location": Location, "work_type": WorkType, "category": Category}


def labels() -> Labels:
    """By kind and key, those that cannot be picked any more among them. Three SQL statements."""
    return {kind: dict(model._default_manager.values_list("key", "label")) for kind, model in _KINDS.items()}


def label(named: Labels, kind: str, key: str) -> str:
    """What the option is called, else its key; "" stays ""."""
    return named[kind].get(key, key)
