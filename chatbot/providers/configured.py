"""The providers in the settings, in the order in which they are tried."""

from django.conf import settings

from chatbot.providers.base import Provider
from chatbot.providers.catalog import CatalogProvider
from chatbot.providers.circuit import CircuitBreaker
from chatbot.providers.langchain import LangChainProvider, circuit_of, load
from chatbot.providers.packages import check_installed

CATALOG = "catalog"


def check_configuration() -> None:
    """Raises ImproperlyConfigured when a configured model's provider is unknown or its package is not installed."""
    for model in {settings.LEAFRESH_CHAT_MODEL, *settings.LEAFRESH_FALLBACK_MODELS, *settings.LEAFRESH_CHAT_MODELS}:
        if model != CATALOG:
            check_installed(model)


def preload() -> None:
    """Imports the packages of the configured models, so that the first request does not wait for them."""
    for name in _hosted_names(""):
        load(name)


def provider_names(*, model: str = "") -> list[str]:
    """The names of the configured providers, in order. ``model`` replaces the first one."""
    hosted = _hosted_names(model)
    return [*hosted, CATALOG] if settings.LEAFRESH_CATALOG_LAST or not hosted else hosted


def _hosted_names(model: str) -> list[str]:
    names = [model or settings.LEAFRESH_CHAT_MODEL, *settings.LEAFRESH_FALLBACK_MODELS]
    return [name for name in dict.fromkeys(names) if name != CATALOG]


class Providers:
    """Creates the configured providers of one event loop, each once, because a model's client reuses its
    connections."""

    def __init__(self) -> None:
        self._hosted: dict[tuple[str, float | None, int | None], LangChainProvider] = {}
        self.circuits: dict[str, CircuitBreaker] = {}
        """The circuit breaker of each model that was asked."""

    def configured(
        self, *, model: str = "", temperature: float | None = None, max_tokens: int | None = None
    ) -> list[Provider]:
        """The chat model (``model``, or the configured one), its fallbacks, the catalogue. Never empty."""
        return [
            CatalogProvider() if name == CATALOG else self._model(name, temperature, max_tokens)
            for name in provider_names(model=model)
        ]

    def _model(self, name: str, temperature: float | None, max_tokens: int | None) -> LangChainProvider:
        key = (name, temperature, max_tokens)
        provider = self._hosted.get(key)
        if provider is None:
            if name not in self.circuits:
                self.circuits[name] = circuit_of(name)
            provider = LangChainProvider(
                name, temperature=temperature, max_tokens=max_tokens, circuit=self.circuits[name]
            )
        return self._hosted.setdefault(key, provider)
