"""Delivers events to clients: encoding, the event log, subscriptions and the SSE response."""
