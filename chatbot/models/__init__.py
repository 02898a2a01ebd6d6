"""The chatbot's tables."""

from chatbot.models.checks import CheckStatus, PromptCheck, PromptSample, SampleRun
from chatbot.models.generations import Enforcement, Generation, Outcome, Purpose
from chatbot.models.knowledge import KnowledgeDocument, ListedWord, WordKind
from chatbot.models.prompts import PromptDraft, PromptRelease, PromptTemplate, PromptText, PromptVersion, ReleaseKind
from chatbot.models.sessions import ChatSession, Feedback, GivenTitle, Intent, Thumb, Turn

__all__ = [
    "ChatSession",
    "CheckStatus",
    "Enforcement",
    "Feedback",
    "Generation",
    "GivenTitle",
    "Intent",
    "KnowledgeDocument",
    "ListedWord",
    "Outcome",
    "PromptCheck",
    "PromptDraft",
    "PromptRelease",
    "PromptSample",
    "PromptTemplate",
    "PromptText",
    "PromptVersion",
    "Purpose",
    "ReleaseKind",
    "SampleRun",
    "Thumb",
    "Turn",
    "WordKind",
]
