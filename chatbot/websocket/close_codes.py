"""Why a connection is closed, for those who can read nothing else of it (RFC 6455 §7.4; 4000–4999 are ours)."""

RESTARTING = 1012
"""The server stops; it is worth to come back."""

MALFORMED_SESSION = 4400
"""The session id in the path is none."""

TOO_SLOW = 4408
"""The client does not read what it is sent."""

TOO_FAST = 4429
"""The client sends faster than its messages can be looked at."""
