"""The secret key that the process makes on its first start, and keeps."""

import contextlib
import os
import secrets
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from chatbot.server.data_files import keep_private


def kept_secret_key(file: Path) -> str:
    """The key in ``file``, which is made when there is none (mode 0600)."""
    if not file.exists():
        draft = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as stream:
            stream.write(secrets.token_urlsafe(48) + "\n")
        with contextlib.suppress(FileExistsError):  # another process was first: its key counts
            os.link(draft, file)
        draft.unlink()
    keep_private(file)
    key = file.read_text("ascii").strip()
    if not key:
        raise ImproperlyConfigured(f"The secret key file {str(file)!r} is empty: delete it and start again.")
    return key
