"""``python -m benchmarks.launcher [--memory COUNT PAUSE] [--sleep-in-publisher MS] serve …``: ``manage.py``, changed.

``--memory`` replaces the model: every answer is COUNT tokens from memory, with a pause of PAUSE seconds after each.
``--sleep-in-publisher`` makes our build slow, which the benchmark must detect. The product has no hook for either, so
this module patches it before it serves.
"""

# Django's apps must be loaded before their modules are imported, so functions import them.

import argparse
import asyncio
import os
import time
from collections.abc import AsyncGenerator
from typing import Any

import django
from django.core.management import execute_from_command_line

from benchmarks.answers import answer_tokens


class MemoryProvider:
    """A provider without a model, as the peer's ``MemoryWriter``."""

    name = "memory"
    hosted = False

    def __init__(self, count: int, pause: float) -> None:
        self._count, self._pause = count, pause
        self._answers: dict[str, list[str]] = {}

    async def stream(self, request: Any) -> AsyncGenerator[str, None]:
        label = request.selection.category.label
        if label not in self._answers:
            self._answers[label] = answer_tokens(label, self._count)
        for token in self._answers[label]:
            yield token
            await asyncio.sleep(self._pause)


def replace_model(count: int, pause: float) -> None:
    from chatbot.providers.configured import Providers

    provider = MemoryProvider(count, pause)
    Providers.configured = lambda self, **options: [provider]  # type: ignore[method-assign]  # no model, on purpose


def sleep_in_publisher(seconds: float) -> None:
    from chatbot.events.eventstream import Publisher

    publish = Publisher.send

    def sleepy(self: Publisher, event: Any) -> None:
        time.sleep(seconds)
        publish(self, event)

    Publisher.send = sleepy  # type: ignore[method-assign]  # a slow build, on purpose


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--memory", nargs=2, metavar=("COUNT", "PAUSE"))
    parser.add_argument("--sleep-in-publisher", type=float, default=0.0, metavar="MS")
    options, rest = parser.parse_known_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "leafresh.settings")
    django.setup()
    if options.memory:
        replace_model(int(options.memory[0]), float(options.memory[1]))
    if options.sleep_in_publisher:
        sleep_in_publisher(options.sleep_in_publisher / 1000)
    execute_from_command_line(["manage.py", *rest])


if __name__ == "__main__":
    main()
