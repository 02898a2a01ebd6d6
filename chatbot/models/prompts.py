"""Prompt templates, their drafts, the versions that are published from drafts, and the releases of versions."""

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _


class PromptTemplate(models.Model):
    """A prompt with a fixed use, such as the first recommendation. Its contract is in ``chatbot.prompts.contracts``.

    ``live_version`` is the version of the last release: ``chatbot.prompts.releases`` writes both in one transaction.
    """

    key = models.SlugField(_("key"), max_length=40, unique=True)
    live_version = models.ForeignKey(
        "PromptVersion",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("live version"),
    )

    class Meta:
        verbose_name = _("prompt template")
        verbose_name_plural = _("prompt templates")
        ordering = ["key"]
        permissions = [("publish_prompt", "Can publish and roll back prompts")]

    def __str__(self) -> str:
        return self.key


class PromptText(models.Model):
    """The system text, the user text, and the settings of the model that gets them."""

    system_text = models.TextField(_("system text"), blank=True)
    user_text = models.TextField(_("user text"))
    model = models.CharField(_("chat model"), max_length=100, blank=True, help_text=_("Empty: the configured one."))
    temperature = models.FloatField(
        _("temperature"), null=True, blank=True, validators=[MinValueValidator(0), MaxValueValidator(2)]
    )
    max_tokens = models.PositiveIntegerField(
        _("tokens at most"), null=True, blank=True, validators=[MinValueValidator(64), MaxValueValidator(32_768)]
    )

    class Meta:
        abstract = True


class PromptDraft(PromptText):
    """The one draft of a template.

    ``revision`` rises with every change. To save, an editor must send the latest revision, so that no change of another
    editor is overwritten. ``based_on`` is the version that was live when the draft was created. ``authors`` are the
    names of the editors who have changed it since then.
    """

    template = models.OneToOneField(
        PromptTemplate, on_delete=models.CASCADE, related_name="draft", verbose_name=_("template")
    )
    based_on = models.ForeignKey(
        "PromptVersion",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("based on"),
    )
    revision = models.PositiveIntegerField(_("revision"), default=1)
    edited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("edited by"),
    )
    edited_at = models.DateTimeField(_("edited"))
    authors = models.CharField(_("written by"), max_length=500, blank=True, default="", db_default="", editable=False)

    class Meta:
        verbose_name = _("prompt draft")
        verbose_name_plural = _("prompt drafts")

    def __str__(self) -> str:
        return f"{self.template.key}@draft"


class PromptVersion(PromptText):
    """A published, immutable text of a template. The database refuses to change or delete it.

    ``chatbot.db.immutability`` creates the triggers for that. ``content_hash`` is ``PromptContent.hash`` of the texts
    and settings, in hexadecimal. ``author`` is the person who published it; this account cannot be deleted, only
    deactivated. ``written_by`` are the names of the editors who wrote its draft.
    """

    template = models.ForeignKey(
        PromptTemplate, on_delete=models.PROTECT, related_name="versions", verbose_name=_("template")
    )
    number = models.PositiveIntegerField(_("number"))
    content_hash = models.CharField(_("content hash"), max_length=64)
    note = models.CharField(_("note"), max_length=200, help_text=_("What changed, and why."))
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("author"),
    )
    written_by = models.CharField(
        _("written by"), max_length=500, blank=True, default="", db_default="", editable=False
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("prompt version")
        verbose_name_plural = _("prompt versions")
        ordering = ["template", "-number"]
        constraints = [models.UniqueConstraint(fields=["template", "number"], name="prompt_version_number")]

    def __str__(self) -> str:
        return f"{self.template.key}@{self.number}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise ValidationError(_("A prompt version never changes: make a new one."))
        super().save(*args, **kwargs)


class ReleaseKind(models.TextChoices):
    PUBLISH = "publish", _("published")
    ROLLBACK = "rollback", _("rolled back")
    AUTOMATIC = "automatic", _("automatic")


class PromptRelease(models.Model):
    """Records that a version went live. The database refuses to change or delete the row.

    ``chatbot.db.immutability`` creates the triggers for that. ``check_run`` is the passed check. It is null when none
    was needed (a rollback, the first version), or when a superuser published without a check (``overridden``).
    """

    template = models.ForeignKey(
        PromptTemplate, on_delete=models.PROTECT, related_name="releases", verbose_name=_("template")
    )
    version = models.ForeignKey(
        PromptVersion, on_delete=models.PROTECT, related_name="releases", verbose_name=_("version")
    )
    previous = models.ForeignKey(
        PromptVersion, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("the version before")
    )
    kind = models.CharField(_("kind"), max_length=10, choices=ReleaseKind)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("by")
    )
    why = models.CharField(_("why"), max_length=500)
    check_run = models.ForeignKey(
        "PromptCheck", on_delete=models.PROTECT, null=True, related_name="releases", verbose_name=_("check")
    )
    overridden = models.BooleanField(_("published without a passed check"), default=False)
    created_at = models.DateTimeField(_("released"), auto_now_add=True)

    class Meta:
        verbose_name = _("release")
        verbose_name_plural = _("releases")
        ordering = ["-pk"]
        indexes = [models.Index(fields=["template", "-id"], name="release_of_template")]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(kind="publish") | models.Q(overridden=True) | models.Q(check_run__isnull=False),
                name="release_checked_or_overridden",
            )
        ]

    def __str__(self) -> str:
        return f"{self.version} {self.kind}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise ValidationError(_("A release never changes."))
        super().save(*args, **kwargs)
