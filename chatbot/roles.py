"""The groups of a new installation, and their permissions."""

from collections.abc import Mapping

from django.contrib.auth.models import Group, Permission
from django.db.models import Q
from django.utils.translation import gettext_noop

_EDIT = Q(
    codename__in=[
        *("view_prompttemplate", "view_promptversion", "view_promptdraft", "change_promptdraft"),
        *("view_promptsample", "add_promptsample", "change_promptsample", "delete_promptsample"),
        *("view_promptrelease", "view_promptcheck"),
        *(f"{right}_knowledgedocument" for right in ("view", "add", "change", "delete")),
        *("view_listedword", "view_feedback"),
    ]
)
# Word lists take effect with the next message, like a published prompt. So only publishers change them.
_PUBLISH = _EDIT | Q(codename__in=["publish_prompt", "add_listedword", "change_listedword", "delete_listedword"])
_CATALOG = Q(
    content_type__app_label="challenges",
    codename__in=[
        f"{right}_{model}"
        for model in ("challenge", "category", "location", "worktype")
        for right in ("view", "add", "change", "delete")
    ],
)
# Nothing but conversations: whoever answers people's questions needs no prompt.
_SUPPORT = Q(codename__in=["view_chatsession", "delete_chatsession", "view_turn", "view_generation", "view_feedback"])
_READ = Q(codename__startswith="view_") & (
    Q(content_type__app_label__in=["chatbot", "challenges", "auth"])
    | Q(codename__in=["view_logentry", "view_accesslog", "view_accessfailurelog"])
)

ROLES: Mapping[str, Q] = {
    gettext_noop("Prompt editor"): _EDIT,
    gettext_noop("Prompt publisher"): _PUBLISH,
    gettext_noop("Catalogue editor"): _CATALOG,
    gettext_noop("Support"): _SUPPORT,
    gettext_noop("Operator"): _READ,
}
"""The permissions of each group. Editors change drafts and documents, and read feedback without its session. Publishers
also publish, roll back and change word lists. Catalogue editors change challenges and options. Support reads
conversations and erases them. Operators read everything."""


def load_roles() -> list[str]:
    """Creates missing groups, and returns their names. Existing groups are not changed."""
    added = []
    for name, rights in ROLES.items():
        group, created = Group.objects.get_or_create(name=name)
        if created:
            group.permissions.set(Permission.objects.filter(rights))
            added.append(name)
    return added
