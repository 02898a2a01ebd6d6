"""Words that a message is looked through for."""

import unicodedata
from collections.abc import Collection, Mapping

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from challenges.text import nfc, storable


class WordKind(models.TextChoices):
    ABUSE = "abuse", _("abuse")
    SELF_HARM = "self_harm", _("self-harm")
    EMERGENCY = "emergency", _("emergency")
    VIOLENCE = "violence", _("violence")
    FINE = "fine", _("fine: an exception")


def spelling(word: str) -> str:
    """The form in which listed words are the same: without case and width variants, white space as one blank."""
    return " ".join(unicodedata.normalize("NFKC", word).casefold().split())


class ListedWord(models.Model):
    """A word or phrase that says what a message is about, or, as an exception, that it is not."""

    word = models.CharField(_("word"), max_length=60, unique=True)
    kind = models.CharField(_("kind"), max_length=10, choices=WordKind)
    note = models.CharField(_("note"), max_length=200, blank=True)

    listed: Mapping[str, "ListedWord"] | None = None
    """All rows by their spelling, for who checks many at once; None to have ``clean`` look at the database."""

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
        """A new spelling must not be listed yet. Rows that were there before, such as the seed's, stay as they are."""
        super().clean()
        listed = by_spelling() if self.listed is None else self.listed
        other = listed.get(spelling(self.word))
        if other is None or other.pk == self.pk or self._is_kept():
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
