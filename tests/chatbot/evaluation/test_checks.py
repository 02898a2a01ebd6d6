"""A check runs every sample with the draft in the background, and reports the results."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.utils import timezone
from pytest_django import Settings

from challenges.models import Category, Location
from chatbot.evaluation import checks
from chatbot.evaluation.trial import UnusablePrompt
from chatbot.models import (
    CheckStatus,
    Generation,
    Outcome,
    PromptCheck,
    PromptSample,
    PromptTemplate,
    Purpose,
    SampleRun,
    Turn,
)
from chatbot.prompts.content import PromptContent
from chatbot.prompts.drafts import save_draft
from chatbot.prompts.gate import fingerprint, passed_check
from chatbot.prompts.releases import publish
from chatbot.providers.configured import provider_names
from chatbot.runtime import runtime
from tests.prompts import CONTENT, base_info, checked, content, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def template() -> PromptTemplate:
    return base_info()


@pytest.fixture(autouse=True)
def _quick_signs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "HEARTBEAT_SECONDS", 0.01)


async def until(happens: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not await sync_to_async(happens)():
            await asyncio.sleep(0.01)


def is_over(check: PromptCheck) -> bool:
    return PromptCheck.objects.get(pk=check.pk).status != CheckStatus.RUNNING


def run(
    template: PromptTemplate,
    content: PromptContent = CONTENT,
    *,
    meanwhile: Callable[[PromptCheck], Awaitable[None]] | None = None,
) -> PromptCheck:
    """Runs a check until all its work has ended."""

    async def scenario() -> PromptCheck:
        check = await checks.start(template, content, None)
        if meanwhile is not None:
            await meanwhile(check)
        await until(lambda: is_over(check))
        await runtime().registry.drain()
        return check

    return PromptCheck.objects.get(pk=async_to_sync(scenario)().pk)


def reasons_of(check: PromptCheck) -> dict[str, list[dict[str, Any]]]:
    """The reasons by the sample's category."""
    return {run.expected["category"]: run.reasons for run in check.runs.all()}


def only(category: str, **expected: Any) -> None:
    """The installation has one category, with one sample."""
    PromptSample.objects.exclude(category=category).delete()
    PromptSample.objects.update(**expected)
    Category.objects.exclude(key=category).update(active=False)


def test_a_good_draft_passes(template: PromptTemplate) -> None:
    editor = person("editor")

    async def scenario() -> PromptCheck:
        check = await checks.start(template, CONTENT, editor)
        assert check.status == CheckStatus.RUNNING
        await until(lambda: is_over(check))
        return check

    check = PromptCheck.objects.get(pk=async_to_sync(scenario)().pk)
    assert (check.template, check.status, check.started_by, PromptContent.of(check)) == (
        *(template, CheckStatus.PASSED),
        *(editor, CONTENT),
    )
    assert check.ended_at is not None
    assert not check.lost
    assert passed_check(template, fingerprint(template, CONTENT, provider_names())) == check


def test_its_rows_have_the_result_of_every_sample(template: PromptTemplate) -> None:
    check = run(template)
    runs = list(check.runs.all())
    samples = list(PromptSample.objects.filter(template=template))
    assert [(run.position, run.expected["category"], run.ended, run.reasons) for run in runs] == [
        (position, sample.category, True, []) for position, sample in enumerate(samples, start=1)
    ]
    for run_, sample in zip(runs, samples, strict=True):
        assert (run_.expected["location"], run_.expected["work_type"]) == (sample.location, sample.work_type)
        assert run_.answer is not None
        assert [item["category"] for item in run_.answer["challenges"]] == [sample.category] * 3
        assert all(item["title"] in run_.raw_text for item in run_.answer["challenges"])
        timed = {"firstTokenMs": run_.report["firstTokenMs"], "durationMs": run_.report["durationMs"]}
        assert run_.report == {
            "outcome": "completed",
            "source": "catalog",
            "tried": [{"source": "catalog", "error": ""}],
            "enforcement": "as_it_came",
            "mends": {},
            "tokensIn": None,
            "tokensOut": None,
            **timed,
        }
        assert all(isinstance(value, int) for value in timed.values())


