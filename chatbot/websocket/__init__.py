"""The WebSocket interface: requests and events of the API as JSON messages. Its guide is ``docs/websocket.md``."""
