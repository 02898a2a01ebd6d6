"""Runs generations: single flight, providers, events, rows, retries and cancellation."""
