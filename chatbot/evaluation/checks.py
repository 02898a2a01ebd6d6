"""Runs the samples of a template with a draft, in the background, through the same code as real requests.

The database rows are the only state. Any process reads the progress from them, and the process that runs a check reads
whether it should stop.
"""

import asyncio
import logging
import secrets
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

from asgiref.sync import sync_to_async
from django.db import DatabaseError, transaction
from django.utils import timezone

from challenges.catalog import Options, options
from chatbot.db.errors import give_back, may_pass
from chatbot.errors import ApplicationError, ShuttingDown
from chatbot.evaluation import trial
from chatbot.evaluation.judge import Expectation, SampleResult, judge, written_titles
from chatbot.generation.local import LocalGeneration
from chatbot.generation.rows import Result
from chatbot.models import CheckStatus, Outcome, PromptCheck, PromptSample, PromptTemplate, Purpose, SampleRun
from chatbot.prompts.content import Prompt, PromptContent
from chatbot.prompts.contracts import TEMPLATES
from chatbot.prompts.gate import SAMPLE_FIELDS, fingerprint
from chatbot.providers.configured import provider_names
from chatbot.runtime import runtime

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

logger = logging.getLogger(__name__)

AT_ONCE = 4
"""How many samples run at the same time: a check should take seconds without slowing real requests."""

HEARTBEAT_SECONDS = 0.5
"""How often a running check updates its row, and reads whether it should stop."""


async def start(template: PromptTemplate, content: PromptContent, by: "AbstractBaseUser | None") -> PromptCheck:
    """Starts a check of this content, or returns the one that is already running. Raises UnusablePrompt."""
    check, begun = await sync_to_async(_begin)(template, content, by)
    if begun:
        runtime().registry.keep(_Checking(check, template, content).run())
    return check


def stop(check_id: int) -> None:
    """Asks the process that runs the check to stop, which takes less than a second. A finished check is not changed."""
    _conclude(check_id, CheckStatus.STOPPED)


def _conclude(check_id: int, status: CheckStatus) -> bool:
    """Marks a running check as ended. Returns False when it was not running."""
    running = PromptCheck.objects.filter(pk=check_id, status=CheckStatus.RUNNING)
    return bool(running.update(status=status, ended_at=timezone.now()))


@transaction.atomic
def _begin(template: PromptTemplate, content: PromptContent, by: "AbstractBaseUser | None") -> tuple[PromptCheck, bool]:
    trial.require_usable(Prompt.of_draft(template, content))
    PromptTemplate.objects.select_for_update().get(pk=template.pk)  # a simultaneous start waits here, then joins
    bound = asdict(fingerprint(template, content, provider_names(model=content.model)))
    running = PromptCheck.objects.filter(template=template, status=CheckStatus.RUNNING, **bound).first()
    if running is not None and not running.lost:
        return running, False
    if running is not None:
        _conclude(running.pk, CheckStatus.INTERRUPTED)
    check = PromptCheck(template=template, started_by_id=by.pk if by else None, **bound, **asdict(content))
    check.save()
    samples = _samples(template, options.get())
    SampleRun.objects.bulk_create(
        SampleRun(check_run=check, position=position, expected=expected)
        for position, expected in enumerate(samples, start=1)
    )
    return check, True


def _samples(template: PromptTemplate, known: Options) -> list[dict[str, Any]]:
    """The pinned samples, and a default sample for every category without one.

    So deleting the pinned samples does not make a check pass.
    """
    pinned: list[dict[str, Any]] = list(
        PromptSample.objects.filter(template=template).order_by("pk").values(*SAMPLE_FIELDS)
    )
    plain = {"location": next(iter(known.locations), ""), "work_type": next(iter(known.work_types), "")}
    if TEMPLATES[template.key].answers_a_message:
        plain["message"] = trial.PLAIN_MESSAGE
    covered = {sample["category"] for sample in pinned}
    return pinned + [{**plain, "category": key} for key in known.categories if key not in covered]


