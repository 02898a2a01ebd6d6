"""Prompts as files: an export can be read without loss, and becomes a draft without loss."""

import contextlib
from dataclasses import asdict, replace
from typing import Any

import pytest
from django.contrib.auth.models import User
from hypothesis import example, given
from hypothesis import strategies as st

from chatbot.models import PromptDraft, PromptTemplate, PromptVersion, ReleaseKind
from chatbot.prompts.content import PromptContent, clean_text
from chatbot.prompts.drafts import DraftTooLong, draft_of, save_draft
from chatbot.prompts.files import (
    NothingLive,
    PromptFile,
    UnpublishedChanges,
    UnreadablePrompt,
    export_template,
    import_draft,
    read_prompt,
)
from chatbot.prompts.releases import create_version, release
from chatbot.prompts.seeding import SEED

CONTENT = PromptContent("짧게.\n", "{{location}} {{workType}} {{category}} {{output_format}}", "openai:a", 0.5, 512)

EXPORTED = '''\
# The prompt base-info@3. `manage.py prompts import` makes this file the draft of base-info.
# version, content_hash and variables are for your information. Where model, temperature or max_tokens is absent, the
# configured one is used. The line end before the closing quotes is not part of a text.

key = "base-info"
version = 3
note = "더 짧게: \\"한 문장\\""
content_hash = "{hash}"
model = "openai:a"
temperature = 0.5
max_tokens = 512

system = """
짧게.

"""

user = """
{{{{location}}}} {{{{workType}}}} {{{{category}}}} {{{{output_format}}}}
"""

variables = [
    {{ name = "location", required = true }},
    {{ name = "workType", required = true }},
    {{ name = "category", required = true }},
    {{ name = "output_format", required = true }},
]
'''

AWKWARD = st.sampled_from(
    [
        *('"', '"""', "'''", "\\", "\\u0041", "\\\n", "#", "=", "[", "]", "key = 1", "{{category}}", "{", "}}"),
        *("\n", "\r\n", "\r", "\t", " ", "\0", "\x1b", "\x7f", "\x85", "\u2028", "\ufeff", "\ud800"),
        *("🌱", "👩\u200d🌾", "한", "\u1112\u1161\u11ab"),
    ]
)
TEXTS = st.one_of(st.text(), st.lists(AWKWARD, max_size=12).map("".join))
CONTENTS = st.builds(
    PromptContent,
    system_text=TEXTS,
    user_text=TEXTS,
    model=st.one_of(st.just(""), st.lists(AWKWARD, max_size=5).map("".join)),
    temperature=st.none() | st.floats(0, 2),
    max_tokens=st.none() | st.integers(0, 2**31 - 1),
)


def live(
    content: PromptContent, *, note: str = "고침", key: str = "base-info", content_hash: str = ""
) -> PromptTemplate:
    """A template with this content live, of which no database knows."""
    template = PromptTemplate(key=key)
    template.live_version = PromptVersion(
        template=template, number=3, note=note, content_hash=content_hash, **asdict(content)
    )
    return template


def cleaned(content: PromptContent) -> PromptContent:
    """The content in the form in which a draft stores it."""
    return replace(
        content,
        system_text=clean_text(content.system_text),
        user_text=clean_text(content.user_text),
        model=clean_text(content.model),
    )


def test_a_file_is_good_to_read() -> None:
    written = export_template(live(CONTENT, note='더 짧게: "한 문장"', content_hash=CONTENT.hash))
    assert written == EXPORTED.format(hash=CONTENT.hash)
    assert read_prompt(written.encode()) == PromptFile("base-info", '더 짧게: "한 문장"', CONTENT)


def test_settings_that_are_not_chosen_are_not_written() -> None:
    plain = PromptContent("", "한 줄")
    written = export_template(live(plain, note="n", key="no-contract", content_hash="5e"))
    assert written.partition("\n\n")[2] == (
        'key = "no-contract"\nversion = 3\nnote = "n"\ncontent_hash = "5e"\n'
        '\nsystem = ""\n\nuser = """\n한 줄\n"""\n\nvariables = []\n'
    )
    assert read_prompt(written.encode()).content == plain


