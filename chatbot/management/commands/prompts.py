"""``manage.py prompts``: exports prompts to files, and imports files as drafts."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from chatbot.models import PromptTemplate
from chatbot.prompts.content import PromptContent
from chatbot.prompts.contracts import TEMPLATES
from chatbot.prompts.drafts import DraftConflict, DraftTooLong
from chatbot.prompts.files import UnpublishedChanges, UnreadablePrompt, export_template, import_draft, read_prompt
from chatbot.prompts.problems import Problem, describe

WARNINGS = 10
"""The maximum number of problems of a file that are listed."""


class Command(BaseCommand):
    help = "Write live prompts to files, or make files the drafts of their prompts."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        out = actions.add_parser("export", help="write prompts with their live version as TOML")
        out.add_argument("keys", nargs="*", metavar="KEY", help="of a template; all that are live when none is named")
        out.add_argument("--directory", type=Path, metavar="DIR", help="write KEY.toml there; else to standard output")
        into = actions.add_parser("import", help="make files drafts; what is live stays live")
        into.add_argument("files", nargs="+", type=Path, metavar="FILE")
        into.add_argument("--by", metavar="USERNAME", help="whose change it is")
        into.add_argument("--replace", action="store_true", help="also in place of changes that were never published")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["action"] == "export":
            self._export(_live_templates(options["keys"]), options["directory"])
        else:
            self._import(options["files"], by=_user(options["by"]), replace=options["replace"])

    def _export(self, templates: list[PromptTemplate], directory: Path | None) -> None:
        if directory is None:
            if len(templates) > 1:
                keys = ", ".join(template.key for template in templates)
                raise CommandError(f"Name one of {keys}, or give a directory with --directory.")
            self.stdout.write(export_template(templates[0]), ending="")
            return
        try:
            directory.mkdir(parents=True, exist_ok=True)
            for template in templates:
                path = directory / f"{template.key}.toml"
                path.write_text(export_template(template), "utf-8", newline="\n")
                self.stdout.write(_printable(f"{path}: {template.live_version}."))
        except OSError as error:
            raise CommandError(f"{error.filename or directory}: {error.strerror}.") from None

    def _import(self, paths: list[Path], *, by: User | None, replace: bool) -> None:
        contents = _read_all(paths)
        for key, (path, content) in contents.items():
            for warning in _warnings(key, content):
                self.stderr.write(self.style.WARNING(_printable(f"{path}: {warning}.")))
        results = []
        with transaction.atomic():
            for template in PromptTemplate.objects.filter(key__in=contents).select_related("live_version__template"):
                path, content = contents[template.key]
                try:
                    draft = import_draft(template=template, content=content, by=by, replace=replace)
                except (UnpublishedChanges, DraftTooLong, DraftConflict) as error:
                    raise CommandError(f"{path}: {_refusal(error)} Nothing was imported.") from None
                done = f"the draft, at revision {draft.revision}" if draft else "nothing to change"
                results.append(f"{template.key}: {done}.")
        self.stdout.write("\n".join(results))


def _live_templates(keys: list[str]) -> list[PromptTemplate]:
    """The templates with these keys, or all that have a live version. Raises CommandError for one without."""
    templates = PromptTemplate.objects.select_related("live_version__template").order_by("key")
    if not keys:
        live = list(templates.exclude(live_version=None))
        if not live:
            raise CommandError("No prompt is live: run setup, or publish one in the admin.")
        return live
    found = {template.key: template for template in templates.filter(key__in=keys)}
    for key in keys:
        if key not in found:
            raise CommandError(_unknown(key))
        if found[key].live_version is None:
            raise CommandError(f"The prompt {key} has no live version.")
    return list(found.values())


def _read_all(paths: Iterable[Path]) -> dict[str, tuple[Path, PromptContent]]:
    """The contents of the files by template key. If a file has no key, its name is the key."""
    contents: dict[str, tuple[Path, PromptContent]] = {}
    known = set(PromptTemplate.objects.values_list("key", flat=True))
    for path in paths:
        try:
            file = read_prompt(path.read_bytes())
        except OSError as error:
            raise CommandError(f"{path}: {error.strerror}.") from None
        except UnreadablePrompt as error:
            raise CommandError(_printable(f"{path}: {error}")) from None
        key = file.key or path.stem
        if key not in known:
            raise CommandError(_printable(f"{path}: {_unknown(key)}"))
        if key in contents:
            raise CommandError(f"{contents[key][0]} and {path} are both for {key}.")
        contents[key] = (path, file.content)
    return contents


def _unknown(key: str) -> str:
    known = ", ".join(PromptTemplate.objects.order_by("key").values_list("key", flat=True)) or "none"
    return f'There is no prompt "{key}" (there is: {known}).'


def _user(name: str | None) -> User | None:
    if name is None:
        return None
    user = User.objects.filter(username=name).first()
    if user is None:
        raise CommandError(f'There is no user "{name}".')
    return user


def _refusal(error: UnpublishedChanges | DraftTooLong | DraftConflict) -> str:
    match error:
        case UnpublishedChanges(draft=draft):
            by = f" by {draft.edited_by}" if draft.edited_by else ""
            return f"{draft.template.key} has changes{by} that were never published; --replace gives them up."
        case DraftTooLong(length=length, limit=limit):
            return f"Its texts have {length} characters, {limit} at most."
        case DraftConflict():
            return "Somebody changed the draft at this very moment: look at it, then try again."


def _warnings(key: str, content: PromptContent) -> Iterator[str]:
    """The problems for which the gate would refuse the draft, as text: the first WARNINGS, and the number of others."""
    contract = TEMPLATES.get(key)
    if contract is None:
        yield f"nothing uses the prompt {key}"
        return
    problems = list(content.problems(contract))
    for problem in problems[:WARNINGS]:
        yield f"{_place(problem, content)}{describe(problem)}"
    if len(problems) > WARNINGS:
        yield f"and {len(problems) - WARNINGS} more"


def _place(problem: Problem, content: PromptContent) -> str:
    """The line and column of the problem; "" if it has none."""
    if problem.end == 0:
        return ""
    before = getattr(content, problem.field)[: problem.start]
    column = problem.start - (before.rfind("\n") + 1) + 1
    return f"{problem.field.removesuffix('_text')}, line {before.count(chr(10)) + 1}, column {column}: "


def _printable(text: str) -> str:
    """The text with escaped control characters: a file from others must not control the terminal."""
    return "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in text)
