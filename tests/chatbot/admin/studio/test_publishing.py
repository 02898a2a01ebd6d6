"""Publishing the draft from the editor, with a passed check and without one."""

from typing import Any

import pytest
from django.test import Client

from chatbot.models import CheckStatus, PromptRelease, PromptSample, PromptVersion
from chatbot.prompts.content import PromptContent, live_prompts
from chatbot.providers.configured import provider_names
from tests.chatbot.admin.studio.asking import address, post, save
from tests.prompts import CONTENT, base_info, checked, content, make_live, make_version, release_facts

pytestmark = pytest.mark.django_db

UNCHECKED = "This exact text has not passed its check yet: run the check first."


def publish(client: Client, **changes: Any) -> tuple[int, str]:
    response = post(client, "publish", {"revision": 1, "note": "더 짧게", **changes})
    envelope = response.json()
    assert envelope["status"] == response.status_code
    return response.status_code, envelope["message"]


def live() -> str:
    return live_prompts.get()["base-info"].name


def nothing_happened() -> bool:
    made = (PromptVersion.objects.count(), PromptRelease.objects.count())
    return (live(), *made) == ("base-info@1", 2, 2)  # the first of each template


def test_a_checked_draft_goes_live(publisher: Client) -> None:
    assert save(publisher)["gate"]["state"] == "none"
    check = checked(base_info(), CONTENT, provider_names())
    response = post(publisher, "publish", {"revision": 1, "note": " 더 짧게\0 "})
    words = "base-info@2 is live: the next recommendation is written with it."
    assert response.json() == {"status": 200, "message": words, "data": {"page": address("change")}}
    release = PromptRelease.objects.order_by("-pk")[0]
    first, version = base_info().versions.order_by("number")
    assert release_facts(release) == {
        "template": base_info(),
        "version": version,
        "previous": first,
        "kind": "publish",
        "by": version.author,
        "why": "더 짧게\ufffd",
        "check_run": check,
        "overridden": False,
    }
    assert (PromptContent.of(version), version.note, str(version.author)) == (
        *(CONTENT, "더 짧게\ufffd"),
        "prompt-publisher",
    )
    assert live() == "base-info@2"
    assert words in publisher.get(address("change")).content.decode()


def test_what_is_unchecked_does_not(publisher: Client) -> None:
    save(publisher)
    assert publish(publisher) == (422, UNCHECKED)
    for status in (CheckStatus.FAILED, CheckStatus.STOPPED, CheckStatus.RUNNING):
        checked(base_info(), CONTENT, provider_names(), status=status)
        assert publish(publisher) == (422, UNCHECKED)
    assert nothing_happened()


def test_a_check_speaks_for_the_exact_text_and_samples(publisher: Client) -> None:
    save(publisher)
    check = checked(base_info(), CONTENT, provider_names())
    gate = {"state": "open", "text": "This exact text passed its check.", "check": check.pk, "sources": "catalog"}
    assert save(publisher)["gate"] == gate
    assert save(publisher, revision=1, system_text="다르게")["gate"]["state"] == "none"
    assert publish(publisher, revision=2) == (422, UNCHECKED)
    assert publisher.get(address("check", check.pk)).json()["data"]["stale"] == "The text has changed since the check."
    assert save(publisher, revision=2)["gate"] == gate
    PromptSample.objects.update(title_max=9)
    gate = save(publisher)["gate"]
    words = "The samples, the options or the template's contract have changed since the check."
    assert (gate["state"], gate["text"]) == ("stale", words)
    assert publish(publisher, revision=3) == (422, UNCHECKED)
    assert nothing_happened()


@pytest.mark.parametrize(("status", "state"), [(CheckStatus.FAILED, "shut"), (CheckStatus.RUNNING, "running")])
def test_the_gate_tells_how_the_check_stands(publisher: Client, status: CheckStatus, state: str) -> None:
    checked(base_info(), CONTENT, provider_names(), status=status)
    assert save(publisher)["gate"]["state"] == state


def test_what_has_changed_meanwhile_is_not_published(publisher: Client) -> None:
    save(publisher)
    checked(base_info(), CONTENT, provider_names())
    for revision in (0, 2):
        words = "The draft has changed in the meantime. Load the page again."
        assert publish(publisher, revision=revision) == (409, words)
    assert nothing_happened()


@pytest.mark.parametrize("note", ["", " \n"])
def test_a_note_is_needed(publisher: Client, note: str) -> None:
    save(publisher)
    checked(base_info(), CONTENT, provider_names())
    assert publish(publisher, note=note) == (422, "Write what changed, and why.")
    assert nothing_happened()


def test_a_note_that_is_too_long_is_cut(publisher: Client) -> None:
    save(publisher)
    checked(base_info(), CONTENT, provider_names())
    assert publish(publisher, note="가" * 10_000)[0] == 200
    assert PromptVersion.objects.get(number=2).note == "가" * 200


@pytest.mark.parametrize(
    ("changes", "name"),
    [({"note": None}, "note"), ({"note": 1}, "note"), ({"override": []}, "override"), ({"revision": "1"}, "revision")],
)
def test_wrong_types_are_refused(publisher: Client, changes: dict[str, Any], name: str) -> None:
    save(publisher)
    status, words = publish(publisher, **changes)
    assert (status, words.split(" ")[0]) == (422, name)


def test_what_has_problems_is_not_published_even_past_the_gate(root: Client) -> None:
    save(root, system_text="{{mood}}", temperature=3)
    assert publish(root, override="급해요") == (422, "The text has 2 problems: correct them first.")
    assert nothing_happened()


def test_what_is_live_already_is_not_published_again(publisher: Client) -> None:
    make_live(make_version())
    save(publisher)
    assert publish(publisher) == (422, "There is nothing to release: this is live already.")


def test_a_superuser_publishes_past_the_gate_and_that_stays_marked(root: Client) -> None:
    save(root)
    assert publish(root, override=" ") == (422, "Write why it is published without a passed check.")
    assert publish(root) == (422, UNCHECKED)
    assert nothing_happened()
    assert publish(root, override="급해요 <i>")[0] == 200
    release = PromptRelease.objects.order_by("-pk")[0]
    assert (release.overridden, release.check_run, release.why) == (True, None, "급해요 <i>")
    following = make_version(system_text="다음 것")
    for _ in range(30):
        make_live(following)
    page = root.get(address("change")).content.decode()
    assert page.count("published without a passed check") == 1
    assert "급해요 &lt;i&gt;" in page
    version = root.get(f"/admin/chatbot/promptversion/{release.version_id}/change/").content.decode()
    assert "<strong>published without a passed check</strong>" in version


def test_only_a_superuser_publishes_without_a_check(publisher: Client) -> None:
    save(publisher)
    assert publish(publisher, override="급해요") == (422, UNCHECKED)
    assert nothing_happened()
    assert 'id="override"' not in publisher.get(address("editor")).content.decode()


def test_an_unneeded_override_is_not_recorded(root: Client) -> None:
    save(root, temperature=0.5)
    checked(base_info(), content(temperature=0.5), provider_names())
    assert publish(root, override="급해요")[0] == 200
    release = PromptRelease.objects.order_by("-pk")[0]
    assert (release.overridden, release.why) == (False, "더 짧게")
