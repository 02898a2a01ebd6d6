"""The chatbot's tables."""

from chatbot.models.checks import CheckStatus, PromptCheck, PromptSample, SampleRun
from chatbot.models.feedback import Feedback, Thumb
from chatbot.models.generations import Enforcement, Generation, Outcome, Purpose
from chatbot.models.knowledge import KnowledgeDocument
from chatbot.models.prompts import PromptDraft, PromptTemplate, PromptText, PromptVersion
from chatbot.models.releases import PromptRelease, ReleaseKind
from chatbot.models.sessions import ChatSession, GivenTitle, Intent, Turn
from chatbot.models.words import ListedWord, WordKind

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
