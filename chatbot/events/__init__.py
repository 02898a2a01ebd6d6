"""Events on their way to clients: encoding, the event log, publishing, the SSE response.

The only place that imports django_eventstream.
"""
