"""The permissions in a new installation: editors try, publishers publish, operators only read."""

import pytest
from django.contrib.auth.models import Group, Permission, User

from chatbot.roles import ROLES, load_roles

pytestmark = pytest.mark.django_db

EDIT = {
    *("chatbot.view_prompttemplate", "chatbot.view_promptversion", "chatbot.view_promptdraft"),
    *("chatbot.change_promptdraft", "chatbot.view_promptrelease", "chatbot.view_promptcheck"),
    *("chatbot.view_promptsample", "chatbot.add_promptsample", "chatbot.change_promptsample"),
    "chatbot.delete_promptsample",
    *("chatbot.view_knowledgedocument", "chatbot.add_knowledgedocument", "chatbot.change_knowledgedocument"),
    *("chatbot.delete_knowledgedocument", "chatbot.view_listedword"),
    "chatbot.view_feedback",
}
PUBLISH = {"chatbot.publish_prompt", *(f"chatbot.{right}_listedword" for right in ("add", "change", "delete"))}


def rights_of(role: str) -> set[str]:
    user = User.objects.create_user(role)
    user.groups.add(Group.objects.get(name=role))
    return user.get_all_permissions()


def test_an_editor_edits_and_tries_but_does_not_publish() -> None:
    assert rights_of("Prompt editor") == EDIT


def test_a_publisher_publishes_what_editors_edit_and_keeps_the_word_lists() -> None:
    assert rights_of("Prompt publisher") == EDIT | PUBLISH


def test_a_catalogue_editor_keeps_the_catalogue_and_nothing_else() -> None:
    models = ("challenge", "category", "location", "worktype")
    expected = {f"challenges.{right}_{model}" for model in models for right in ("view", "add", "change", "delete")}
    assert rights_of("Catalogue editor") == expected


def test_support_reads_and_erases_conversations_and_sees_no_prompt() -> None:
    models = ("chatsession", "turn", "generation", "feedback")
    expected = {"chatbot.delete_chatsession", *(f"chatbot.view_{model}" for model in models)}
    assert rights_of("Support") == expected


def test_an_operator_reads_everything_and_changes_nothing() -> None:
    rights = rights_of("Operator")
    viewing = Permission.objects.filter(
        codename__startswith="view_", content_type__app_label__in=["chatbot", "challenges", "auth"]
    )
    log = {"admin.view_logentry", "axes.view_accesslog", "axes.view_accessfailurelog"}
    assert rights == {f"{right.content_type.app_label}.{right.codename}" for right in viewing} | log
    assert {"chatbot.view_generation", "chatbot.view_feedback", "challenges.view_challenge", "auth.view_user"} <= rights


def test_every_right_that_a_role_names_exists() -> None:
    """A permission that was renamed would silently be missing from the group."""
    for role, least in {"Prompt editor": 16, "Prompt publisher": 20, "Operator": 18, "Support": 5}.items():
        assert Group.objects.get(name=role).permissions.count() >= least
    assert set(Group.objects.values_list("name", flat=True)) == set(ROLES)


def test_loading_again_leaves_groups_as_they_were_edited() -> None:
    editor = Group.objects.get(name="Prompt editor")
    editor.permissions.set(Permission.objects.filter(codename="view_prompttemplate"))
    Group.objects.get(name="Operator").delete()
    assert load_roles() == ["Operator"]
    assert load_roles() == []
    assert list(editor.permissions.values_list("codename", flat=True)) == ["view_prompttemplate"]
    assert rights_of("Operator")
