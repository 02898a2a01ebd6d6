"""The Python packages of LangChain's providers, from LangChain's own table."""

import importlib
import importlib.util
from collections.abc import Mapping

from django.core.exceptions import ImproperlyConfigured

OPENAI_PROTOCOL = frozenset({"openai", "azure_openai"})
"""Providers with OpenAI's client. Their package is always installed, so the table is not imported for them."""


def provider_of(model: str) -> str:
    return model.partition(":")[0]


def module_of(model: str) -> str:
    """The module of the model's provider. Raises ImproperlyConfigured for a provider that LangChain does not know."""
    provider = provider_of(model)
    if provider in OPENAI_PROTOCOL:
        return "langchain_openai"
    table: Mapping[str, tuple[str, ...]] = importlib.import_module("langchain.chat_models.base")._BUILTIN_PROVIDERS
    if provider not in table:
        raise ImproperlyConfigured(
            f"The chat model {model} has an unknown provider: LangChain knows {', '.join(sorted(table))}."
        )
    return table[provider][0].partition(".")[0]


def check_installed(model: str) -> None:
    """Raises ImproperlyConfigured for an unknown provider, or with the command to install a missing package."""
    module = module_of(model)
    if importlib.util.find_spec(module) is None:
        package = module.replace("_", "-")
        raise ImproperlyConfigured(f"The chat model {model} needs a package: pip install {package}")
