"""The chatbot in the admin: the prompt studio, conversations and what they draw on; who works there."""

from chatbot.admin import documents, feedback, generations, sessions, site, words
from chatbot.admin.studio import samples, templates, versions

__all__ = ["documents", "feedback", "generations", "samples", "sessions", "site", "templates", "versions", "words"]
