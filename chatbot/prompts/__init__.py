"""Prompts: contracts of the templates, rendering, drafts, publishing."""
