"""The catalogue's tables."""

import unicodedata
import uuid
from collections.abc import Collection
from datetime import timedelta
from typing import Any, Self

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models, transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Length, Trim
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from challenges.text import DESCRIPTION_LENGTH, TITLE_LENGTH, is_one_sentence, lookup_name, nfc

_EMOJI_CATEGORIES = {"So", "Sk", "Me"}
"""Unicode's categories of pictures, skin tones and the keycap."""


def emoji_only(value: str) -> None:
    """Validates a text that is shown as a picture. A file in an encoding without emoji holds question marks instead."""
    is_emoji = any(unicodedata.category(character) in _EMOJI_CATEGORIES for character in value)
    if not is_emoji or "?" in value or "\ufffd" in value:
        raise ValidationError(
            _("“%(text)s” is no emoji. Save the file as UTF-8, or leave it empty."), params={"text": value}
        )


_KEY = RegexValidator(r"\A[A-Za-z][A-Za-z0-9_]*\Z", _("Letters, digits and underscores only, a letter first."))


def _not_blank(field: str, name: str) -> models.CheckConstraint:
    return models.CheckConstraint(
        condition=models.lookups.GreaterThan(Length(Trim(field)), 0),
        name=name,
        violation_error_message=_("This field must not be blank."),
    )


def word_list(value: Any) -> None:
    """Raises ValidationError unless the JSON value is a list of non-blank strings."""
    if not isinstance(value, list) or not all(isinstance(item, str) and item.strip() for item in value):
        raise ValidationError(_("A list of words is needed."))


class Option(models.Model):
    """A location, a work type or a category that a person can pick."""

    key = models.CharField(_("key"), max_length=40, unique=True, validators=[_KEY])
    label = models.CharField(_("label"), max_length=20, unique=True)
    description = models.CharField(_("description"), max_length=100, blank=True)
    emoji = models.CharField(_("emoji"), max_length=16, blank=True, validators=[emoji_only])
    aliases = models.JSONField(
        _("aliases"),
        default=list,
        blank=True,
        validators=[word_list],
        help_text=_("Other names that clients and people use for it, separated by commas."),
    )
    order = models.PositiveSmallIntegerField(_("order"), default=0)
    active = models.BooleanField(_("active"), default=True)

    others: "Collection[Option] | None" = None
    """The other rows of its kind, for an import that checks many rows. None: ``clean`` reads the database."""

    class Meta:
        abstract = True
        ordering = ["order", "key"]

    def __str__(self) -> str:
        return self.label

    def names(self) -> dict[str, str]:
        """All names of this row, as a mapping from the ``lookup_name`` of each to its written form."""
        aliases = [alias for alias in self.aliases if isinstance(alias, str)] if isinstance(self.aliases, list) else []
        return {lookup_name(name): name for name in [*aliases, self.label, self.key]}

    def clean_fields(self, exclude: Collection[str] | None = None) -> None:
        self.label = nfc(self.label)
        if isinstance(self.aliases, list):
            self.aliases = [nfc(alias) if isinstance(alias, str) else alias for alias in self.aliases]
        super().clean_fields(exclude=exclude)

    def clean(self) -> None:
        """Refuses a name that another row of the same kind has."""
        super().clean()
        mine = self.names()
        for other in type(self)._default_manager.exclude(pk=self.pk) if self.others is None else self.others:
            shared = mine.keys() & other.names().keys()
            if shared:
                raise ValidationError(
                    _("“%(name)s” already belongs to %(other)s."),
                    params={"name": mine[min(shared)], "other": other.label},
                )


class Location(Option):
    """Where a person lives."""

    class Meta(Option.Meta):
        verbose_name = _("location")
        verbose_name_plural = _("locations")
        constraints = [
            _not_blank("key", "location_key_not_blank"),
            _not_blank("label", "location_label_not_blank"),
        ]


class WorkType(Option):
    """How a person works."""

    class Meta(Option.Meta):
        verbose_name = _("work type")
        verbose_name_plural = _("work types")
        constraints = [
            _not_blank("key", "work_type_key_not_blank"),
            _not_blank("label", "work_type_label_not_blank"),
        ]


class Category(Option):
    """What interests a person."""

    keywords = models.JSONField(
        _("keywords"),
        default=list,
        blank=True,
        validators=[word_list],
        help_text=_("Words that people use when they mean this category, separated by commas."),
    )

    class Meta(Option.Meta):
        verbose_name = _("category")
        verbose_name_plural = _("categories")
        constraints = [
            _not_blank("key", "category_key_not_blank"),
            _not_blank("label", "category_label_not_blank"),
        ]