@given(content=CONTENTS, note=TEXTS)
@example(content=PromptContent("\n", "\n\n"), note="\n")
@example(content=PromptContent('"""\n\\', "a\r\nb\rc\n"), note='""')
def test_what_is_written_is_read_and_written_the_same(content: PromptContent, note: str) -> None:
    data = export_template(live(content, note=note)).encode()
    read = read_prompt(data)
    assert read == PromptFile("base-info", clean_text(note), cleaned(content))
    assert export_template(live(read.content, note=read.note)).encode() == data
    assert read_prompt(data.replace(b"\n", b"\r\n")) == read  # a checkout on Windows


def test_the_seed_is_such_a_file() -> None:
    seed = read_prompt((SEED / "base-info.toml").read_bytes())
    assert (seed.key, seed.note) == ("", "첫 버전")
    assert seed.content.system_text.startswith("당신은 ")
    assert seed.content.system_text.endswith("\n{{output_format}}")
    assert seed.content.user_text.endswith("추천해 주세요.")


def test_a_file_by_hand_needs_no_line_end_and_may_begin_with_a_mark() -> None:
    by_hand = b"\xef\xbb\xbfsystem = \"a\"\nuser = '''b'''\ntemperature = 1\n"
    assert read_prompt(by_hand) == PromptFile("", "", PromptContent("a", "b", temperature=1.0))
    assert type(read_prompt(by_hand).content.temperature) is float


TEXT = 'system = "a"\nuser = "b"\n'
MANY = "9" * 5000


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (f"{TEXT}model = ", "It is not TOML: Invalid value (at end of document)."),
        (
            f"{TEXT}\nmodel openai",
            "It is not TOML: Expected '=' after a key in a key/value pair (at line 4, column 7).",
        ),
        (f"{TEXT}user = ''\n", "It is not TOML: Cannot overwrite a value (at line 3, column 10)."),
        (TEXT.encode() + b'note = "\xff"', "It is not UTF-8 (at line 3)."),
        (f"{TEXT}max_tokens = {MANY}", "It is not TOML that can be read: something in it is too long or too deep."),
        (
            f"{TEXT}variables = {'[' * 100_000}",
            "It is not TOML that can be read: something in it is too long or too deep.",
        ),
        ('user = "b"', 'The field "system" is missing.'),
        ('system = "b"', 'The field "user" is missing.'),
        ("", 'The field "system" is missing.'),
        (f"{TEXT}temprature = 1", 'A prompt has no field "temprature".'),
        ('system = 5\nuser = "b"', '"system" must be a text.'),
        ('user = "b"\n[system]\na = 1', '"system" must be a text.'),
        (f"{TEXT}key = 2026-01-01", '"key" must be a text.'),
        (f"{TEXT}note = ['a']", '"note" must be a text.'),
        (f"{TEXT}model = true", '"model" must be a text.'),
        (f"{TEXT}model = '{'m' * 101}'", '"model" has 101 characters, 100 at most.'),
        (f"{TEXT}version = '3'", '"version" must be a whole number.'),
        (f"{TEXT}temperature = '0.5'", '"temperature" must be a number.'),
        (f"{TEXT}temperature = true", '"temperature" must be a number.'),
        (f"{TEXT}temperature = nan", '"temperature" must be a number that a model could be given.'),
        (f"{TEXT}temperature = -inf", '"temperature" must be a number that a model could be given.'),
        (f"{TEXT}temperature = {'9' * 400}", '"temperature" must be a number that a model could be given.'),
        (f"{TEXT}max_tokens = 5.0", '"max_tokens" must be a whole number.'),
        (f"{TEXT}max_tokens = -1", '"max_tokens" must be from 0 to 2147483647.'),
        (f"{TEXT}max_tokens = 2147483648", '"max_tokens" must be from 0 to 2147483647.'),
        (f"{TEXT}variables = 'location'", '"variables" must be a list.'),
    ],
)
def test_a_file_that_is_not_a_prompt_is_refused_with_a_reason(data: str | bytes, message: str) -> None:
    with pytest.raises(UnreadablePrompt) as caught:
        read_prompt(data.encode() if isinstance(data, str) else data)
    assert str(caught.value) == message


