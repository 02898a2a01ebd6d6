"""The chatbot's tables."""

from chatbot.models.checks import CheckStatus, PromptCheck, PromptSample, SampleRun
from chatbot.models.feedback import Feedback, Thumb
from chatbot.models.generations import Enforcement, Generation, Outcome, Purpose
from chatbot.models.prompts import PromptDraft, PromptTemplate, PromptText, PromptVersion
from chatbot.models.releases import PromptRelease, ReleaseKind
from chatbot.models.sessions import ChatSession, Turn

__all__ = [
    "ChatSession",
    "CheckStatus",
    "Enforcement",
    "Feedback",
    "Generation",
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
]
