"""What people think of an answer."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from chatbot.models.generations import Generation
from chatbot.models.sessions import ChatSession


class Thumb(models.TextChoices):
    UP = "up", _("thumbs up")
    DOWN = "down", _("thumbs down")


class Feedback(models.Model):
    """One session's thumb for one generation, with a reason if it gave one. It may change its mind."""

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
