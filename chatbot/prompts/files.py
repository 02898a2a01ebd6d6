"""Prompts as TOML files, which people can read, review and keep in git. Exporting and importing loses nothing."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import tomli_w

from chatbot.models import PromptDraft, PromptTemplate, PromptText
from chatbot.prompts.content import PromptContent, clean_text
from chatbot.prompts.contracts import TEMPLATES
from chatbot.prompts.drafts import draft_of, save_draft

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

_HEADER = """\
# The prompt {version}. `manage.py prompts import` makes this file the draft of {key}.
# version, content_hash and variables are for your information. Where model, temperature or max_tokens is absent, the
# configured one is used. The line end before the closing quotes is not part of a text.
"""

_KINDS: Mapping[str, tuple[tuple[type, ...], str]] = {
    **dict.fromkeys(("key", "note", "content_hash", "model", "system", "user"), ((str,), "a text")),
    **dict.fromkeys(("version", "max_tokens"), ((int,), "a whole number")),
    "temperature": ((int, float), "a number"),
    "variables": ((list,), "a list"),
}
"""The types of each field in a file, and the name of the types in error messages."""

_LARGEST = 2**31 - 1
"""The largest number that every database can store. The contract checks the bounds of a model's settings."""


class UnreadablePrompt(ValueError):
    """The file is not a prompt. The message is one sentence with the problem, and its place if known."""


class UnpublishedChanges(Exception):
    """``draft`` has changes that are neither live nor in the file. They would be lost."""

    def __init__(self, draft: PromptDraft) -> None:
        super().__init__(f"{draft} has unpublished changes")
        self.draft = draft


class NothingLive(LookupError):
    """The template has no live version to export."""


@dataclass(frozen=True, slots=True)
class PromptFile:
    """The contents of a file. ``key`` and ``note`` are empty if the file does not have them."""

    key: str
    note: str
    content: PromptContent


def export_template(template: PromptTemplate) -> str:
    """The template's live version as a file. The same version always gives the same text. Raises NothingLive."""
    version = template.live_version
    if version is None:
        raise NothingLive(template.key)
    contract = TEMPLATES.get(template.key)
    head = {
        "key": template.key,
        "version": version.number,
        "note": clean_text(version.note),
        "content_hash": version.content_hash,
        **_settings(version),
    }
    texts = [{"system": _written(version.system_text)}, {"user": _written(version.user_text)}]
    variables = [{"name": known.name, "required": known.required} for known in (contract.variables if contract else ())]
    tables: list[dict[str, Any]] = [head, *texts, {"variables": variables}]
    header = _HEADER.format(version=f"{template.key}@{version.number}", key=template.key)
    return header + "\n" + "\n".join(tomli_w.dumps(table, multiline_strings=True) for table in tables)


def read_prompt(data: bytes) -> PromptFile:
    """Parses a file: an export, a file written by hand, or a seed. Raises UnreadablePrompt.

    The texts are cleaned as for a draft.
    """
    fields = _parsed(data)
    for name, value in fields.items():
        if name not in _KINDS:
            raise UnreadablePrompt(f'A prompt has no field "{name}".')
        types, called = _KINDS[name]
        if type(value) not in types:  # the exact type: true is not a number
            raise UnreadablePrompt(f'"{name}" must be {called}.')
    for name in ("system", "user"):
        if name not in fields:
            raise UnreadablePrompt(f'The field "{name}" is missing.')
    content = PromptContent(
        system_text=_read(fields["system"]),
        user_text=_read(fields["user"]),
        model=_model(fields.get("model", "")),
        temperature=_temperature(fields.get("temperature")),
        max_tokens=_max_tokens(fields.get("max_tokens")),
    )
    return PromptFile(key=fields.get("key", ""), note=clean_text(fields.get("note", "")), content=content)


def import_draft(
    *, template: PromptTemplate, content: PromptContent, by: "AbstractBaseUser | None", replace: bool = False
) -> PromptDraft | None:
    """Makes ``content`` the template's draft. Returns None when nothing changes.

    With ``replace``, it also replaces changes that were never published. Raises UnpublishedChanges, DraftTooLong,
    DraftConflict.
    """
    draft = draft_of(template)
    present, live = PromptContent.of(draft), template.live_version
    if present == content:
        return None
    if draft.revision and not replace and (live is None or present != PromptContent.of(live)):
        raise UnpublishedChanges(draft)
    return save_draft(template=template, revision=draft.revision, content=content, by=by)


def _settings(text: PromptText) -> dict[str, Any]:
    """The settings of the model that differ from the configured ones."""
    chosen = {"model": clean_text(text.model), "temperature": text.temperature, "max_tokens": text.max_tokens}
    return {name: value for name, value in chosen.items() if value not in {"", None}}


def _written(text: str) -> str:
    """``text`` with another line end, so that the closing quotes are on a separate line."""
    return text and clean_text(text) + "\n"


def _read(text: str) -> str:
    return clean_text(text).removesuffix("\n")


def _parsed(data: bytes) -> dict[str, Any]:
    try:
        return tomllib.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UnreadablePrompt(f"It is not UTF-8 (at line {line}).") from None
    except tomllib.TOMLDecodeError as error:
        raise UnreadablePrompt(f"It is not TOML: {error}.") from None
    except (ValueError, RecursionError):  # numbers of thousands of digits, brackets in brackets
        raise UnreadablePrompt("It is not TOML that can be read: something in it is too long or too deep.") from None


def _model(name: str) -> str:
    longest = PromptText._meta.get_field("model").max_length
    if longest is not None and len(name) > longest:
        raise UnreadablePrompt(f'"model" has {len(name)} characters, {longest} at most.')
    return clean_text(name)


def _temperature(value: float | None) -> float | None:
    if value is None:
        return None
    if not -_LARGEST <= value <= _LARGEST:  # also refuses NaN
        raise UnreadablePrompt('"temperature" must be a number that a model could be given.')
    return float(value)


def _max_tokens(value: int | None) -> int | None:
    if value is not None and not 0 <= value <= _LARGEST:
        raise UnreadablePrompt(f'"max_tokens" must be from 0 to {_LARGEST}.')
    return value
