"""A live version has passed its check, or its release is marked; and it can be rolled back."""

from dataclasses import replace
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError
from pytest_django import Settings

from challenges import revisions
from chatbot.models import (
    CheckStatus,
    PromptDraft,
    PromptRelease,
    PromptSample,
    PromptTemplate,
    PromptVersion,
    ReleaseKind,
)
from chatbot.prompts.content import PromptContent, live_prompts
from chatbot.prompts.drafts import DraftConflict, draft_of, save_draft
from chatbot.prompts.problems import Problem
from chatbot.prompts.releases import InvalidPrompt, NotReleased, publish, roll_back
from tests.prompts import (
    CONTENT,
    base_info,
    checked,
    content,
    make_live,
    make_version,
    person,
    release_facts,
    superuser,
)

pytestmark = pytest.mark.django_db

PROVIDERS = ["catalog"]


@pytest.fixture
def template() -> PromptTemplate:
    return base_info()


@pytest.fixture
def publisher() -> User:
    return person("publisher", "publish_prompt")


def drafted(content: PromptContent = CONTENT) -> PromptDraft:
    """Sets the draft to this content."""
    template = base_info()
    return save_draft(template=template, revision=draft_of(template).revision, content=content, by=None)


def published(by: User, draft: PromptDraft, **changes: Any) -> PromptRelease:
    asked: dict[str, Any] = {"revision": draft.revision, "note": "더 다정하게", "providers": PROVIDERS, **changes}
    return publish(template=draft.template, by=by, **asked)


def refused(by: User, draft: PromptDraft, **changes: Any) -> str:
    """The code of the refusal. Checks that no row has changed."""
    before = base_info().live_version, PromptVersion.objects.count(), PromptRelease.objects.count()
    with pytest.raises(NotReleased) as caught:
        published(by, draft, **changes)
    assert (base_info().live_version, PromptVersion.objects.count(), PromptRelease.objects.count()) == before
    return caught.value.code


def test_a_draft_that_passed_goes_live(template: PromptTemplate, publisher: User) -> None:
    draft, check, first = drafted(), checked(template, CONTENT, PROVIDERS), template.live_version
    made = published(publisher, draft, note="  더 다정하게 ")
    version = PromptVersion.objects.get(number=2)
    assert PromptContent.of(version) == CONTENT
    assert (version.template, version.content_hash, version.note, version.author) == (
        *(template, CONTENT.hash),
        *("더 다정하게", publisher),
    )
    assert release_facts(made) == {
        "template": template,
        "version": version,
        "previous": first,
        "kind": ReleaseKind.PUBLISH,
        "by": publisher,
        "why": "더 다정하게",
        "check_run": check,
        "overridden": False,
    }
    assert str(made) == "base-info@2 publish"
    assert base_info().live_version == version


def test_the_next_generation_is_written_with_it(template: PromptTemplate, publisher: User) -> None:
    assert live_prompts.get()["base-info"].name == "base-info@1"
    draft = drafted()
    checked(template, CONTENT, PROVIDERS)
    published(publisher, draft)
    prompt = live_prompts.get(revisions.read())["base-info"]
    assert (prompt.name, prompt.content) == ("base-info@2", CONTENT)


def test_the_draft_stays_and_is_based_on_what_it_became(template: PromptTemplate, publisher: User) -> None:
    draft = drafted()
    checked(template, CONTENT, PROVIDERS)
    version = published(publisher, draft).version
    kept = draft_of(base_info())
    assert (PromptContent.of(kept), kept.revision, kept.based_on) == (CONTENT, draft.revision, version)


