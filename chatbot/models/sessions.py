"""Sessions, their turns, and their feedback on answers."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from chatbot.models.generations import Generation


class Intent(models.TextChoices):
    """What the person wants with a message."""

    ASK = "ask", _("asks for challenges")
    CHANGE = "change", _("wants another category, by its name")
    BACK = "back", _("wants back to the first category")
    OTHER = "other", _("wants something else")
    ANY = "any", _("wants any other category")
    REFINE = "refine", _("wants what was given, but different")
    EXPLAIN = "explain", _("wants to know more about one challenge")
    QUESTION = "question", _("asks for a fact")
    GREETING = "greeting", _("greets")
    THANKS = "thanks", _("thanks, or agrees")
    OFF_TOPIC = "off_topic", _("is not our business")
    RULES = "rules", _("wants to change the bot's rules")
    ABUSE = "abuse", _("abuse")
    DANGER = "danger", _("somebody is in danger")


class ChatSession(models.Model):
    """One conversation and its state. The key is the ``sessionId`` of the API.

    Options are keys; "" means unknown. ``base_category`` was picked first; ``category`` is the present one. ``owner``
    is a hash of the owner key (``chatbot.sessions.ownership``). It is "" for sessions that are older than this column.
    ``bound``: the owner has sent its cookie or token at least once. ``server_made``: the server made the id, so it
    cannot be guessed.

    Turns up to number ``forgotten_through`` are forgotten: they are hidden, and being erased. Turns up to
    ``expired_through`` had expired when the client used the session again, at ``expired_at``. If that time is in the
    future, the clock was wrong, and these turns still count. ``chatbot.sessions.memory.lasting`` reads these columns.
    """

    SELECTED = ("location", "work_type", "base_category", "category")
    """The columns that hold keys of options."""

    key = models.CharField(_("session id"), max_length=128, primary_key=True)
    location = models.CharField(_("location"), max_length=40, blank=True)
    work_type = models.CharField(_("work type"), max_length=40, blank=True)
    base_category = models.CharField(_("first category"), max_length=40, blank=True)
    category = models.CharField(_("category"), max_length=40, blank=True)
    owner = models.CharField(_("owner"), max_length=32, blank=True, default="", db_default="", editable=False)
    bound = models.BooleanField(_("belongs to its client"), default=False, db_default=False, editable=False)
    server_made = models.BooleanField(_("id made by the server"), default=False, db_default=False, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    active_at = models.DateTimeField(_("last active"), default=timezone.now)
    forgotten_through = models.BigIntegerField(default=0, editable=False)
    expired_through = models.BigIntegerField(default=0, editable=False)
    expired_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = _("session")
        verbose_name_plural = _("sessions")
        ordering = ["-created_at"]
        indexes = [
            models.Index(fields=["-created_at"], name="session_created"),
            models.Index(fields=["active_at"], name="session_active"),
            models.Index(fields=["key"], name="session_forgotten", condition=models.Q(forgotten_through__gt=0)),
            models.Index(fields=["key"], name="session_expired", condition=models.Q(expired_through__gt=0)),
        ]

    def __str__(self) -> str:
        return self.key


class Turn(models.Model):
    """One request of a session, and the generation that answered it.

    A turn in free text has a ``message``, its recognised ``intent``, and the ``reasons`` for that, ``[{"code", …}]``.
    ``found`` are the search results, ``[{"kind", "id", "title", "link", "score"}]``, the best first. ``moved_from`` is
    the category before the turn, if the turn changed it. ``by_owner``: the client began the session or proved to be its
    owner. A bound session shows only such turns.
    """

    session = models.ForeignKey(
        ChatSession,
        on_delete=models.CASCADE,
        related_name="turns",
        verbose_name=_("session"),
        db_index=False,  # else PostgreSQL would use this index instead of "turn_of_session", which also has the order
    )
    generation = models.ForeignKey(
        Generation, on_delete=models.CASCADE, related_name="turns", verbose_name=_("generation")
    )
    message = models.CharField(_("message"), max_length=500, blank=True)
    intent = models.CharField(_("intent"), max_length=12, choices=Intent, blank=True)
    reasons = models.JSONField(_("reasons"), default=list, blank=True)
    moved_from = models.CharField(_("category before"), max_length=40, blank=True)
    found = models.JSONField(_("sources"), default=list, blank=True)
    by_owner = models.BooleanField(default=True, db_default=True, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("turn")
        verbose_name_plural = _("turns")
        ordering = ["pk"]
        indexes = [models.Index(fields=["session", "id"], name="turn_of_session")]
        constraints = [models.UniqueConstraint(fields=["session", "generation"], name="turn_once")]

    def __str__(self) -> str:
        return f"{self.session_id} #{self.pk}"


class GivenTitle(models.Model):
    """A title that a session was given, with the last turn that gave it and its position in that answer.

    The rows could be computed from the turns, but reading the answers of a long session takes longer.
    """

    session = models.ForeignKey(ChatSession, on_delete=models.CASCADE, related_name="given", db_index=False)
    title = models.CharField(max_length=100)
    turn = models.BigIntegerField()
    place = models.PositiveSmallIntegerField()

    class Meta:
        indexes = [models.Index(fields=["session", "-turn", "-place"], name="given_lately")]
        constraints = [models.UniqueConstraint(fields=["session", "title"], name="given_once")]

    def __str__(self) -> str:
        return self.title


class Thumb(models.TextChoices):
    UP = "up", _("thumbs up")
    DOWN = "down", _("thumbs down")


class Feedback(models.Model):
    """The rating of one generation by one session: a thumb, with an optional reason. The session may change both."""

    session = models.ForeignKey(
        ChatSession, on_delete=models.CASCADE, related_name="feedback", verbose_name=_("session")
    )
    generation = models.ForeignKey(
        Generation, on_delete=models.CASCADE, related_name="feedback", verbose_name=_("generation")
    )
    thumb = models.CharField(_("thumb"), max_length=4, choices=Thumb)
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    given_at = models.DateTimeField(_("given"), auto_now=True)

    class Meta:
        verbose_name = _("feedback")
        verbose_name_plural = _("feedback")
        ordering = ["-given_at"]
        indexes = [models.Index(fields=["-given_at", "-id"], name="feedback_given")]
        constraints = [models.UniqueConstraint(fields=["session", "generation"], name="feedback_once")]

    def __str__(self) -> str:
        return f"{Thumb(self.thumb).label} {self.generation_id}"
