"""The answer source that the settings name."""

from chatbot.sources.base import AnswerSource
from chatbot.sources.catalog import CatalogSource


def configured_source() -> AnswerSource:
    return CatalogSource()
