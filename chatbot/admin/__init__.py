"""The chatbot in the admin: the prompt studio, conversations, documents, word lists, users and groups."""

from chatbot.admin import documents, feedback, generations, sessions, site, words
from chatbot.admin.studio import samples, templates, versions

__all__ = ["documents", "feedback", "generations", "samples", "sessions", "site", "templates", "versions", "words"]
