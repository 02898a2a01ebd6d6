"""Sessions and their turns."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from chatbot.models.generations import Generation


class ChatSession(models.Model):
    """One conversation, named by the client's ``sessionId``."""

    key = models.CharField(_("session id"), max_length=128, primary_key=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("session")
        verbose_name_plural = _("sessions")
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["-created_at"], name="session_created")]

    def __str__(self) -> str:
        return self.key


class Turn(models.Model):
    """What a person asked, with the generation that answered. Options are kept by key, as they were."""

    session = models.ForeignKey(ChatSession, on_delete=models.CASCADE, related_name="turns", verbose_name=_("session"))
    generation = models.ForeignKey(
        Generation, on_delete=models.CASCADE, related_name="turns", verbose_name=_("generation")
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("turn")
        verbose_name_plural = _("turns")
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["session", "generation"], name="turn_once")]

    def __str__(self) -> str:
        return f"{self.session_id} #{self.pk}"
