"""Events on their way to clients: encoding, the event log, subscriptions, the SSE response."""