class ChallengeQuerySet(QuerySet["Challenge"]):
    def suiting(self, *, location: str, work_type: str, category: str) -> Self:
        """Active challenges of the category (its key) that suit the location and the work type (their keys)."""
        return self.filter(active=True, category__key=category).filter(
            Exists(Challenge.locations.through.objects.filter(challenge=OuterRef("pk"), location__key=location)),
            Exists(Challenge.work_types.through.objects.filter(challenge=OuterRef("pk"), worktype__key=work_type)),
        )


class Challenge(models.Model):
    """One small, eco-friendly action that a person can do."""

    title = models.CharField(
        _("title"),
        max_length=TITLE_LENGTH,
        unique=True,
        help_text=_("At most 10 characters; a summary of the description."),
    )
    description = models.CharField(
        _("description"), max_length=DESCRIPTION_LENGTH, help_text=_("One sentence that says what to do.")
    )
    category = models.ForeignKey(
        Category, on_delete=models.PROTECT, related_name="challenges", verbose_name=_("category")
    )
    locations = models.ManyToManyField(Location, related_name="challenges", verbose_name=_("locations"))
    work_types = models.ManyToManyField(WorkType, related_name="challenges", verbose_name=_("work types"))
    active = models.BooleanField(_("active"), default=True)
    updated_at = models.DateTimeField(_("updated"), auto_now=True)

    objects = ChallengeQuerySet.as_manager()

    class Meta:
        verbose_name = _("challenge")
        verbose_name_plural = _("challenges")
        ordering = ["category__order", "title"]
        indexes = [models.Index(fields=["category", "active"], name="challenge_category_active")]
        constraints = [
            _not_blank("title", "challenge_title_not_blank"),
            models.CheckConstraint(
                condition=models.lookups.LessThanOrEqual(Length("title"), TITLE_LENGTH),
                name="challenge_title_length",
                violation_error_message=_("A title has at most 10 characters."),
            ),
            _not_blank("description", "challenge_description_not_blank"),
        ]

    def __str__(self) -> str:
        return self.title

    def clean_fields(self, exclude: Collection[str] | None = None) -> None:
        self.title = nfc(self.title)
        self.description = nfc(self.description)
        super().clean_fields(exclude=exclude)

    def clean(self) -> None:
        super().clean()
        if self.description and not is_one_sentence(self.description):
            raise ValidationError({"description": _("Write exactly one sentence, ended by a full stop.")})


class SeedRecord(models.Model):
    """A row that the seed has loaded. Loading the seed again does not change rows that an admin edited or deleted."""

    kind = models.CharField(max_length=20)
    key = models.CharField(max_length=80)
    object_id = models.BigIntegerField()
    digest = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "key"], name="seed_record_once")]

    def __str__(self) -> str:
        return f"{self.kind}:{self.key}"

    @classmethod
    def keys(cls, kind: str) -> set[str]:
        """The keys of all rows of a kind that the seed has ever loaded."""
        return set(cls.objects.filter(kind=kind).values_list("key", flat=True))


class Revision(models.Model):
    """A token that the database changes whenever a watched table changes (see ``challenges.revisions``)."""

    name = models.CharField(max_length=40, primary_key=True)
    token = models.CharField(max_length=64)

    def __str__(self) -> str:
        return f"{self.name}={self.token}"


class ImportUpload(models.Model):
    """A file whose import somebody has yet to confirm: kept where every process of the server finds it.

    ``seen`` is the state of the tables under which its preview was made.
    """

    KEPT_HOURS = 1
    KEPT_COUNT = 20

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=60)
    content = models.BinaryField()
    seen = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        default_permissions = ()
        verbose_name = _("file to import")
        verbose_name_plural = _("files to import")

    def __str__(self) -> str:
        return str(self.id)

    @classmethod
    def keep(cls, *, kind: str, content: bytes, seen: str) -> Self:
        """Keeps the file, and removes what nobody has confirmed for an hour, or what is too many."""
        old = cls.objects.filter(created_at__lt=timezone.now() - timedelta(hours=cls.KEPT_HOURS))
        newest = list(cls.objects.order_by("-created_at").values_list("pk", flat=True)[: cls.KEPT_COUNT - 1])
        with transaction.atomic():
            old.delete()
            cls.objects.exclude(pk__in=newest).delete()
            return cls.objects.create(kind=kind, content=content, seen=seen)
