"""Dates and times in this language."""
