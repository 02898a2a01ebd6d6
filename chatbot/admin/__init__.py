"""The chatbot in the admin: the prompt studio, conversations and what they draw on; who works there."""

from django.contrib import admin

from chatbot.admin import accounts, documents, feedback, generations, sessions, words
from chatbot.admin.studio import samples, templates, versions

__all__ = [
    "accounts",
    "documents",
    "feedback",
    "generations",
    "samples",
    "sessions",
    "templates",
    "versions",
    "words",
]

admin.site.index_template = "admin/chatbot/dashboard.html"
