"""The results of checks with hosted models that follow the prompt, and with others that do not."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from pytest_django import Settings

from challenges.models import Category
from chatbot.evaluation import checks
from chatbot.models import CheckStatus, PromptCheck, PromptSample, SampleRun
from chatbot.prompts.content import PromptContent
from chatbot.prompts.gate import fingerprint, passed_check
from chatbot.runtime import runtime
from tests.prompts import CONTENT, base_info
from tests.provider import ANSWER, TEXT, Provider

pytestmark = pytest.mark.django_db

TAIL = " 하고 오늘도" * 5


def unfinished(model: str, times: int = 1) -> str:
    return "; ".join([f"openai:{model}: the text ended before the answer was complete"] * times)


def repeated(model: str, times: int) -> str:
    return f"openai:{model}: parts of the answer could not be used (repetition {times})"


def too_long(title: str) -> dict[str, Any]:
    return {"code": "title_bounds", "title": title, "length": len(title), "least": 1, "most": 10}


def stood_in(model: str, error: str) -> dict[str, Any]:
    return {"code": "other_source", "asked": f"openai:{model}", "source": "catalog", "error": error}


REASONS: dict[str, list[dict[str, Any]]] = {
    "normal": [],
    "fenced_with_prose": [],
    "thinks_first": [],
    "four_challenges": [],
    "numbered_titles": [too_long("3. 버섯 국물 내기")],
    "long_titles": [too_long(title + TAIL) for title in ("채소 한 끼", "두유 라떼", "버섯 국물 내기")],
    "status_500": [stood_in("status_500", "openai:status_500: HTTP 500")],
    "refusal": [stood_in("refusal", unfinished("refusal"))],
    "single_quotes": [{"code": "repaired", "error": unfinished("single_quotes")}],
    "two_then_the_third": [{"code": "asked_again", "error": unfinished("two_then_the_third")}],
    "two_challenges": [{"code": "filled", "error": f"{unfinished('two_challenges')}; {repeated('two_challenges', 2)}"}],
    "truncated": [{"code": "filled", "error": unfinished("truncated", 2)}],
}
"""The reasons why a check fails with each model (``tests.provider.Behaviours``)."""


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with Provider() as running:
        yield running


@pytest.fixture(autouse=True)
def _one_sample(settings: Settings, provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    """The provider always speaks of one category, so there is no other."""
    monkeypatch.setenv("OPENAI_BASE_URL", provider.url)
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    monkeypatch.setattr(checks, "HEARTBEAT_SECONDS", 0.05)
    settings.LEAFRESH_CHAT_MODELS = [f"openai:{model}" for model in REASONS]
    PromptSample.objects.exclude(category="VEGAN").delete()
    Category.objects.exclude(key="VEGAN").update(active=False)


def checked_with(content: PromptContent) -> tuple[PromptCheck, SampleRun]:
    """The check of a draft, when it is over, and its one sample."""
    template = base_info()

    async def run() -> int:
        check = await checks.start(template, content, None)
        async with asyncio.timeout(60):
            while (await PromptCheck.objects.aget(pk=check.pk)).status == CheckStatus.RUNNING:
                await asyncio.sleep(0.02)
        await runtime().registry.drain()
        return check.pk

    check = PromptCheck.objects.get(pk=async_to_sync(run)())
    return check, check.runs.get()


@pytest.mark.parametrize("model", REASONS)
def test_the_prompt_s_own_model_is_checked(model: str) -> None:
    """The check uses the model of the draft, not the configured one, and judges the text of that model."""
    content = replace(CONTENT, model=f"openai:{model}")
    check, run = checked_with(content)
    assert (run.ended, run.reasons) == (True, REASONS[model])
    assert (check.status, check.sources) == (
        CheckStatus.FAILED if REASONS[model] else CheckStatus.PASSED,
        f"openai:{model} → catalog",
    )
    assert run.answer is not None
    assert len(run.answer["challenges"]) == 3


def test_what_was_written_is_kept_beside_what_would_be_shown() -> None:
    _, run = checked_with(replace(CONTENT, model="openai:long_titles"))
    assert run.answer is not None
    assert "버섯 국물 내기" + TAIL in run.raw_text
    assert TAIL not in str(run.answer)
    assert (run.report["enforcement"], run.report["mends"]) == ("mended", {"title": 3})
    assert (run.report["tokensIn"], run.report["tokensOut"]) == (321, 123)


def test_the_draft_s_settings_are_sent(provider: Provider) -> None:
    _, run = checked_with(replace(CONTENT, model="openai:normal", temperature=0.3, max_tokens=300))
    asked = provider.requests[-1]
    assert (asked["model"], asked["temperature"], asked["max_completion_tokens"]) == ("normal", 0.3, 300)
    assert (asked["messages"][0]["content"], run.raw_text) == (CONTENT.system_text, TEXT)
    assert run.answer is not None
    assert run.answer["recommend"] == ANSWER["recommend"]


def test_a_check_speaks_for_the_model_that_was_configured_then(settings: Settings) -> None:
    settings.LEAFRESH_CHAT_MODEL = "openai:normal"
    check, _ = checked_with(CONTENT)
    template = base_info()
    assert passed_check(template, fingerprint(template, CONTENT, ["openai:normal", "catalog"])) == check
    assert passed_check(template, fingerprint(template, CONTENT, ["catalog"])) is None


def test_without_the_catalogue_a_failure_is_no_answer(settings: Settings) -> None:
    settings.LEAFRESH_CATALOG_LAST = False
    check, run = checked_with(replace(CONTENT, model="openai:status_500"))
    assert (check.status, run.answer) == (CheckStatus.FAILED, None)
    assert run.reasons == [{"code": "no_answer", "outcome": "failed", "error": "openai:status_500: HTTP 500"}]


def test_a_category_that_only_the_clause_names_is_missing() -> None:
    Category.objects.filter(key="VEGAN").update(label="채식")
    _, run = checked_with(replace(CONTENT, model="openai:normal"))
    assert run.reasons == [{"code": "category_missing", "label": "채식"}]
    assert run.answer is not None
    assert "채식" in run.answer["recommend"]
