"""Providers write answers: hosted models and the catalogue. Only this package may import LangChain."""
