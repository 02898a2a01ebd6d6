"""The answer sources that the settings name, in the order in which they are tried."""

from django.conf import settings

from chatbot.sources.base import AnswerSource
from chatbot.sources.catalog import CatalogSource
from chatbot.sources.hosted import HostedSource, check_installed, load


def check_configuration() -> None:
    """Raises ImproperlyConfigured when a configured model's package is not installed."""
    for model in {settings.LEAFRESH_CHAT_MODEL, *settings.LEAFRESH_FALLBACK_MODELS, *settings.LEAFRESH_CHAT_MODELS}:
        if model != "catalog":
            check_installed(model)


def preload() -> None:
    """Imports what the configured models need, so that the first person does not wait for it."""
    for source in configured_sources():
        if source.hosted:
            load(source.name)


def configured_sources(
    *, model: str = "", temperature: float | None = None, max_tokens: int | None = None
) -> list[AnswerSource]:
    """The chat model (the prompt version's own ``model``, or the configured one), its stand-ins, the catalogue.

    Empty only when the catalogue was switched off as the last resort and no model is configured.
    """
    names = [model or settings.LEAFRESH_CHAT_MODEL, *settings.LEAFRESH_FALLBACK_MODELS]
    hosted = [name for name in dict.fromkeys(names) if name != "catalog"]
    sources: list[AnswerSource] = [
        HostedSource(name, temperature=temperature, max_tokens=max_tokens) for name in hosted
    ]
    if settings.LEAFRESH_CATALOG_LAST or not hosted:
        sources.append(CatalogSource())
    return sources


def source_names(*, model: str = "") -> list[str]:
    """The names of ``configured_sources``, in their order."""
    return [source.name for source in configured_sources(model=model)]
