from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class ChallengesConfig(AppConfig):
    name = "challenges"
    verbose_name = _("Challenges")

    def ready(self) -> None:
        from challenges import revisions  # here: apps are loaded before models

        post_migrate.connect(revisions.install_triggers, dispatch_uid="challenges.revisions")
        revisions.watch("options", "challenges.Category", "challenges.Location", "challenges.WorkType")
