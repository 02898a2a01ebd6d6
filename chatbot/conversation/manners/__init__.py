"""Abuse, and people in danger: what is answered without a model."""
