"""The chatbot in the admin: the prompt studio, conversations, documents, word lists, users and groups."""

from chatbot.admin import audit, documents, feedback, generations, sessions, site, words
from chatbot.admin.studio import samples, templates, versions

__all__ = [
    "audit",
    "documents",
    "feedback",
    "generations",
    "samples",
    "sessions",
    "site",
    "templates",
    "versions",
    "words",
]
