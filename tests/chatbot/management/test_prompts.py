"""`manage.py prompts`: its output for an operator, and that it does all of its work or none."""

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from pytest_django import Settings

from chatbot.models import PromptDraft, PromptTemplate
from chatbot.prompts.content import PromptContent
from chatbot.prompts.drafts import DraftConflict, draft_of, save_draft
from chatbot.prompts.files import export_template
from chatbot.prompts.seeding import SEED

pytestmark = pytest.mark.django_db

GOOD = 'system = "짧게."\nuser = "{{location}} {{workType}} {{category}} {{output_format}}"\n'
CONTENT = PromptContent("짧게.", "{{location}} {{workType}} {{category}} {{output_format}}")


def prompts(*arguments: object) -> tuple[str, str]:
    """What the command writes to standard output and to standard error."""
    out, err = StringIO(), StringIO()
    call_command("prompts", *map(str, arguments), stdout=out, stderr=err, no_color=True)
    return out.getvalue(), err.getvalue()


def refused(*arguments: object) -> str:
    with pytest.raises(CommandError) as caught:
        prompts(*arguments)
    return str(caught.value)


def drafts() -> list[tuple[str, int, Any, PromptContent]]:
    rows = PromptDraft.objects.select_related("template", "edited_by").order_by("template__key")
    return [(row.template.key, row.revision, row.edited_by, PromptContent.of(row)) for row in rows]


