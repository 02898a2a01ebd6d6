"""No editor loses text: a save replaces only the revision that the editor has seen."""

from dataclasses import replace
from typing import Any

import pytest
from django.contrib.auth.models import User

from chatbot.models import PromptDraft, PromptTemplate
from chatbot.prompts import drafts
from chatbot.prompts.content import PromptContent, clean_text
from chatbot.prompts.contracts import BASE_INFO
from chatbot.prompts.drafts import DraftConflict, DraftTooLong, draft_of, save_draft
from chatbot.prompts.problems import Problem
from tests.prompts import CONTENT, USER_TEXT, base_info, content, make_live, make_version, person

pytestmark = pytest.mark.django_db

MINE, YOURS = content(system_text="내가 쓴 말"), content(system_text="네가 쓴 말")


@pytest.fixture
def template() -> PromptTemplate:
    return base_info()


@pytest.fixture
def me() -> User:
    return person("me", "change_promptdraft")


@pytest.fixture
def you() -> User:
    return person("you", "change_promptdraft")


def kept(template: PromptTemplate) -> tuple[Any, ...]:
    """The draft in the database: content, revision and editor."""
    draft = PromptDraft.objects.get(template=template)
    return PromptContent.of(draft), draft.revision, draft.edited_by


def test_without_a_draft_one_begins_with_what_is_live(template: PromptTemplate) -> None:
    live = make_version(model="", temperature=0.3, max_tokens=300)
    make_live(live)
    draft = draft_of(base_info())
    assert (PromptContent.of(draft), draft.revision, draft.based_on) == (PromptContent.of(live), 0, live)
    assert str(draft) == "base-info@draft"
    assert not PromptDraft.objects.exists()


def test_without_a_live_version_one_begins_with_nothing() -> None:
    draft = draft_of(PromptTemplate.objects.create(key="new"))
    assert (PromptContent.of(draft), draft.revision, draft.based_on) == (PromptContent("", ""), 0, None)


def test_each_save_raises_the_revision_by_one(template: PromptTemplate, me: User, you: User) -> None:
    first = save_draft(template=template, revision=0, content=MINE, by=me)
    assert (first.revision, first.based_on) == (1, template.live_version)
    assert kept(template) == (MINE, 1, me)
    second = save_draft(template=template, revision=1, content=YOURS, by=you)
    assert (second.revision, second.based_on) == (2, template.live_version)
    assert kept(template) == (YOURS, 2, you)
    assert second.edited_at > first.edited_at


def test_what_is_saved_is_what_is_there_afterwards(template: PromptTemplate) -> None:
    everything = PromptContent("", " {{ \n\ttext ", "openai:gone", 1.9, 12)
    save_draft(template=template, revision=0, content=everything, by=None)
    assert kept(template) == (everything, 1, None)
    assert PromptContent.of(draft_of(template)) == everything


def test_the_second_of_two_editors_is_shown_what_the_first_wrote(template: PromptTemplate, me: User, you: User) -> None:
    save_draft(template=template, revision=0, content=CONTENT, by=me)
    save_draft(template=template, revision=1, content=MINE, by=me)
    with pytest.raises(DraftConflict) as caught:
        save_draft(template=template, revision=1, content=YOURS, by=you)
    other = caught.value.draft
    assert (PromptContent.of(other), other.revision, other.edited_by) == (MINE, 2, me)
    assert kept(template) == (MINE, 2, me)


def test_a_revision_that_never_was_replaces_nothing(template: PromptTemplate, me: User) -> None:
    with pytest.raises(DraftConflict):
        save_draft(template=template, revision=3, content=MINE, by=me)
    assert not PromptDraft.objects.exists()


@pytest.mark.parametrize("revision", [0, 1, 2, 7])
def test_saving_the_same_again_changes_nothing(template: PromptTemplate, me: User, you: User, revision: int) -> None:
    save_draft(template=template, revision=0, content=CONTENT, by=me)
    saved = save_draft(template=template, revision=1, content=MINE, by=me)
    again = save_draft(template=template, revision=revision, content=replace(MINE), by=you)
    assert (again.revision, again.edited_by, again.edited_at) == (2, me, saved.edited_at)


