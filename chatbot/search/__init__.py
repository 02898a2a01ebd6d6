"""Searches challenges and passages of documents by the words of a question."""
