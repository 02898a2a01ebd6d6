#!/usr/bin/env python
"""Django's command line for Leafresh."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "leafresh.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line
    from django.db import DatabaseError, InterfaceError

    from chatbot.db.errors import explain

    try:
        import leafresh.settings  # noqa: F401  a wrong value must stop every command, with one sentence
    except ImproperlyConfigured as error:
        sys.exit(str(error))
    if sys.argv[1:2] == ["serve"]:
        import chatbot.server.daphne  # noqa: F401  its event loop, before the app "daphne" brings another
    try:
        execute_from_command_line(sys.argv)
    except (DatabaseError, InterfaceError) as error:
        sentence = explain(error)
        if sentence is None or "--traceback" in sys.argv:
            raise
        sys.exit(sentence)


if __name__ == "__main__":
    main()