def test_opening_and_saving_what_is_live_makes_a_draft_of_it(template: PromptTemplate, me: User) -> None:
    live = PromptContent.of(draft_of(template))
    assert save_draft(template=template, revision=0, content=live, by=me).revision == 1


@pytest.mark.parametrize("revision", [0, 1])
def test_of_two_saves_at_the_same_moment_one_wins(
    template: PromptTemplate, me: User, you: User, monkeypatch: pytest.MonkeyPatch, revision: int
) -> None:
    """Another save happens between reading the draft and writing it."""
    if revision:
        save_draft(template=template, revision=0, content=CONTENT, by=me)
    look = drafts.draft_of

    def look_and_be_overtaken(template: PromptTemplate) -> PromptDraft:
        seen = look(template)
        monkeypatch.setattr(drafts, "draft_of", look)
        save_draft(template=template, revision=revision, content=YOURS, by=you)
        return seen

    monkeypatch.setattr(drafts, "draft_of", look_and_be_overtaken)
    with pytest.raises(DraftConflict) as caught:
        save_draft(template=template, revision=revision, content=MINE, by=me)
    assert (PromptContent.of(caught.value.draft), caught.value.draft.revision) == (YOURS, revision + 1)
    assert kept(template) == (YOURS, revision + 1, you)


def test_a_draft_keeps_its_base_when_another_version_goes_live(template: PromptTemplate, me: User) -> None:
    first = template.live_version
    save_draft(template=template, revision=0, content=MINE, by=me)
    make_live(make_version())
    assert save_draft(template=base_info(), revision=1, content=YOURS, by=me).based_on == first


def test_an_account_that_is_gone_leaves_its_draft(template: PromptTemplate, me: User) -> None:
    save_draft(template=template, revision=0, content=MINE, by=me)
    me.delete()
    assert kept(template) == (MINE, 1, None)


ATTACKS = [
    "{location.__class__}",
    "{{location.__class__}}",
    "{% now %}",
    "{x:>5000000}",
    "{{ {{category}} }}",
    '{"a":{"b":{}}}',
    "\\1 \\g<0>",
    "\u202e거꾸로\u2066",
    "a\0b",
    "a\ud800b",
    "'; DROP TABLE chatbot_promptversion; --",
    "<script>alert(1)</script>",
]


@pytest.mark.parametrize("text", ATTACKS)
def test_a_draft_keeps_whatever_was_typed(template: PromptTemplate, text: str) -> None:
    """An unfinished or hostile text is saved, and its problems are reported."""
    content = PromptContent(clean_text(text), USER_TEXT)
    save_draft(template=template, revision=0, content=content, by=None)
    assert kept(template) == (content, 1, None)
    assert content.system_text == text.replace("\0", "\ufffd").replace("\ud800", "\ufffd")


def test_what_could_not_be_kept_is_pointed_at_in_the_draft() -> None:
    content = PromptContent(clean_text("a\0b"), USER_TEXT)
    assert list(content.problems(BASE_INFO)) == [Problem("invisible", "U+FFFD", "system_text", 1, 2)]


def test_a_megabyte_is_no_draft(template: PromptTemplate) -> None:
    save_draft(template=template, revision=0, content=MINE, by=None)
    with pytest.raises(DraftTooLong) as caught:
        save_draft(template=template, revision=1, content=content(system_text="가" * 1_000_000), by=None)
    assert (caught.value.length, caught.value.limit) == (1_000_000 + len(USER_TEXT), 100_000)
    assert kept(template) == (MINE, 1, None)


def test_one_may_paste_more_than_a_version_holds_and_shorten_it_then(template: PromptTemplate) -> None:
    limit = drafts.DRAFT_LENGTH_FACTOR * BASE_INFO.max_length
    longest = PromptContent("가" * (limit - 1), "나")
    save_draft(template=template, revision=0, content=longest, by=None)
    assert kept(template) == (longest, 1, None)
    assert Problem("too_long", str(limit)) in longest.problems(BASE_INFO)
    with pytest.raises(DraftTooLong):
        save_draft(template=template, revision=1, content=replace(longest, user_text="나다"), by=None)
