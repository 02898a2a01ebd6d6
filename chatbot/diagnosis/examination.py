"""The examination: every check in its order, each on its own, whatever became of the others."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import Error

from chatbot.diagnosis import catalogue, cors, database, hosts, listening, prompts, source, stream
from chatbot.diagnosis.exchange import Unreachable
from chatbot.diagnosis.finding import Finding, fault, warning
from chatbot.diagnosis.redaction import redact
from chatbot.diagnosis.target import Target
from chatbot.diagnosis.unreachable import explain
from chatbot.diagnosis.visit import Visit, visit


@dataclass(frozen=True)
class Examination:
    """What is examined, and what several checks want to know, found out once. ``timeout`` is in seconds."""

    target: Target
    origin: str | None = None
    timeout: float = 30.0
    offline: bool = False

    @cached_property
    def database_problem(self) -> Finding | None:
        return database.problem(timeout=self.timeout)

    @cached_property
    def visit(self) -> Visit | Unreachable:
        try:
            ask_database = self.database_problem is None
            return visit(self.target, origin=self.origin, timeout=self.timeout, ask_database=ask_database)
        except Unreachable as failure:
            return failure


@dataclass(frozen=True, slots=True)
class Check:
    name: str
    run: Callable[[Examination], Iterable[Finding]]
    needs_server: bool = False
    needs_database: bool = False


def _listening(examination: Examination) -> Iterable[Finding]:
    return listening.check(examination.target, own_port=settings.LEAFRESH_PORT)


def _hosts(examination: Examination) -> Iterable[Finding]:
    met = None if examination.offline else examination.visit
    return hosts.check(examination.target, answers=isinstance(met, Visit) and met.options.status == 200)


def _cors(examination: Examination) -> Iterable[Finding]:
    if examination.origin is None:
        return [cors.check_allowed()]
    met = None if examination.offline else examination.visit
    return cors.check(examination.origin, examination.target, met if isinstance(met, Visit) else None)


def _database(examination: Examination) -> Iterable[Finding]:
    problem = examination.database_problem
    return database.check() if problem is None else [problem]


def _stream(examination: Examination) -> Iterable[Finding]:
    met = examination.visit
    return [explain(met, examination.target)] if isinstance(met, Unreachable) else stream.check(met, examination.target)


CHECKS = (
    Check("listening", _listening, needs_server=True),
    Check("hosts", _hosts),
    Check("cors", _cors),
    Check("database", _database),
    Check("catalogue", lambda _: catalogue.check(), needs_database=True),
    Check("prompts", lambda _: prompts.check(), needs_database=True),
    Check("source", lambda examination: source.check(timeout=examination.timeout), needs_database=True),
    Check("stream", _stream, needs_server=True),
)


def examine(examination: Examination, checks: Iterable[Check] = CHECKS) -> Iterator[tuple[Check, list[Finding]]]:
    """Runs the checks one by one; none keeps another from running, and no finding holds a secret."""
    for check in checks:
        if not (check.needs_server and examination.offline):
            yield check, [_printable(finding) for finding in _run(check, examination)]


def _run(check: Check, examination: Examination) -> list[Finding]:
    if check.needs_database and examination.database_problem:
        return [warning("It could not be checked without the database.", "Mend first what “database” says.")]
    try:
        return list(check.run(examination))
    except (Error, ImproperlyConfigured) as error:
        reason = str(error).strip().partition("\n")[0]
        return [
            fault(f"The database does not hold what is needed: {reason}", f"{database.MIGRATE}; else see “database”.")
        ]
    except Exception as error:  # the checks behind this one must run
        return [
            fault(f"The check itself failed: {type(error).__name__}: {error}", "Report this as a bug of the doctor.")
        ]


def _printable(finding: Finding) -> Finding:
    """Without secrets, and without what a server may have said to confuse a terminal."""
    return replace(finding, message=_escaped(redact(finding.message)), remedy=_escaped(redact(finding.remedy)))


def _escaped(text: str) -> str:
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text)
