import pytest
from django.core.exceptions import ImproperlyConfigured
from pytest_django import Settings

from chatbot.providers.configured import Providers, check_configuration, provider_names


def names(model: str = "") -> list[str]:
    made = [provider.name for provider in Providers().configured(model=model)]
    assert made == provider_names(model=model)
    return made


def test_the_catalogue_answers_when_nothing_is_set() -> None:
    assert names() == ["catalog"]


def test_the_catalogue_is_always_the_last(settings: Settings) -> None:
    settings.LEAFRESH_CHAT_MODEL = "openai:a"
    settings.LEAFRESH_FALLBACK_MODELS = ["openai:b", "catalog", "openai:a", "openai:c"]
    assert names() == ["openai:a", "openai:b", "openai:c", "catalog"]


def test_a_prompt_version_may_choose_its_model(settings: Settings) -> None:
    settings.LEAFRESH_FALLBACK_MODELS = ["openai:b"]
    assert names("openai:own") == ["openai:own", "openai:b", "catalog"]
    assert names("catalog") == ["openai:b", "catalog"]


def test_the_catalogue_can_be_left_out_behind_models_alone(settings: Settings) -> None:
    settings.LEAFRESH_CATALOG_LAST = False
    assert names() == ["catalog"]
    assert names("openai:own") == ["openai:own"]


@pytest.mark.parametrize("name", ["LEAFRESH_FALLBACK_MODELS", "LEAFRESH_CHAT_MODELS"])
def test_a_missing_package_is_named_with_the_line_to_install(settings: Settings, name: str) -> None:
    settings.LEAFRESH_CHAT_MODEL = "openai:a"
    check_configuration()
    setattr(settings, name, ["google_genai:gemini"])
    with pytest.raises(ImproperlyConfigured, match="pip install langchain-google-genai"):
        check_configuration()


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("bedrock:x", "pip install langchain-aws$"),
        ("nvidia:x", "pip install langchain-nvidia-ai-endpoints$"),
        ("nonsense:x", "nonsense:x has an unknown provider"),
    ],
)
def test_langchains_own_table_says_what_a_model_needs(settings: Settings, model: str, message: str) -> None:
    settings.LEAFRESH_CHAT_MODEL = model
    with pytest.raises(ImproperlyConfigured, match=message):
        check_configuration()


def test_a_model_of_azure_needs_nothing_more(settings: Settings) -> None:
    settings.LEAFRESH_CHAT_MODEL = "azure_openai:x"
    check_configuration()
