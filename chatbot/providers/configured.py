"""The answer sources that the settings name, in the order in which they are tried."""

from django.conf import settings

from chatbot.providers.base import Provider
from chatbot.providers.catalog import CatalogProvider
from chatbot.providers.langchain import LangChainProvider, check_installed, load


def check_configuration() -> None:
    """Raises ImproperlyConfigured when a configured model's package is not installed."""
    for model in {settings.LEAFRESH_CHAT_MODEL, *settings.LEAFRESH_FALLBACK_MODELS, *settings.LEAFRESH_CHAT_MODELS}:
        if model != "catalog":
            check_installed(model)


def preload() -> None:
    """Imports what the configured models need, so that the first person does not wait for it."""
    for source in configured_providers():
        if source.hosted:
            load(source.name)


def configured_providers(
    *, model: str = "", temperature: float | None = None, max_tokens: int | None = None
) -> list[Provider]:
    """The chat model (the prompt version's own ``model``, or the configured one), its stand-ins, the catalogue.

    Empty only when the catalogue was switched off as the last resort and no model is configured.
    """
    names = [model or settings.LEAFRESH_CHAT_MODEL, *settings.LEAFRESH_FALLBACK_MODELS]
    hosted = [name for name in dict.fromkeys(names) if name != "catalog"]
    sources: list[Provider] = [
        LangChainProvider(name, temperature=temperature, max_tokens=max_tokens) for name in hosted
    ]
    if settings.LEAFRESH_CATALOG_LAST or not hosted:
        sources.append(CatalogProvider())
    return sources


def provider_names(*, model: str = "") -> list[str]:
    """The names of ``configured_providers``, in their order."""
    return [source.name for source in configured_providers(model=model)]
