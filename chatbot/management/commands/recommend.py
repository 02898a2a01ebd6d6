"""``manage.py recommend``: shows one recommendation in the terminal while it is being written."""

from argparse import ArgumentTypeError
from typing import Any

from asgiref.sync import async_to_sync
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser

from chatbot import service
from chatbot.dialogue.base_info import BaseInfoRequest
from chatbot.errors import ApplicationError
from chatbot.events.types import Close, read_data
from chatbot.generation.single_flight import RunningGeneration
from chatbot.providers.configured import check_configuration
from chatbot.runtime import runtime


def _model(text: str) -> str:
    if text != "catalog" and ":" not in text:
        raise ArgumentTypeError("catalog or provider:model, such as openai:gpt-4.1-mini")
    return text


class Command(BaseCommand):
    help = "Write one recommendation to the terminal, through the same path as for a client."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--location", required=True, help="key, label or alias")
        parser.add_argument("--work-type", required=True, help="key, label or alias")
        parser.add_argument("--category", required=True, help="key, label or alias")
        parser.add_argument("--model", type=_model, help="instead of LEAFRESH_CHAT_MODEL")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["model"]:
            settings.LEAFRESH_CHAT_MODEL = options["model"]
        request = BaseInfoRequest(options["location"], options["work_type"], options["category"])
        try:
            check_configuration()
            async_to_sync(self._recommend)(request)
        except (ApplicationError, ImproperlyConfigured) as error:
            raise CommandError(str(error)) from None

    async def _recommend(self, request: BaseInfoRequest) -> None:
        joined = await service.join(request)
        generation = joined.generation
        try:
            await self._follow(generation)
        finally:
            await runtime().cancellation.forget(joined.request.session_id)
            await runtime().close()
        if not isinstance(generation.conclusion, Close):
            raise CommandError("No answer could be written. The log has the reason.")

    async def _follow(self, generation: RunningGeneration) -> None:
        """Prints text as it arrives. A terminal cannot remove text, so text that is taken back is marked."""
        with generation.subscribe() as subscription:
            async for events in subscription:
                for event in events:
                    if event.name == "challenge":
                        self.stdout.write(read_data(event.data)["token"], ending="")
                    elif event.name == "rewrite":
                        self.stdout.write(self.style.WARNING("\n[…]"))
                    elif event.name == "notice" and "source" in read_data(event.data):
                        self.stdout.write(self.style.NOTICE(f"\n[{read_data(event.data)['source']}]"))
                self.stdout.flush()
        self.stdout.write("")
