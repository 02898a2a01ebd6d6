"""The examination runs all checks in order. A check that fails does not stop the next one."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from asgiref.sync import async_to_sync
from django.conf import settings
from django.core.checks import CheckMessage
from django.core.exceptions import ImproperlyConfigured
from django.db import Error

from chatbot.diagnostics import database, deployment, provider, sockets, stream
from chatbot.diagnostics.deployment import Target
from chatbot.diagnostics.findings import found
from chatbot.diagnostics.visit import NoResponse, Visit, visit


@dataclass(frozen=True)
class Examination:
    """The target, and values that several checks need and that are determined once. ``timeout`` is in seconds."""

    target: Target
    origin: str | None = None
    timeout: float = 30.0
    offline: bool = False

    @cached_property
    def database_problem(self) -> CheckMessage | None:
        return database.unusable(timeout=self.timeout)

    @cached_property
    def visit(self) -> Visit | NoResponse | None:
        """The result of visiting the server; None when offline."""
        if self.offline:
            return None
        try:
            ask_database = self.database_problem is None
            return async_to_sync(visit)(
                self.target, origin=self.origin, timeout=self.timeout, ask_database=ask_database
            )
        except NoResponse as failure:
            return failure

    def hosts(self) -> Iterable[CheckMessage]:
        answered = isinstance(self.visit, Visit) and self.visit.options.status == 200
        return deployment.check_hosts(self.target, answered=answered)

    def cors(self) -> Iterable[CheckMessage]:
        met = self.visit if self.origin and isinstance(self.visit, Visit) else None
        responses = {"preflight": met.preflight, "stream": met.stream} if met else {}
        received = {name: (each.status, each.headers) for name, each in responses.items() if each}
        return deployment.check_cors(self.origin, self.target, received)

    def database(self) -> Iterable[CheckMessage]:
        return [self.database_problem] if self.database_problem else database.check_database()

    def stream(self) -> Iterable[CheckMessage]:
        met = self.visit
        return stream.check_stream(met, self.target) if isinstance(met, Visit) else [met.finding] if met else []


@dataclass(frozen=True, slots=True)
class Check:
    name: str
    run: Callable[[Examination], Iterable[CheckMessage]]
    needs_server: bool = False
    needs_database: bool = False


CHECKS = (
    Check("listening", lambda each: [sockets.check_listening(each.target, own_port=settings.LEAFRESH_PORT)], True),
    Check("hosts", Examination.hosts),
    Check("cors", Examination.cors),
    Check("database", Examination.database),
    Check("redis", lambda _: [database.check_redis()]),
    Check("catalogue", lambda _: [database.check_catalog()], needs_database=True),
    Check("prompts", lambda _: database.check_prompts(), needs_database=True),
    Check("provider", lambda each: provider.check_providers(timeout=each.timeout), needs_database=True),
    Check("stream", Examination.stream, needs_server=True),
)


def examine(examination: Examination, checks: Iterable[Check] = CHECKS) -> Iterator[tuple[str, list[CheckMessage]]]:
    """Runs the checks one by one. Yields the name of each with its findings."""
    for check in checks:
        if not (check.needs_server and examination.offline):
            yield check.name, _run(check, examination)


def _run(check: Check, examination: Examination) -> list[CheckMessage]:
    if check.needs_database and examination.database_problem:
        return [found("doctor.no_database")]
    try:
        return list(check.run(examination))
    except (Error, ImproperlyConfigured) as error:
        return [found("doctor.database_lacks", reason=str(error).strip().partition("\n")[0])]
    except Exception as error:  # the next check must run
        return [found("doctor.check_failed", kind=type(error).__name__, reason=error)]