def test_generations_of_a_check_belong_to_no_session(template: PromptTemplate) -> None:
    run(template)
    rows = Generation.objects.all()
    assert [(row.purpose, row.prompt_version, row.outcome, row.system_prompt) for row in rows] == [
        (Purpose.CHECK, None, Outcome.COMPLETED, CONTENT.system_text)
    ] * 8
    assert len(set(Generation.objects.values_list("seed", flat=True))) == 8
    assert not Turn.objects.exists()


def test_what_passed_can_be_published(template: PromptTemplate) -> None:
    draft = save_draft(template=template, revision=0, content=CONTENT, by=None)
    check = run(template, PromptContent.of(draft))
    publisher = person("publisher", "publish_prompt")
    made = publish(template=template, revision=1, note="x", by=publisher, providers=provider_names())
    assert (made.check_run, str(made.version)) == (check, "base-info@2")


def test_an_unmet_sample_fails_the_check_with_reasons(template: PromptTemplate) -> None:
    PromptSample.objects.filter(category="VEGAN").update(contains=["없는 말", "비건"], length_max=1)
    check = run(template)
    assert check.status == CheckStatus.FAILED
    vegan = check.runs.get(expected__category="VEGAN")
    assert vegan.answer is not None
    assert vegan.reasons == [
        {"code": "lacks", "words": "없는 말"},
        {"code": "too_long", "length": len(vegan.answer["recommend"]), "bound": 1},
    ]
    assert [reasons for category, reasons in reasons_of(check).items() if category != "VEGAN"] == [[]] * 7
    assert all(run.ended for run in check.runs.all())
    assert passed_check(template, fingerprint(template, CONTENT, provider_names())) is None


def test_a_category_without_a_sample_gets_a_plain_one(template: PromptTemplate) -> None:
    PromptSample.objects.exclude(category="MEDIA").delete()
    Category.objects.create(key="WATER", label="물 아끼기", order=9)
    check = run(template)
    expected = [run.expected for run in check.runs.all()]
    others = Category.objects.exclude(key="MEDIA").values_list("key", flat=True)
    assert [sample["category"] for sample in expected] == ["MEDIA", *others]
    assert expected[1:] == [{"location": "city", "work_type": "office", "category": key} for key in others]
    assert reasons_of(check)["VEGAN"] == []
    assert len(reasons_of(check)) == 9


def test_a_sample_of_what_can_no_longer_be_picked_is_refused(template: PromptTemplate) -> None:
    PromptSample.objects.filter(category="VEGAN").update(location="beach")
    Location.objects.filter(key="beach").update(active=False)
    check = run(template)
    assert check.status == CheckStatus.FAILED
    assert reasons_of(check)["VEGAN"] == [{"code": "refused", "error": "유효하지 않은 선택 항목이 포함되어 있습니다."}]


def test_with_nothing_to_run_nothing_is_passed(template: PromptTemplate) -> None:
    PromptSample.objects.all().delete()
    Category.objects.update(active=False)
    check = run(template)
    assert (check.status, check.runs.count()) == (CheckStatus.FAILED, 0)


@pytest.mark.parametrize("broken", [content(user_text=""), content(system_text="{{weather}}"), content(max_tokens=1)])
def test_what_breaks_the_contract_is_not_checked(template: PromptTemplate, broken: PromptContent) -> None:
    with pytest.raises(UnusablePrompt):
        run(template, broken)
    assert not PromptCheck.objects.exists()


def test_starting_again_while_it_runs_joins_it(template: PromptTemplate) -> None:
    async def start_again(check: PromptCheck) -> None:
        again = await checks.start(template, content(), None)
        assert again == check
        other = await checks.start(template, content(system_text="다르게"), None)
        assert other != check
        await until(lambda: is_over(other))

    assert run(template, meanwhile=start_again).status == CheckStatus.PASSED
    assert (PromptCheck.objects.count(), Generation.objects.count()) == (2, 16)


