from django.apps import AppConfig
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _

_CORPUS = (
    "challenges.Challenge",
    "challenges.Challenge_locations",
    "challenges.Challenge_work_types",
    "chatbot.KnowledgeDocument",
)
"""The tables of the search index. Names and aliases belong to another revision: a table has only one."""


class ChatbotConfig(AppConfig):
    name = "chatbot"
    verbose_name = _("Chatbot")

    def ready(self) -> None:
        # Here: Django loads apps before models.
        from challenges import revisions
        from chatbot.db import immutability
        from chatbot.diagnostics import database  # noqa: F401  registers its system checks, and those it imports
        from chatbot.server import data_files

        revisions.watch("prompts", "chatbot.PromptTemplate")
        revisions.watch("words", "chatbot.ListedWord")
        revisions.watch("corpus", *_CORPUS)
        post_migrate.connect(immutability.install_guards, sender=self, dispatch_uid="chatbot.db.immutability")
        connection_created.connect(data_files.keep_database_private, dispatch_uid="chatbot.server.data_files")
