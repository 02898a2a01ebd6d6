"""What editors maintain besides the catalogue: knowledge documents, and lists of words that classify messages."""

import unicodedata
from collections.abc import Collection, Mapping

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from challenges.models import Category
from challenges.text import nfc, storable

TEXT_LENGTH = 20_000
"""The maximum length of a document in characters, after NFC. A line end counts as one character."""


class KnowledgeDocument(models.Model):
    """A longer text about a subject, such as how to sort waste. Without a category it is used for all categories."""

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


class WordKind(models.TextChoices):
    ABUSE = "abuse", _("abuse")
    SELF_HARM = "self_harm", _("self-harm")
    EMERGENCY = "emergency", _("emergency")
    VIOLENCE = "violence", _("violence")
    FINE = "fine", _("fine: an exception")


def spelling(word: str) -> str:
    """The form in which words are compared. It ignores case and width variants; white space is one blank."""
    return " ".join(unicodedata.normalize("NFKC", word).casefold().split())


class ListedWord(models.Model):
    """A word or phrase that marks a message as abuse or danger, or an exception to such a word."""

    word = models.CharField(_("word"), max_length=60, unique=True)
    kind = models.CharField(_("kind"), max_length=10, choices=WordKind)
    note = models.CharField(_("note"), max_length=200, blank=True)

    listed: Mapping[str, "ListedWord"] | None = None
    """All rows by their spelling, for an import that checks many rows. If None, ``clean`` reads the database."""

    class Meta:
        verbose_name = _("listed word")
        verbose_name_plural = _("word lists")
        ordering = ["kind", "word"]

    def __str__(self) -> str:
        return self.word

    def clean_fields(self, exclude: Collection[str] | None = None) -> None:
        self.word = nfc(storable(self.word))
        self.note = nfc(storable(self.note))
        super().clean_fields(exclude=exclude)

    def clean(self) -> None:
        """Refuses a new spelling that is already listed. A row may keep its own spelling."""
        super().clean()
        listed = by_spelling() if self.listed is None else self.listed
        other = listed.get(spelling(self.word))
        if other is None or other is self or (self.pk is not None and other.pk == self.pk) or self._is_kept():
            return
        words = _("“%(word)s” is listed already, under “%(kind)s”.")
        params = {"word": other.word, "kind": other.get_kind_display()}
        raise ValidationError({"word": ValidationError(words, params=params)})

    def _is_kept(self) -> bool:
        before = ListedWord.objects.filter(pk=self.pk).values_list("word", flat=True).first()
        return before is not None and spelling(before) == spelling(self.word)


def by_spelling() -> dict[str, ListedWord]:
    """Every listed word by its spelling. One SQL statement."""
    return {spelling(row.word): row for row in ListedWord.objects.only("word", "kind")}
