"""``manage.py doctor``: finds out what prevents a client from reading a stream."""

import json
import sys
from argparse import ArgumentTypeError
from typing import Any

from django.conf import settings
from django.core import checks
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.management.color import no_style

from chatbot.diagnostics.deployment import Target, parse_origin
from chatbot.diagnostics.examination import Examination, examine

LEVELS = {
    checks.INFO: ("✓", "ok", "SUCCESS"),
    checks.WARNING: ("!", "warning", "WARNING"),
    checks.ERROR: ("✗", "fault", "ERROR"),
}
"""The symbol, the name and the Django style of each level."""
INDENT = " " * 13


class Command(BaseCommand):
    help = "Check, one by one, what a client outside needs to read a stream; say how to mend what is wrong."
    requires_system_checks = ()  # its own checks run even if Django's fail

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--url", help="address under which clients reach the server (default: http://127.0.0.1:LEAFRESH_PORT)"
        )
        parser.add_argument("--origin", help="origin of a web page that is to read streams: https://app.example.com")
        parser.add_argument("--timeout", type=_seconds, default=30.0, help="seconds for each part (default: 30)")
        parser.add_argument("--offline", action="store_true", help="leave out what needs a running server")
        parser.add_argument("--json", action="store_true", help="a list of {check, level, message, remedy}")

    def handle(
        self,
        *args: Any,
        url: str | None,
        origin: str | None,
        timeout: float,
        offline: bool,
        json: bool,
        **options: Any,
    ) -> None:
        self._style = self.style if self.stdout.isatty() or options["force_color"] else no_style()
        examination = Examination(
            target=_parsed("--url", Target.parse, url or self._default_url(offline)),
            origin=_parsed("--origin", parse_origin, origin) if origin else None,
            timeout=timeout,
            offline=offline,
        )
        findings = self._print_json(examination) if json else self._print(examination)
        if any(finding.level >= checks.ERROR for finding in findings):
            sys.exit(1)

    def _say(self, text: str) -> None:
        """Writes text. Characters that the terminal's encoding lacks (the symbols in EUC-KR) become question marks."""
        encoding = getattr(self.stdout, "encoding", None) or "utf-8"
        self.stdout.write(text.encode(encoding, "replace").decode(encoding))

    def _default_url(self, offline: bool) -> str:
        if settings.LEAFRESH_PORT == 0 and not offline:
            raise CommandError("With LEAFRESH_PORT=0 the server picks its port: give its address with --url.")
        return f"http://127.0.0.1:{settings.LEAFRESH_PORT}"

    def _print_json(self, examination: Examination) -> list[checks.CheckMessage]:
        found = [(check, finding) for check, findings in examine(examination) for finding in findings]
        rows = [
            {"check": check, "level": LEVELS[finding.level][1], "message": finding.msg, "remedy": finding.hint or ""}
            for check, finding in found
        ]
        self._say(json.dumps(rows, ensure_ascii=False, indent=2))
        return [finding for _, finding in found]

    def _print(self, examination: Examination) -> list[checks.CheckMessage]:
        everything: list[checks.CheckMessage] = []
        self._say(f"Leafresh at {examination.target}" + (", offline" if examination.offline else ""))
        for check, findings in examine(examination):
            self._say(f"\n{check}")
            for finding in findings:
                self._print_finding(finding)
            everything += findings
        self._say(f"\n{_summary(everything)}")
        return everything

    def _print_finding(self, finding: checks.CheckMessage) -> None:
        mark, level, style = LEVELS[finding.level]
        self._say(f"  {getattr(self._style, style)(f'{mark} {level}'.ljust(9))}  {finding.msg}")
        if finding.hint:
            self._say(f"{INDENT}Remedy: {finding.hint}")
        self.stdout.flush()


def _summary(findings: list[checks.CheckMessage]) -> str:
    faults, warnings = (sum(finding.level == level for finding in findings) for level in (checks.ERROR, checks.WARNING))
    if not faults and not warnings:
        return "Nothing stands between a client and the stream, as far as can be seen from here."
    return f"Faults: {faults}. Warnings: {warnings}."


def _parsed(option: str, parse: Any, text: str) -> Any:
    try:
        return parse(text)
    except ValueError as error:
        raise CommandError(f"{option} {text!r} cannot be used. {error}") from None


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= 3600:
        raise ArgumentTypeError(f"must be a number of seconds from above 0 to 3600, not {text!r}")
    return value
