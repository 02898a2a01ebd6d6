"""Words that a message is looked through for."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class WordKind(models.TextChoices):
    ABUSE = "abuse", _("abuse")
    SELF_HARM = "self_harm", _("self-harm")
    EMERGENCY = "emergency", _("emergency")
    FINE = "fine", _("fine: an exception")


class ListedWord(models.Model):
    """A word or phrase that says what a message is about, or, as an exception, that it is not."""

    word = models.CharField(_("word"), max_length=60, unique=True)
    kind = models.CharField(_("kind"), max_length=10, choices=WordKind)
    note = models.CharField(_("note"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("listed word")
        verbose_name_plural = _("word lists")
        ordering = ["kind", "word"]

    def __str__(self) -> str:
        return self.word