def test_who_wrote_the_draft_stays_with_the_version(template: PromptTemplate, publisher: User) -> None:
    for name, text in (("mina", "하나 {{category}}"), ("jun", "둘 {{category}}"), ("mina", CONTENT.user_text)):
        writer = User.objects.filter(username=name).first() or person(name)
        content = replace(CONTENT, user_text=text)
        save_draft(template=template, revision=draft_of(template).revision, content=content, by=writer)
    checked(template, CONTENT, PROVIDERS)
    version = published(publisher, draft_of(template)).version
    assert (version.author, version.written_by) == (publisher, "mina, jun")
    assert draft_of(base_info()).authors == ""


@pytest.mark.parametrize("rights", [(), ("change_promptdraft", "view_promptversion")])
def test_a_right_is_needed(template: PromptTemplate, rights: tuple[str, ...]) -> None:
    checked(template, CONTENT, PROVIDERS)
    editor = person("editor", *rights)
    assert refused(editor, drafted()) == "forbidden"
    assert refused(editor, drafted(), override="그래도") == "forbidden"


def test_an_account_that_was_deactivated_publishes_nothing(template: PromptTemplate) -> None:
    checked(template, CONTENT, PROVIDERS)
    root = superuser()
    root.is_active = False
    assert refused(root, drafted()) == "forbidden"


@pytest.mark.parametrize("note", ["", " \n"])
def test_a_note_is_needed(template: PromptTemplate, publisher: User, note: str) -> None:
    checked(template, CONTENT, PROVIDERS)
    assert refused(publisher, drafted(), note=note) == "no_note"


def test_a_passed_check_of_this_very_thing_is_needed(template: PromptTemplate, publisher: User) -> None:
    draft = drafted()
    assert refused(publisher, draft) == "unchecked"
    checked(template, content(system_text="다르게"), PROVIDERS)
    checked(template, CONTENT, ["openai:other", "catalog"])
    assert refused(publisher, draft) == "unchecked"
    checked(template, CONTENT, PROVIDERS)
    checked(template, CONTENT, PROVIDERS, status=CheckStatus.FAILED)
    assert refused(publisher, draft) == "unchecked"


def test_an_edit_after_the_check_closes_the_gate_and_taking_it_back_opens_it(
    template: PromptTemplate, publisher: User
) -> None:
    check = checked(template, CONTENT, PROVIDERS)
    drafted()
    assert refused(publisher, drafted(content(system_text=CONTENT.system_text + " "))) == "unchecked"
    assert published(publisher, drafted()).check_run == check


def test_a_sample_changed_after_the_check_closes_the_gate(template: PromptTemplate, publisher: User) -> None:
    checked(template, CONTENT, PROVIDERS)
    PromptSample.objects.filter(template=template).update(contains=["없는 말"])
    assert refused(publisher, drafted()) == "unchecked"


def test_a_superuser_may_go_past_the_gate_with_a_reason_that_stays(template: PromptTemplate) -> None:
    root, first = superuser(), template.live_version
    made = published(root, drafted(), override=" 모델이 멈춰서 ")
    assert release_facts(made) == {
        "template": template,
        "version": PromptVersion.objects.get(number=2),
        "previous": first,
        "kind": ReleaseKind.PUBLISH,
        "by": root,
        "why": "모델이 멈춰서",
        "check_run": None,
        "overridden": True,
    }
    assert made.version.note == "더 다정하게"


def test_going_past_the_gate_takes_a_superuser_and_a_reason(template: PromptTemplate, publisher: User) -> None:
    root = superuser()
    assert refused(publisher, drafted(), override="급해서") == "unchecked"
    assert refused(root, drafted()) == "unchecked"
    assert refused(root, drafted(), override=" \n") == "no_override_reason"


def test_a_reason_that_was_not_needed_leaves_no_mark(template: PromptTemplate) -> None:
    check = checked(template, CONTENT, PROVIDERS)
    made = published(superuser(), drafted(), override="혹시 몰라서")
    assert (made.check_run, made.overridden, made.why) == (check, False, "더 다정하게")


