from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class ChatbotConfig(AppConfig):
    name = "chatbot"
    verbose_name = _("Chatbot")

    def ready(self) -> None:
        from challenges import revisions
        from chatbot import guards

        revisions.watch("prompts", "chatbot.PromptTemplate")
        post_migrate.connect(guards.install_guards, sender=self, dispatch_uid="chatbot.guards")
