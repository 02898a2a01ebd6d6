"""Answers, and turning a model's text into one. Pure functions and values without Django: text in, events out."""
