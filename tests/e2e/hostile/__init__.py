"""Hostile clients beside ordinary ones: ``make hostile``."""
