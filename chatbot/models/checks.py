"""Samples that a prompt must pass, and the checks that run them."""

from datetime import timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from challenges.models import word_list
from chatbot.models.prompts import PromptTemplate, PromptText

LOST_AFTER = timedelta(seconds=15)
"""A running check whose row was not updated for so long counts as lost: its process has died."""


class PromptSample(models.Model):
    """A sample request for a template, and the rules for its answer.

    ``contains`` and ``excludes`` apply to the whole text of the answer. The other rules apply to the model's own text:
    the length of its titles and of its sentence, and the category's name in that sentence. Options are keys. Templates
    that answer a message have ``message``.
    """

    template = models.ForeignKey(
        PromptTemplate, on_delete=models.CASCADE, related_name="samples", verbose_name=_("template")
    )
    location = models.CharField(_("location"), max_length=40)
    work_type = models.CharField(_("work type"), max_length=40)
    category = models.CharField(_("category"), max_length=40)
    message = models.CharField(
        _("message"), max_length=500, blank=True, help_text=_("For a prompt that answers free text.")
    )
    contains = models.JSONField(
        _("text contains"), default=list, blank=True, validators=[word_list], help_text=_("Words, separated by commas.")
    )
    excludes = models.JSONField(
        _("text does not contain"),
        default=list,
        blank=True,
        validators=[word_list],
        help_text=_("Words, separated by commas."),
    )
    title_min = models.PositiveSmallIntegerField(
        _("shortest title"), default=1, validators=[MinValueValidator(1), MaxValueValidator(10)]
    )
    title_max = models.PositiveSmallIntegerField(
        _("longest title"), default=10, validators=[MinValueValidator(1), MaxValueValidator(10)]
    )
    names_category = models.BooleanField(_("names the category"), default=True)
    length_min = models.PositiveSmallIntegerField(_("shortest sentence"), null=True, blank=True)
    length_max = models.PositiveSmallIntegerField(_("longest sentence"), null=True, blank=True)
    seeded = models.BooleanField(default=False, editable=False)

    class Meta:
        verbose_name = _("pinned sample")
        verbose_name_plural = _("pinned samples")
        ordering = ["template", "pk"]

    def __str__(self) -> str:
        return f"{self.category} · {self.location} · {self.work_type}"

    def clean(self) -> None:
        super().clean()
        for low, high in (("title_min", "title_max"), ("length_min", "length_max")):
            least, most = getattr(self, low), getattr(self, high)
            if least is not None and most is not None and least > most:
                raise ValidationError({high: _("This must not be less than the lower bound.")})


class CheckStatus(models.TextChoices):
    RUNNING = "running", _("running")
    PASSED = "passed", _("passed")
    FAILED = "failed", _("not passed")
    STOPPED = "stopped", _("stopped")
    INTERRUPTED = "interrupted", _("interrupted: the server stopped")


class PromptCheck(PromptText):
    """One run of a template's samples. Its result is valid only for this content, these providers and this contract.

    ``sources`` are the providers' names in their order. ``contract_hash`` covers the template's contract and samples.
    ``seen_at`` is updated again and again while the check runs.
    """

    template = models.ForeignKey(
        PromptTemplate, on_delete=models.CASCADE, related_name="checks", verbose_name=_("template")
    )
    content_hash = models.CharField(_("content hash"), max_length=64)
    sources = models.CharField(_("answer sources"), max_length=1000)
    contract_hash = models.CharField(_("contract hash"), max_length=64)
    status = models.CharField(_("result"), max_length=12, choices=CheckStatus, default=CheckStatus.RUNNING)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("by")
    )
    started_at = models.DateTimeField(_("started"), auto_now_add=True)
    seen_at = models.DateTimeField(default=timezone.now, editable=False)
    ended_at = models.DateTimeField(_("ended"), null=True)

    class Meta:
        verbose_name = _("check")
        verbose_name_plural = _("checks")
        ordering = ["-pk"]
        indexes = [models.Index(fields=["template", "content_hash", "-id"], name="check_of_content")]

    def __str__(self) -> str:
        return f"{self.template.key} #{self.pk}"

    @property
    def lost(self) -> bool:
        """Whether the row is marked as running although its process has died."""
        return self.status == CheckStatus.RUNNING and timezone.now() - self.seen_at > LOST_AFTER


class SampleRun(models.Model):
    """The result of one sample in a check.

    ``reasons`` are the broken rules, ``[{"code", …}]``. ``raw_text`` is what the model wrote; ``answer`` is what a
    client would get.
    """

    check_run = models.ForeignKey(PromptCheck, on_delete=models.CASCADE, related_name="runs", verbose_name=_("check"))
    position = models.PositiveIntegerField(_("number"))
    expected = models.JSONField(_("expected"), default=dict)
    ended = models.BooleanField(_("ended"), default=False)
    reasons = models.JSONField(_("reasons"), default=list)
    answer = models.JSONField(_("answer"), null=True)
    raw_text = models.TextField(_("raw text of the sources"), blank=True)
    report = models.JSONField(_("report"), default=dict)

    class Meta:
        verbose_name = _("sample run")
        verbose_name_plural = _("sample runs")
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["check_run", "position"], name="sample_run_once")]

    def __str__(self) -> str:
        return f"{self.check_run_id} #{self.position}"
