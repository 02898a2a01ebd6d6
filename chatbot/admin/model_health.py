"""How each chat model does, for the admin's first page: attempts, failures, what had to replace it, the last error."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median_low
from typing import Any

from django.utils.timezone import now
from django.utils.translation import gettext as _

from chatbot.admin.labels import mends_text
from chatbot.generation.measurements import attempts
from chatbot.models import Generation, Outcome, Purpose
from chatbot.providers.catalog import CatalogProvider

READ_ROWS = 2000
"""The newest answers that are counted: a page must not wait for a busy day."""

DOWN_AFTER = 3
"""Attempts in a row that failed, after which a model counts as down."""

TROUBLED_SHARE = 0.1


@dataclass(slots=True)
class ModelHealth:
    """Of one model, from its newest attempt back. ``replaced_by`` counts answers that another provider wrote."""

    name: str
    attempts: int = 0
    failed: int = 0
    failed_in_a_row: int = 0
    replaced_by: Counter[str] = field(default_factory=Counter)
    times: list[int] = field(default_factory=list)
    last_error: str = ""
    last_error_at: datetime | None = None

    @property
    def state(self) -> str:
        """``down``, ``troubled`` or ``well``."""
        if self.failed_in_a_row >= min(DOWN_AFTER, self.attempts):
            return "down"
        return "troubled" if self.failed >= TROUBLED_SHARE * self.attempts else "well"

    @property
    def state_text(self) -> str:
        return {"down": _("does not answer"), "troubled": _("fails at times"), "well": _("in order")}[self.state]

    @property
    def variant(self) -> str:
        """The colour of its badge."""
        return {"down": "danger", "troubled": "warning", "well": "success"}[self.state]

    @property
    def failed_share(self) -> str:
        return f"{self.failed / self.attempts:.0%}"

    @property
    def replaced_text(self) -> str:
        return ", ".join(f"{name} {count}" for name, count in self.replaced_by.most_common()) or "–"

    @property
    def first_token_seconds(self) -> float | None:
        return median_low(self.times) / 1000 if self.times else None


def model_health(hours: int = 24) -> list[ModelHealth]:
    """Of the hosted models that were asked for people in the last hours; those in trouble first. One SQL statement."""
    rows = Generation.objects.filter(purpose=Purpose.PUBLIC, started_at__gte=now() - timedelta(hours=hours))
    columns = ("started_at", "tried", "source", "outcome", "first_token_ms")
    read = rows.exclude(outcome=Outcome.RUNNING).order_by("-started_at").values_list(*columns)[:READ_ROWS]
    order = ("down", "troubled", "well")
    return sorted(_counted(read), key=lambda each: (order.index(each.state), each.name))


def _counted(rows: Iterable[tuple[datetime, Sequence[dict[str, Any]], str, str, int | None]]) -> list[ModelHealth]:
    """``rows`` from the newest on."""
    found: dict[str, ModelHealth] = {}
    only_failures: set[str] = set()
    for started_at, tried, source, outcome, first_token_ms in rows:
        own_end = outcome in {Outcome.COMPLETED, Outcome.FAILED}
        for name, result in reversed(list(attempts(tried, ended=own_end))):
            if name == CatalogProvider().name:
                continue
            if name not in found:
                found[name] = ModelHealth(name)
                only_failures.add(name)
            health = found[name]
            health.attempts += 1
            if result == "completed":
                only_failures.discard(name)
                continue
            health.failed += 1
            health.failed_in_a_row += name in only_failures
            if health.last_error_at is None:
                health.last_error, health.last_error_at = _error(name, tried), started_at
        asked = tried[0]["source"] if tried else source
        if asked in found and asked != source:
            found[asked].replaced_by[source] += 1
        elif source in found and first_token_ms is not None:
            found[source].times.append(first_token_ms)
    return list(found.values())


def _error(name: str, tried: Sequence[dict[str, Any]]) -> str:
    entry = next(entry for entry in reversed(tried) if entry["source"] == name and entry["error"])
    return attempt_error(entry)


def attempt_error(entry: dict[str, Any]) -> str:
    """What was wrong with an attempt, in the page's language where the reason is known by its name."""
    unusable = mends_text(entry.get("unusable", {}))
    return _("could not be used: %(what)s") % {"what": unusable} if unusable else str(entry["error"])
