from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from chatbot.models import ChatSession, Generation
from tests.provider import ANSWER, CHALLENGES, Provider

pytestmark = pytest.mark.django_db

CHOICE: dict[str, Any] = {"location": "도시", "work_type": "사무직", "category": "비건"}


def recommend(**options: Any) -> str:
    out = StringIO()
    call_command("recommend", stdout=out, **{**CHOICE, **options})
    return out.getvalue()


def test_it_writes_the_answer_laid_out_and_leaves_no_trace() -> None:
    text = recommend()
    assert text.count("\n\n") == 3
    assert "비건" in text.partition("\n\n")[0]
    assert "\n\n3. " in text
    assert (ChatSession.objects.count(), Generation.objects.count()) == (0, 0)


def test_a_model_may_be_named(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.LEAFRESH_CHAT_MODEL = "catalog"
    with Provider() as provider:
        monkeypatch.setenv("OPENAI_BASE_URL", provider.url)
        monkeypatch.setenv("OPENAI_API_KEY", "none")
        text = recommend(model="openai:normal")
    expected = "\n\n".join(f"{n}. {c['title']}\n{c['description']}" for n, c in enumerate(CHALLENGES, start=1))
    assert text == f"{ANSWER['recommend']}\n\n{expected}\n"


def test_a_slow_model_is_waited_for(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.LEAFRESH_ABANDON_SECONDS = 0.5  # the terminal is a subscriber as long as the command runs
    with Provider() as provider:
        monkeypatch.setenv("OPENAI_BASE_URL", provider.url)
        monkeypatch.setenv("OPENAI_API_KEY", "none")
        text = recommend(model="openai:slow")
    assert text.startswith(ANSWER["recommend"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"category": "은하"}, "유효하지 않은 선택 항목이 포함되어 있습니다."),
        ({"model": "groq:x"}, "The chat model groq:x needs a package: pip install langchain-groq"),
    ],
)
def test_invalid_arguments_are_reported(settings: Settings, options: dict[str, str], message: str) -> None:
    settings.LEAFRESH_CHAT_MODEL = "catalog"
    with pytest.raises(CommandError) as caught:
        recommend(**options)
    assert str(caught.value) == message
