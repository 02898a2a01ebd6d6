"""The chatbot's tables."""

from chatbot.models.generations import Enforcement, Generation, Outcome
from chatbot.models.prompts import PromptTemplate, PromptVersion
from chatbot.models.sessions import ChatSession, Turn

__all__ = ["ChatSession", "Enforcement", "Generation", "Outcome", "PromptTemplate", "PromptVersion", "Turn"]
