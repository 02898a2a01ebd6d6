"""Generations. The row is written at the start and at the end of a generation, never per token."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from chatbot.models.prompts import PromptVersion


class Outcome(models.TextChoices):
    RUNNING = "running", _("running")
    COMPLETED = "completed", _("completed")
    STOPPED = "stopped", _("stopped by the person")
    ABANDONED = "abandoned", _("abandoned: nobody listened")
    FAILED = "failed", _("failed")
    INTERRUPTED = "interrupted", _("interrupted: the server stopped")


class Enforcement(models.TextChoices):
    """How the answer was made to keep its contract, from the least to the most effort."""

    AS_IT_CAME = "as_it_came", _("as it came")
    MENDED = "mended", _("mended as it streamed")
    REPAIRED = "repaired", _("repaired")
    ASKED_AGAIN = "asked_again", _("asked again")
    FILLED = "filled", _("filled from the catalogue")


class Purpose(models.TextChoices):
    """What a generation is for."""

    PUBLIC = "public", _("for a person")
    TRIAL = "trial", _("trial in the studio")
    CHECK = "check", _("check before publishing")


_ORDER = (
    *("kind", "recommend", "challenges", "help", "stopped"),
    *("title", "description", "category", "label", "lines", "name", "number"),
)
"""The keys of an answer and of its challenges, in the order of the ``close`` event."""


class AnswerField(models.JSONField):
    """JSON that is read with its keys in the order of the ``close`` event.

    PostgreSQL changes the order of keys, but a client that reads the answer later must get the same bytes.
    """

    def deconstruct(self) -> tuple[str, str, Sequence[Any], dict[str, Any]]:
        name, _, arguments, options = super().deconstruct()
        return name, "django.db.models.JSONField", arguments, options  # the column has the same type

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        return _in_order(super().from_db_value(value, expression, connection))


def _in_order(value: Any) -> Any:
    match value:
        case Mapping():
            known = [key for key in _ORDER if key in value]
            return {key: _in_order(value[key]) for key in [*known, *(key for key in value if key not in known)]}
        case list():
            return [_in_order(each) for each in value]
        case _:
            return value


class Generation(models.Model):
    """One run of the providers for one job.

    ``prompt_version`` is null only for a trial or a check of a draft, which is not a version yet. ``variables`` are the
    values in the prompt, without the output format, which depends on the kind of the answer. ``answer`` is the payload
    of ``close``; ``event_count`` is the number of the terminal event. Both are null until the generation ends.

    ``source`` is the provider that wrote most of the answer. ``tried`` lists the providers that were called,
    ``[{"source", "error", "challenges", "unusable"}]``. ``challenges`` are the numbers of the challenges that a
    provider added to an answer of another one. ``unusable`` counts the parts that could not be used, ``mends`` the
    corrections, both by their names in the composer. ``process`` is the process that runs the generation. Times are in
    milliseconds from the start.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    prompt_version = models.ForeignKey(
        PromptVersion,
        on_delete=models.PROTECT,
        null=True,
        related_name="generations",
        verbose_name=_("prompt version"),
    )
    purpose = models.CharField(_("purpose"), max_length=6, choices=Purpose, default=Purpose.PUBLIC)
    variables = models.JSONField(_("variables"), default=dict, blank=True)
    source = models.CharField(_("answer source"), max_length=100)
    location = models.CharField(_("location"), max_length=40)
    work_type = models.CharField(_("work type"), max_length=40)
    category = models.CharField(_("category"), max_length=40)
    tried = models.JSONField(_("sources tried"), default=list, blank=True)
    enforcement = models.CharField(
        _("contract kept"), max_length=12, choices=Enforcement, default=Enforcement.AS_IT_CAME
    )
    mends = models.JSONField(_("mended"), default=dict, blank=True)
    tokens_in = models.PositiveIntegerField(_("tokens in"), null=True, blank=True)
    tokens_out = models.PositiveIntegerField(_("tokens out"), null=True, blank=True)
    raw_text = models.TextField(_("raw text of the sources"), blank=True)
    system_prompt = models.TextField(_("rendered system text"))
    user_prompt = models.TextField(_("rendered user text"))
    seed = models.BigIntegerField(_("seed"))
    process = models.CharField(_("process"), max_length=32, blank=True, default="", editable=False)
    outcome = models.CharField(_("outcome"), max_length=12, choices=Outcome, default=Outcome.RUNNING)
    answer = AnswerField(_("answer"), null=True, blank=True)
    error = models.CharField(_("error"), max_length=300, blank=True)
    event_count = models.PositiveIntegerField(_("events"), null=True, blank=True)
    started_at = models.DateTimeField(_("started"), auto_now_add=True)
    first_token_ms = models.PositiveIntegerField(_("time to first token (ms)"), null=True, blank=True)
    duration_ms = models.PositiveIntegerField(_("duration (ms)"), null=True, blank=True)

    class Meta:
        verbose_name = _("generation")
        verbose_name_plural = _("generations")
        ordering = ["-started_at"]
        indexes = [
            models.Index(fields=["-started_at"], name="generation_started"),
            models.Index(fields=["source", "-started_at"], name="generation_source"),
            models.Index(fields=["outcome", "-started_at"], name="generation_outcome"),
            models.Index(fields=["prompt_version", "-started_at"], name="generation_version"),
            # Has all columns of a version's statistics, so that the database need not read the large rows.
            models.Index(
                fields=["prompt_version", "purpose", "source", "outcome", "enforcement", "first_token_ms"],
                name="generation_results",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(outcome="running", event_count=None)
                | (~models.Q(outcome="running") & models.Q(event_count__isnull=False)),
                name="generation_ended_with_events",
            ),
            models.CheckConstraint(
                condition=~models.Q(purpose="public") | models.Q(prompt_version__isnull=False),
                name="generation_public_by_a_version",
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)
