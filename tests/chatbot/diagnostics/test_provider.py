"""Checks of the answer of the configured provider, as clients would get it."""

import asyncio
import json
from collections.abc import AsyncGenerator

import pytest
from django.core import checks
from pytest_django import Settings

from challenges.catalog import options
from challenges.models import Category
from chatbot.diagnostics.provider import check_providers, try_provider
from chatbot.models import Generation, PromptTemplate, PromptVersion
from chatbot.prompts.content import Prompt, PromptContent
from chatbot.providers.base import ProviderError, ProviderRequest
from chatbot.providers.negotiation import forget_refusals
from tests.chatbot.diagnostics.recordings import level_and_message, levels
from tests.provider import Provider

pytestmark = pytest.mark.django_db
PROMPT = Prompt("base-info", 1, "base-info@1", PromptContent("{{category}}", "{{location}} {{workType}}"))
ANSWER = {
    "recommend": "제로웨이스트 챌린지를 시작해 봐요.",
    "challenges": [
        {"title": title, "description": "오늘 해 보세요.", "category": "ZERO_WASTE"} for title in ("하나", "둘", "셋")
    ],
}


class Saying:
    """A provider that writes the given text, and then does what ``end`` defines."""

    name = "stub"
    hosted = False

    def __init__(self, text: str, *, end: str = "") -> None:
        self.asked: list[ProviderRequest] = []
        self._text = text
        self._end = end

    async def stream(self, request: ProviderRequest) -> AsyncGenerator[str, None]:
        self.asked.append(request)
        yield self._text
        if self._end == "wait":
            await asyncio.sleep(60)
        if self._end:
            raise ProviderError(self._end)


def examined(saying: Saying, *, timeout: float = 10) -> checks.CheckMessage:
    return try_provider(saying, known=options.get(), prompt=PROMPT, timeout=timeout)


def test_the_catalogue_keeps_the_contract() -> None:
    findings = list(check_providers(timeout=20))
    assert levels(findings) == ["ok"]
    assert findings[0].msg.startswith("The provider catalog wrote an answer that keeps the contract, in ")


def test_the_prompt_is_rendered_for_the_first_selection() -> None:
    saying = Saying(json.dumps(ANSWER))
    assert levels([examined(saying)]) == ["ok"]
    assert (saying.asked[0].system_prompt, saying.asked[0].user_prompt) == ("제로웨이스트", "도시 사무직")


def test_an_answer_that_had_to_be_repaired() -> None:
    long = {**ANSWER["challenges"][0], "title": "열 글자보다 훨씬 긴 제목이에요"}  # type: ignore[dict-item]
    finding = examined(Saying(json.dumps({**ANSWER, "challenges": [long, *ANSWER["challenges"][1:]]})))
    assert level_and_message(finding) == (
        "warning",
        "The provider stub wrote an answer that had to be repaired: "
        "the title '열 글자보다 훨씬 긴 제목이에요' has not 1 to 10 characters.",
    )


def test_a_chatty_model() -> None:
    finding = examined(Saying(f"네! ```json\n{json.dumps(ANSWER)}\n```"))
    assert finding.msg == "The provider stub wrote an answer that had to be repaired: it is not plain JSON."


def test_a_model_that_does_not_answer() -> None:
    finding = examined(Saying("죄송합니다."))
    assert levels([finding]) == ["fault"]
    assert "recommend is no sentence; there are 0 challenges, not 3" in finding.msg


def test_a_provider_that_fails() -> None:
    finding = examined(Saying("", end="The model's server refuses the key."))
    assert level_and_message(finding) == (
        "fault",
        "The provider stub cannot write: The model's server refuses the key.",
    )


def test_a_provider_that_does_not_finish() -> None:
    finding = examined(Saying("{", end="wait"), timeout=0.5)
    assert finding.msg == "The provider stub had not finished an answer after 0.5 s."


def test_a_provider_that_only_does_not_stop() -> None:
    assert levels([examined(Saying(json.dumps(ANSWER), end="wait"), timeout=0.5)]) == ["ok"]


def test_nothing_to_pick() -> None:
    Category.objects.update(active=False)
    assert levels(check_providers(timeout=5)) == ["fault"]


def test_no_prompt() -> None:
    PromptTemplate.objects.update(live_version=None)
    assert levels(check_providers(timeout=5)) == ["warning"]


def test_a_slow_catalogue_runs_into_the_time_limit(settings: Settings) -> None:
    settings.LEAFRESH_CATALOG_TOKEN_DELAY_MS = 5000
    assert levels(check_providers(timeout=0.05)) == ["fault"]


def test_a_model_without_its_package(settings: Settings) -> None:
    settings.LEAFRESH_CHAT_MODEL = "nvidia:model"
    missing, fails, catalogue = check_providers(timeout=20)
    assert levels([missing, fails, catalogue]) == ["fault", "fault", "ok"]
    assert missing.msg.endswith("needs a package: pip install langchain-nvidia-ai-endpoints")


def test_a_model_of_an_unknown_provider(settings: Settings) -> None:
    settings.LEAFRESH_CHAT_MODEL = "nowhere:model"
    unknown, fails, catalogue = check_providers(timeout=20)
    assert levels([unknown, fails, catalogue]) == ["fault", "fault", "ok"]
    assert unknown.msg.startswith("The chat model nowhere:model has an unknown provider: LangChain knows anthropic,")


def test_what_a_model_refuses_is_told_with_the_setting(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    settings.LEAFRESH_CHAT_MODEL = "openai:no_schema_500"
    forget_refusals()
    with Provider() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-secret-123")
        _, refuses, _ = check_providers(timeout=20)
    forget_refusals()
    assert level_and_message(refuses) == (
        "ok",
        "The provider openai:no_schema_500 refuses response_format "
        "(HTTP 500: “Failed to initialize samplers, key ***”). It is asked in words. "
        "LEAFRESH_SCHEMA_MODE=openai:no_schema_500=wording saves the try after each start.",
    )


def test_a_model_that_fails_is_told_in_its_own_words(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    settings.LEAFRESH_CHAT_MODEL = "openai:status_401"
    with Provider() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-secret-123")
        fails, _ = check_providers(timeout=20)
    assert "openai:status_401: HTTP 401: “Incorrect API key provided: ***”" in fails.msg


def test_a_model_that_the_server_skips_is_told(settings: Settings) -> None:
    entries = [{"source": "openai:x", "error": "openai:x: skipped after 5 failures in a row"}]
    version = PromptVersion.objects.first()
    for tried in (entries, [{"source": "openai:x", "error": ""}]):
        Generation.objects.create(
            prompt_version=version, seed=1, source="catalog", tried=tried, outcome="completed", event_count=1
        )
    _, skipped = check_providers(timeout=20)
    assert level_and_message(skipped) == (
        "warning",
        "The server skipped openai:x in 1 of the last 2 answers: it had failed again and again.",
    )
