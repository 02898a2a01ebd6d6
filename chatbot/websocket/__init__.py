"""WebSocket in and out: the requests and the events of the API as JSON messages. ``docs/websocket.md`` is its guide."""
