"""What the bot can look up beside the challenges."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from challenges.models import Category


class KnowledgeDocument(models.Model):
    """A longer text on a subject, such as how to sort waste. Without a category it serves them all."""

    title = models.CharField(_("title"), max_length=100, unique=True)
    text = models.TextField(_("text"), max_length=20_000, help_text=_("Paragraphs are found one by one."))
    link = models.URLField(_("source link"), max_length=500, blank=True)
    category = models.ForeignKey(
        Category,
        on_delete=models.PROTECT,
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