def test_starting_again_after_it_ended_is_another_check(template: PromptTemplate) -> None:
    assert run(template) != run(template)


def test_stopping_ends_what_runs_and_starts_nothing_more(template: PromptTemplate, settings: Settings) -> None:
    settings.LEAFRESH_CATALOG_TOKEN_DELAY_MS = 1000

    async def stop(check: PromptCheck) -> None:
        await until(lambda: Generation.objects.count() == checks.AT_ONCE)
        await sync_to_async(checks.stop)(check.pk)
        await until(lambda: not Generation.objects.filter(outcome=Outcome.RUNNING).exists())

    check = run(template, meanwhile=stop)
    assert check.status == CheckStatus.STOPPED
    assert check.ended_at is not None
    assert list(Generation.objects.values_list("outcome", flat=True)) == [Outcome.STOPPED] * checks.AT_ONCE
    assert not check.runs.filter(ended=True).exists()


def test_stopping_what_is_over_changes_nothing(template: PromptTemplate) -> None:
    check = run(template)
    checks.stop(check.pk)
    kept = PromptCheck.objects.get(pk=check.pk)
    assert (kept.status, kept.ended_at) == (CheckStatus.PASSED, check.ended_at)


def test_when_the_server_stops_it_is_interrupted_not_failed(template: PromptTemplate, settings: Settings) -> None:
    settings.LEAFRESH_CATALOG_TOKEN_DELAY_MS = 1000

    async def shut_down(check: PromptCheck) -> None:
        await until(lambda: Generation.objects.count() == checks.AT_ONCE)
        await runtime().registry.drain()

    check = run(template, meanwhile=shut_down)
    assert check.status == CheckStatus.INTERRUPTED
    assert list(check.runs.values_list("ended", "reasons")) == [(False, [])] * 8
    assert set(Generation.objects.values_list("outcome", flat=True)) == {Outcome.INTERRUPTED}


def test_a_check_whose_process_died_is_replaced(template: PromptTemplate) -> None:
    dead = checked(template, CONTENT, provider_names(), status=CheckStatus.RUNNING)
    assert not dead.lost
    PromptCheck.objects.update(seen_at=timezone.now() - timedelta(minutes=1))
    dead.refresh_from_db()
    assert dead.lost
    check = run(template)
    dead.refresh_from_db()
    assert (check.status, dead.status, dead.lost) == (CheckStatus.PASSED, CheckStatus.INTERRUPTED, False)
    assert dead.ended_at is not None


def test_a_check_that_another_process_runs_is_joined(template: PromptTemplate) -> None:
    elsewhere = checked(template, CONTENT, provider_names(), status=CheckStatus.RUNNING)
    assert async_to_sync(checks.start)(template, CONTENT, None) == elsewhere
    assert not Generation.objects.exists()


def test_it_gives_signs_of_life(template: PromptTemplate, settings: Settings) -> None:
    settings.LEAFRESH_CATALOG_TOKEN_DELAY_MS = 1
    long_ago = timezone.now() - timedelta(minutes=1)

    async def look_dead(check: PromptCheck) -> None:
        await sync_to_async(PromptCheck.objects.update)(seen_at=long_ago)
        await until(lambda: not PromptCheck.objects.get().lost)

    assert run(template, meanwhile=look_dead).seen_at > long_ago


def test_a_failure_of_its_own_passes_nothing(
    template: PromptTemplate, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_args: object) -> None:
        raise RuntimeError("a mistake")

    monkeypatch.setattr(checks, "judge", fail)
    check = run(template)
    assert check.status == CheckStatus.INTERRUPTED
    assert f"check base-info #{check.pk} could not be run" in caplog.text
    assert not SampleRun.objects.filter(ended=True).exists()
    assert Generation.objects.count() <= checks.AT_ONCE
