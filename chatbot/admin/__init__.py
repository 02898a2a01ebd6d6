"""The chatbot in the admin: the prompt studio, generations, sessions; and the accounts of those who work there."""

from django.contrib import admin

from chatbot.admin import accounts, generations, sessions
from chatbot.admin.studio import samples, templates, versions

__all__ = ["accounts", "generations", "samples", "sessions", "templates", "versions"]

admin.site.index_template = "admin/chatbot/dashboard.html"
