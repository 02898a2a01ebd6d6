"""The chatbot in the admin: prompts, generations, sessions; and the accounts of those who work there."""

from django.contrib import admin

from chatbot.admin import accounts, generations, sessions

__all__ = ["accounts", "generations", "sessions"]

admin.site.index_template = "admin/chatbot/dashboard.html"