def test_no_account_can_break_the_contract(template: PromptTemplate, settings: Settings) -> None:
    settings.LEAFRESH_CHAT_MODELS = []
    broken = content(system_text="{{weather}}", model="openai:gone", temperature=3.0)
    checked(template, broken, PROVIDERS)
    with pytest.raises(InvalidPrompt) as caught:
        published(superuser(), drafted(broken), override="그래도")
    assert caught.value.problems == [
        Problem("unknown", "weather", "system_text", 0, 11),
        Problem("model", "openai:gone", "model"),
        Problem("bounds", "0–2", "temperature"),
    ]
    assert str(caught.value) == "unknown weather, model openai:gone, bounds 0–2"
    assert (template.versions.count(), template.releases.count()) == (1, 1)


def test_what_is_live_is_not_published_again(template: PromptTemplate) -> None:
    live = draft_of(template)
    root = superuser()
    assert refused(root, live, override="그래도") == "unchanged"
    drafted()
    assert refused(root, drafted(PromptContent.of(live)), override="그래도") == "unchanged"


def test_what_was_live_once_may_be_published_anew(template: PromptTemplate) -> None:
    first = PromptContent.of(draft_of(template))
    make_live(make_version())
    made = published(superuser(), drafted(first), override="처음이 나아서")
    assert (made.version.number, PromptContent.of(made.version)) == (3, first)


def test_only_the_draft_that_the_editor_saw_is_published(template: PromptTemplate, publisher: User) -> None:
    checked(template, CONTENT, PROVIDERS)
    seen = drafted()
    newer = drafted(content(system_text="다른 사람이 고침"))
    with pytest.raises(DraftConflict) as caught:
        published(publisher, seen)
    assert caught.value.draft.revision == newer.revision == seen.revision + 1
    assert template.versions.count() == 1


def test_releases_form_a_chain(template: PromptTemplate, publisher: User) -> None:
    first = template.live_version
    assert first is not None
    checked(template, CONTENT, PROVIDERS)
    second = published(publisher, drafted()).version
    third = published(superuser(), drafted(content(system_text="셋째")), override="급해서").version
    roll_back(version=first, by=publisher, why="처음이 나아서")
    roll_back(version=third, by=publisher, why="")
    chain = template.releases.order_by("pk").values_list("kind", "version__number", "previous__number")
    assert list(chain) == [
        (ReleaseKind.AUTOMATIC, 1, None),
        (ReleaseKind.PUBLISH, 2, 1),
        (ReleaseKind.PUBLISH, 3, 2),
        (ReleaseKind.ROLLBACK, 1, 3),
        (ReleaseKind.ROLLBACK, 3, 1),
    ]
    assert [first.number, second.number, third.number] == [1, 2, 3]
    assert base_info().live_version == third


def test_a_template_that_no_code_calls_publishes_nothing(publisher: User) -> None:
    other = PromptTemplate.objects.create(key="retired")
    draft = save_draft(template=other, revision=0, content=CONTENT, by=None)
    with pytest.raises(NotReleased, match="unused_template"):
        publish(template=other, revision=draft.revision, note="x", by=publisher, providers=PROVIDERS)


@pytest.mark.parametrize("broken", ["PromptRelease.save", "PromptTemplate.save", "PromptVersion.save"])
def test_a_failure_in_the_middle_leaves_nothing_behind(
    template: PromptTemplate, publisher: User, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    draft = drafted()
    checked(template, CONTENT, PROVIDERS)
    first = draft.based_on

    def fail(*_args: object, **_kwargs: object) -> None:
        raise IntegrityError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(f"chatbot.prompts.releases.{broken}", fail)
        with pytest.raises(IntegrityError, match="the disk is full"):
            published(publisher, draft)
    assert [version.number for version in PromptVersion.objects.filter(template=template)] == [1]
    assert PromptRelease.objects.filter(template=template).count() == 1
    assert (base_info().live_version, draft_of(template).based_on) == (first, first)
    assert live_prompts.get()["base-info"].name == "base-info@1"
    assert published(publisher, draft).version.number == 2