def base_info() -> PromptTemplate:
    return PromptTemplate.objects.select_related("live_version__template").get(key="base-info")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A good file for ``base-info``, which it is named after."""
    path = tmp_path / "base-info.toml"
    path.write_text(GOOD, "utf-8")
    return path


@pytest.fixture
def second() -> PromptTemplate:
    """The other template."""
    return PromptTemplate.objects.select_related("live_version__template").get(key="free-text")


# --- out -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("keys", [["base-info"], ["base-info", "base-info"]])
def test_one_prompt_goes_to_standard_output(keys: list[str]) -> None:
    assert prompts("export", *keys) == (export_template(base_info()), "")


def test_all_go_to_a_directory_that_is_made(tmp_path: Path, second: PromptTemplate) -> None:
    PromptTemplate.objects.create(key="never-live")
    directory = tmp_path / "a" / "b"
    files = [directory / "base-info.toml", directory / "free-text.toml"]
    told = f"{files[0]}: base-info@1.\n{files[1]}: free-text@1.\n"
    for _ in range(2):
        assert prompts("export", "--directory", directory) == (told, "")
        assert sorted(directory.iterdir()) == files
        assert files[0].read_bytes() == export_template(base_info()).encode()
        assert files[1].read_bytes() == export_template(second).encode()
    assert prompts("export", "free-text", "--directory", directory) == (f"{files[1]}: free-text@1.\n", "")


def test_an_export_that_fails_is_reported(tmp_path: Path, file: Path, second: PromptTemplate) -> None:
    assert refused("export") == "Name one of base-info, free-text, or give a directory with --directory."
    assert refused("export", "x") == 'There is no prompt "x" (there is: base-info, free-text).'
    assert refused("export", "--directory", file) == f"{file}: File exists."
    second.live_version = None
    second.save()
    assert refused("export", "free-text") == "The prompt free-text has no live version."
    PromptTemplate.objects.update(live_version=None)
    assert refused("export") == "No prompt is live: run setup, or publish one in the admin."


# --- in --------------------------------------------------------------------------------------------------------------


def test_a_file_becomes_the_draft_of_the_prompt_it_is_named_after(file: Path) -> None:
    by = User.objects.create_user("alice")
    live = base_info().live_version
    assert prompts("import", file, "--by", "alice") == ("base-info: the draft, at revision 1.\n", "")
    assert drafts() == [("base-info", 1, by, CONTENT)]
    assert base_info().live_version == live
    assert prompts("import", file) == ("base-info: nothing to change.\n", "")
    assert drafts() == [("base-info", 1, by, CONTENT)]


def test_the_key_in_a_file_counts_more_than_its_name(file: Path, second: PromptTemplate) -> None:
    file.write_text(f'key = "free-text"\n{GOOD}', "utf-8")
    out, err = prompts("import", file)
    assert out == "free-text: the draft, at revision 1.\n"
    assert err.splitlines() == [f"{file}: it lacks {{{{{name}}}}}." for name in ("message", "history", "context")]
    assert drafts() == [("free-text", 1, None, CONTENT)]


def test_an_unused_prompt_is_reported(file: Path) -> None:
    PromptTemplate.objects.create(key="retired")
    file.write_text(f'key = "retired"\n{GOOD}', "utf-8")
    assert prompts("import", file)[1] == f"{file}: nothing uses the prompt retired.\n"


def test_what_was_exported_changes_nothing(tmp_path: Path) -> None:
    prompts("export", "--directory", tmp_path)
    assert prompts("import", tmp_path / "base-info.toml") == ("base-info: nothing to change.\n", "")
    assert prompts("import", SEED / "base-info.toml") == ("base-info: nothing to change.\n", "")
    assert prompts("import", tmp_path / "free-text.toml") == ("free-text: nothing to change.\n", "")
    assert prompts("import", SEED / "free-text.toml") == ("free-text: nothing to change.\n", "")
    assert drafts() == []


def test_unpublished_changes_are_kept_without_replace(file: Path) -> None:
    alice = User.objects.create_user("alice")
    mine = PromptContent("내 것", "아직")
    save_draft(template=base_info(), revision=0, content=mine, by=alice)
    assert refused("import", file) == (
        f"{file}: base-info has changes by alice that were never published; --replace gives them up. "
        "Nothing was imported."
    )
    assert drafts() == [("base-info", 1, alice, mine)]
    assert prompts("import", file, "--replace")[0] == "base-info: the draft, at revision 2.\n"
    assert drafts() == [("base-info", 2, None, CONTENT)]
    assert "has changes that were never published" in refused("import", SEED / "base-info.toml")


def test_a_change_at_the_same_moment_is_not_overwritten(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def late(**_arguments: Any) -> None:
        raise DraftConflict(draft_of(base_info()))

    monkeypatch.setattr("chatbot.prompts.files.save_draft", late)
    assert refused("import", file) == (
        f"{file}: Somebody changed the draft at this very moment: look at it, then try again. Nothing was imported."
    )


def test_all_or_nothing(tmp_path: Path, file: Path, second: PromptTemplate) -> None:
    other = tmp_path / "free-text.toml"
    other.write_text(f'system = """\n{"가" * 100_001}"""\nuser = ""\n', "utf-8")
    told = f"{other}: Its texts have 100001 characters, 100000 at most. Nothing was imported."
    for files in ([file, other], [other, file]):
        assert refused("import", *files) == told
        assert drafts() == []
    other.write_text("system = ", "utf-8")
    assert refused("import", file, other) == f"{other}: It is not TOML: Invalid value (at end of document)."
    assert drafts() == []
    other.write_text(GOOD, "utf-8")
    prompts("import", file, other)
    assert [draft[:2] for draft in drafts()] == [("base-info", 1), ("free-text", 1)]


def test_a_file_that_cannot_be_read_is_reported(tmp_path: Path, file: Path) -> None:
    assert refused("import", tmp_path / "no.toml") == f"{tmp_path / 'no.toml'}: No such file or directory."
    assert refused("import", tmp_path) == f"{tmp_path}: Is a directory."
    assert refused("import", file, "--by", "nobody") == 'There is no user "nobody".'
    copy = tmp_path / "copy.toml"
    copy.write_text(GOOD, "utf-8")
    assert refused("import", copy) == f'{copy}: There is no prompt "copy" (there is: base-info, free-text).'
    copy.write_text(f'key = "base-info"\n{GOOD}', "utf-8")
    assert refused("import", file, copy) == f"{file} and {copy} are both for base-info."
    copy.write_text(f'key = "\\u001b[31m"\n{GOOD}', "utf-8")
    assert refused("import", copy) == f'{copy}: There is no prompt "\\u001b[31m" (there is: base-info, free-text).'
    copy.write_text(f"{GOOD}temperature = 'hot'\n", "utf-8")
    assert refused("import", copy) == f'{copy}: "temperature" must be a number.'
    copy.write_bytes(GOOD.encode("cp949"))
    assert refused("import", copy) == f"{copy}: It is not UTF-8 (at line 1)."
    assert drafts() == []


def test_problems_are_reported_with_their_place_and_the_draft_is_saved(file: Path, settings: Settings) -> None:
    settings.LEAFRESH_CHAT_MODELS = []
    file.write_text(
        'model = "openai:x"\ntemperature = 3\nmax_tokens = 1\n'
        "system = '''\n하나\n둘 {{season}} \u200b\n}}'''\n"
        'user = "{{location}} {{workType}} {{output_format}} {{a\\nb}}"\n',
        "utf-8",
    )
    out, err = prompts("import", file)
    assert out == "base-info: the draft, at revision 1.\n"
    assert err.splitlines() == [
        f"{file}: {warning}."
        for warning in (
            "system, line 3, column 1: its double braces }} have no partner",
            "system, line 2, column 14: it holds the invisible character U+200B",
            "system, line 2, column 3: it uses the unknown variable {{season}}",
            "user, line 1, column 45: it uses the unknown variable {{a\\u000ab}}",
            "it lacks {{category}}",
            "its model openai:x is not among the configured ones (LEAFRESH_CHAT_MODELS)",
            "its temperature is not within 0–2",
            "its max_tokens is not within 64–32768",
        )
    ]
    assert drafts()[0][3].temperature == 3.0


def test_many_warnings_are_counted(file: Path) -> None:
    file.write_text(f"{GOOD}{'# comment' * 10}\n".replace("짧게.", "\u200b" * 50), "utf-8")
    _, err = prompts("import", file)
    assert len(err.splitlines()) == 11
    assert err.splitlines()[-1] == f"{file}: and 40 more."


def test_a_blank_prompt_is_a_draft_too(file: Path) -> None:
    file.write_text('system = ""\nuser = " "\n', "utf-8")
    assert prompts("import", file)[1].splitlines()[0] == f"{file}: its user text is blank."
    assert drafts() == [("base-info", 1, None, PromptContent("", " "))]
