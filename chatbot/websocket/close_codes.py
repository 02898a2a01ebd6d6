"""The codes with which the server closes a connection (RFC 6455 §7.4; 4000–4999 are defined by this project)."""

RESTARTING = 1012
"""The server stops. The client should connect again."""

MALFORMED_SESSION = 4400
"""The session id in the path is malformed."""

TOO_SLOW = 4408
"""The client does not read its messages."""

TOO_FAST = 4429
"""The client sends faster than the server reads."""