@given(data=st.one_of(st.binary(), TEXTS.map(lambda text: clean_text(text).encode())))
def test_anything_else_is_refused_or_read(data: bytes) -> None:
    with contextlib.suppress(UnreadablePrompt):
        assert read_prompt(data).content == cleaned(read_prompt(data).content)


# --- into drafts ---------------------------------------------------------------------------------------------------


@pytest.fixture
def template(db: None) -> PromptTemplate:
    return PromptTemplate.objects.select_related("live_version__template").get(key="base-info")


def kept(template: PromptTemplate) -> list[Any]:
    """The draft's revision, author and content; nothing where there is none."""
    rows = PromptDraft.objects.filter(template=template)
    return [(row.revision, row.edited_by, PromptContent.of(row)) for row in rows]


def live_content(template: PromptTemplate) -> PromptContent:
    assert template.live_version is not None
    return PromptContent.of(template.live_version)


def test_a_template_without_a_live_version_cannot_be_written() -> None:
    with pytest.raises(NothingLive):
        export_template(PromptTemplate(key="empty"))


def test_it_begins_the_draft_and_leaves_what_is_live(template: PromptTemplate) -> None:
    by = User.objects.create_user("alice")
    draft = import_draft(template=template, content=CONTENT, by=by)
    assert draft is not None
    assert kept(template) == [(1, by, CONTENT)]
    assert draft.based_on == template.live_version
    assert template.versions.count() == 1
    assert import_draft(template=template, content=CONTENT, by=None) is None
    assert kept(template) == [(1, by, CONTENT)]


def test_what_is_live_needs_no_draft(template: PromptTemplate) -> None:
    assert import_draft(template=template, content=live_content(template), by=None) is None
    assert kept(template) == []


def test_a_draft_equal_to_the_live_version_has_no_changes(template: PromptTemplate) -> None:
    save_draft(template=template, revision=0, content=live_content(template), by=None)
    import_draft(template=template, content=CONTENT, by=None)
    assert kept(template) == [(2, None, CONTENT)]


def test_unpublished_changes_are_replaced_only_with_replace(template: PromptTemplate) -> None:
    by = User.objects.create_user("alice")
    mine = PromptContent("내 것", "아직")
    save_draft(template=template, revision=0, content=mine, by=by)
    for content in (CONTENT, live_content(template)):
        with pytest.raises(UnpublishedChanges) as caught:
            import_draft(template=template, content=content, by=None)
        assert caught.value.draft.edited_by == by
        assert kept(template) == [(1, by, mine)]
    import_draft(template=template, content=live_content(template), by=None, replace=True)
    assert kept(template) == [(2, None, live_content(template))]


def test_what_is_too_long_for_a_draft_is_refused(template: PromptTemplate) -> None:
    with pytest.raises(DraftTooLong):
        import_draft(template=template, content=PromptContent("가" * 100_001, ""), by=None)
    assert kept(template) == []


@pytest.mark.parametrize(
    "text", ['"""\\"', "탭\t끝 \n", "a\rb\r\nc", "\u1112\u1161\u11ab 🌱", "\x1b[31m\x7f", "\0\ud800", "\n"]
)
def test_export_import_export_is_the_same_through_the_database(template: PromptTemplate, text: str) -> None:
    written = export_template(live(PromptContent(text, text, text, 0.1, 64)))
    import_draft(template=template, content=read_prompt(written.encode()).content, by=None)
    assert export_template(live(PromptContent.of(draft_of(template)))) == written


def test_a_published_import_is_written_as_the_file_it_was(template: PromptTemplate) -> None:
    content = replace(live_content(template), user_text=live_content(template).user_text + "\n\n짧게 '''\\ \"\"\".\n")
    release(create_version(template=template, content=content, note="둘"), kind=ReleaseKind.AUTOMATIC, why="둘")
    template.refresh_from_db()
    file = export_template(template)
    release(template.versions.get(number=1), kind=ReleaseKind.ROLLBACK, why="하나")
    template.refresh_from_db()
    import_draft(template=template, content=read_prompt(file.encode()).content, by=None)
    assert PromptContent.of(draft_of(template)).hash == template.versions.get(number=2).content_hash
    release(template.versions.get(number=2), kind=ReleaseKind.ROLLBACK, why="둘")
    template.refresh_from_db()
    assert export_template(template) == file
