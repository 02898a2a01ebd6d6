"""Releases: which version of a template went live, when, in place of which, by whom and why."""

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from chatbot.models.checks import PromptCheck
from chatbot.models.prompts import PromptTemplate, PromptVersion


class ReleaseKind(models.TextChoices):
    PUBLISH = "publish", _("published")
    ROLLBACK = "rollback", _("rolled back")
    AUTOMATIC = "automatic", _("automatic")


class PromptRelease(models.Model):
    """A version went live. Append-only: the database refuses to change or delete it (``chatbot.db.immutability``).

    ``check_run`` is the check that opened the gate; null when none was needed (a rollback, the first version) or when
    a superuser published without one, which ``overridden`` marks for ever.
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
        PromptCheck, on_delete=models.PROTECT, null=True, related_name="releases", verbose_name=_("check")
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