class _Checking:
    """One check while it runs."""

    def __init__(self, check: PromptCheck, template: PromptTemplate, content: PromptContent) -> None:
        self._check = check
        self._prompt = Prompt.of_draft(template, content)
        self._running: set[LocalGeneration] = set()
        self._stopped = False
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def run(self) -> None:
        """Runs the check to its end. An unexpected error leaves the check interrupted, never passed."""
        heartbeat = asyncio.create_task(self._send_heartbeats())
        status = CheckStatus.INTERRUPTED
        try:
            runs = [run async for run in SampleRun.objects.filter(check_run=self._check)]
            async with asyncio.TaskGroup() as group:  # an error in one sample cancels the others
                for run in runs:
                    group.create_task(self._sample(run))
            if all(run.ended for run in runs):
                passed = bool(runs) and not any(run.reasons for run in runs)
                status = CheckStatus.PASSED if passed else CheckStatus.FAILED
        except Exception:  # no code awaits this task: its error would be lost
            logger.exception("check %s could not be run", self._check)
        finally:
            heartbeat.cancel()
            await sync_to_async(self._end)(status)

    def _end(self, status: CheckStatus) -> None:
        _conclude(self._check.pk, status)
        give_back()  # this runs after the request that started it, so Django does not do it

    async def _send_heartbeats(self) -> None:
        """Updates the row's ``seen_at``. When the row is no longer marked as running, stops the check's generations."""
        mine = PromptCheck.objects.filter(pk=self._check.pk, status=CheckStatus.RUNNING)
        is_wanted = True
        while is_wanted:
            try:
                is_wanted = await mine.aupdate(seen_at=timezone.now()) > 0
            except DatabaseError as error:
                if not may_pass(error):
                    raise
                logger.warning("check %s could not update its row: %s", self._check, type(error).__name__)
            if is_wanted:
                await asyncio.sleep(HEARTBEAT_SECONDS)
        self._stopped = True
        for generation in self._running:
            generation.end(Outcome.STOPPED)

    async def _sample(self, run: SampleRun) -> None:
        async with self._slots:
            if self._stopped:
                return
            try:
                generation = await self._generate(run.expected)
            except ShuttingDown:
                return
            except ApplicationError as error:
                run.reasons = [{"code": "refused", "error": error.message}]
            else:
                result = generation.result
                if self._stopped or result is None or result.outcome in {Outcome.STOPPED, Outcome.INTERRUPTED}:
                    return
                _note(run, generation, result, self._expected_provider)
            run.ended = True
            await run.asave()

    @property
    def _expected_provider(self) -> str:
        return provider_names(model=self._prompt.content.model)[0]

    async def _generate(self, expected: Mapping[str, Any]) -> LocalGeneration:
        """Runs the generation of a sample, and returns it when it has ended."""
        names = {name: str(expected[name]) for name in ("location", "work_type", "category")}
        selection = await sync_to_async(trial.select)(**names)
        seed = secrets.randbits(31)
        generation = await trial.start(
            self._prompt, selection, seed=seed, message=str(expected.get("message", "")), purpose=Purpose.CHECK
        )
        self._running.add(generation)
        try:
            await trial.finish(generation)
        finally:
            self._running.discard(generation)
        return generation


def _expectation(expected: Mapping[str, Any], label: str) -> Expectation:
    known = {field.name for field in fields(Expectation)}
    return Expectation(label=label, **{name: value for name, value in expected.items() if name in known})


def _note(run: SampleRun, generation: LocalGeneration, result: Result, asked: str) -> None:
    label = generation.job.selection.category.label  # a message may have changed the category
    errors = "; ".join(entry["error"] for entry in result.tried if entry["error"])
    sample_result = SampleResult(
        outcome=result.outcome,
        answer=result.answer,
        titles=written_titles(result.raw),
        asked=asked,
        source=result.source,
        enforcement=result.enforcement,
        mends=result.mends,
        error=result.error or errors,
        without_model=trial.asks_no_model(generation.job),
    )
    run.reasons = list(judge(_expectation(run.expected, label), sample_result))
    run.answer = result.answer
    run.raw_text = result.raw
    run.report = report_of(result)


def report_of(result: Result) -> dict[str, Any]:
    """The figures of a generation, as the studio shows them."""
    return {
        "outcome": str(result.outcome),
        "source": result.source,
        "tried": result.tried,
        "enforcement": str(result.enforcement),
        "mends": result.mends,
        "tokensIn": result.tokens_in,
        "tokensOut": result.tokens_out,
        "firstTokenMs": result.first_token_ms,
        "durationMs": result.duration_ms,
    }
