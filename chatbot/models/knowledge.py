"""What the bot can look up beside the challenges."""

from collections.abc import Collection

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from challenges.models import Category
from challenges.text import nfc, storable

TEXT_LENGTH = 20_000
"""Characters of a document at most, after NFC, a line end counted as one."""


class KnowledgeDocument(models.Model):
    """A longer text on a subject, such as how to sort waste. Without a category it serves them all."""

    title = models.CharField(_("title"), max_length=100, unique=True)
    text = models.TextField(_("text"), max_length=TEXT_LENGTH, help_text=_("Paragraphs are found one by one."))
    link = models.URLField(_("source link"), max_length=500, blank=True)
    category = models.ForeignKey(
        Category,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="documents",
        verbose_name=_("category"),
    )
    active = models.BooleanField(_("active"), default=True)
    updated_at = models.DateTimeField(_("updated"), auto_now=True)

    class Meta:
        verbose_name = _("knowledge document")
        verbose_name_plural = _("knowledge documents")
        ordering = ["title"]

    def __str__(self) -> str:
        return self.title

    def clean_fields(self, exclude: Collection[str] | None = None) -> None:
        self.title = nfc(storable(self.title))
        self.text = nfc(storable(self.text).replace("\r\n", "\n").replace("\r", "\n"))
        super().clean_fields(exclude=exclude)

    def clean(self) -> None:
        super().clean()
        errors = {}
        if len(self.text) > TEXT_LENGTH:
            errors["text"] = ValidationError(
                _("The text has %(length)s characters; at most %(limit)s are allowed."),
                params={"length": f"{len(self.text):,}", "limit": f"{TEXT_LENGTH:,}"},
            )
        if self.link and not self.link.lower().startswith(("https://", "http://")):
            errors["link"] = ValidationError(_("A link begins with https:// or http://."))
        if errors:
            raise ValidationError(errors)
