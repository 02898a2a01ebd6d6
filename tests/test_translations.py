"""The Korean translations: complete, compiled, and what people meet first."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polib
import pytest
from django.conf import settings
from django.core.management import call_command
from django.test import Client

ROOT: Path = settings.BASE_DIR
PROJECT = ROOT / "locale/ko/LC_MESSAGES/django.po"
LIBRARIES = ROOT / "locale/libraries/ko/LC_MESSAGES/django.po"
FILES = [pytest.param(path, id=str(path.relative_to(ROOT))) for path in (PROJECT, LIBRARIES)]

_NAMED = re.compile(r"%\(\w+\)[-+ #0-9.]*[a-zA-Z]")
_POSITIONAL = re.compile(r"(?<!%)%[-+ #0-9.]*[sdrf]|\{\}")
_BRACED = re.compile(r"\{\w+\}")


def _entries(path: Path) -> list[polib.POEntry]:
    return list(polib.pofile(str(path)))


def _translations(entry: polib.POEntry | polib.MOEntry) -> list[str]:
    return list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]


def _placeholders(text: str) -> Iterator[set[str] | list[str]]:
    """The named ones as a set, for Korean may say one twice; the others in their order."""
    yield set(_NAMED.findall(text))
    yield set(_BRACED.findall(text))
    yield _POSITIONAL.findall(text)


def _content(entries: Any) -> dict[tuple[str | None, str], tuple[str, list[str]]]:
    return {(entry.msgctxt, entry.msgid): (entry.msgid_plural, _translations(entry)) for entry in entries}


@pytest.mark.parametrize("path", FILES)
def test_everything_is_translated(path: Path) -> None:
    entries = _entries(path)
    assert len(entries) > 100
    assert [entry.msgid for entry in entries if not all(text.strip() for text in _translations(entry))] == []
    assert [entry.msgid for entry in entries if entry.fuzzy or entry.obsolete] == []


@pytest.mark.parametrize("path", FILES)
def test_placeholders_are_kept(path: Path) -> None:
    # Korean has one form for any number; it corresponds to the English plural.
    wrong = [
        entry.msgid
        for entry in _entries(path)
        for text in _translations(entry)
        if list(_placeholders(text)) != list(_placeholders(entry.msgid_plural or entry.msgid))
    ]
    assert wrong == []


@pytest.mark.parametrize("path", FILES)
def test_what_is_compiled_is_what_is_written(path: Path) -> None:
    written, compiled = polib.pofile(str(path)), polib.mofile(str(path.with_suffix(".mo")))
    assert _content(compiled) == _content(written)
    for field in ("Language", "Content-Type", "Plural-Forms"):
        assert compiled.metadata[field] == written.metadata[field]


def test_the_two_files_do_not_compete() -> None:
    assert _content(_entries(PROJECT)).keys() & _content(_entries(LIBRARIES)).keys() == set()


def test_nothing_waits_to_be_collected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for program in ("xgettext", "msguniq", "msgmerge", "msgattrib"):
        if shutil.which(program) is None:
            pytest.skip(f"makemessages needs GNU gettext; {program} is not installed")
    for name in ("challenges", "chatbot", "leafresh"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "locale/ko/LC_MESSAGES").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(settings, "LOCALE_PATHS", [tmp_path / "locale"])
    call_command("makemessages", locale=["ko"], verbosity=0)

    collected = _content(_entries(tmp_path / "locale/ko/LC_MESSAGES/django.po")).keys()
    committed = _content(_entries(PROJECT)).keys()
    assert (collected - committed, committed - collected) == (set(), set()), "run “make messages” and translate"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("accepted", "language", "words"),
    [
        (None, "ko", ["로그인", "사용자 이름"]),
        ("ko-KR,ko;q=0.9", "ko", ["로그인"]),
        ("en", "en", ["Log in", "Username"]),
    ],
)
def test_the_admin_speaks_korean_unless_asked_for_english(
    client: Client, accepted: str | None, language: str, words: list[str]
) -> None:
    response = client.get("/admin/login/", headers={"accept-language": accepted} if accepted else {})
    page = response.content.decode()
    assert response.headers["Content-Language"] == language
    assert f'<html lang="{language}"' in page
    for word in words:
        assert word in page
