"""The ASGI entry point: Django handles HTTP, and Channels handles WebSockets. Both share a fixed number of threads.

``daphne leafresh.asgi:application``, ``uvicorn leafresh.asgi:application`` and ``manage.py runserver`` work, too.
``manage.py serve`` also prints its addresses, bounds connections and ends streams cleanly.
"""

import os
import sys
from typing import Any

from django.core.exceptions import ImproperlyConfigured

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "leafresh.settings")

try:
    import leafresh.settings  # noqa: F401  an invalid setting stops the start with one sentence
except ImproperlyConfigured as error:
    sys.exit(str(error))

import django
from channels.routing import ProtocolTypeRouter
from django.conf import settings

django.setup(set_prefix=False)

from chatbot import executors  # noqa: E402  needs the loaded apps
from chatbot.nlu import analyser_manager  # noqa: E402  needs the loaded apps
from chatbot.nlu.intents.understand import warm_up  # noqa: E402  needs the loaded apps
from chatbot.providers.configured import check_configuration, preload  # noqa: E402  needs the loaded apps
from chatbot.runtime import runtime  # noqa: E402  needs the loaded apps
from chatbot.server.shutdown import end_work  # noqa: E402  needs the loaded apps
from chatbot.server.threads import AsgiApplication, SharedThreads  # noqa: E402  needs the loaded apps
from chatbot.websocket.consumer import ConversationConsumer  # noqa: E402  needs the loaded apps
from chatbot.websocket.handshake import AllowedOriginValidator  # noqa: E402  needs the loaded apps
from leafresh.handler import Handler  # noqa: E402  needs the loaded apps


def at_root(application: AsgiApplication) -> AsgiApplication:
    """Serves the site at FORCE_SCRIPT_NAME; by default at the root.

    Without this, a client that connects to daphne directly could set the path with the header ``Daphne-Root-Path``.
    """

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        await application({**scope, "root_path": settings.FORCE_SCRIPT_NAME or ""}, receive, send)

    return answer


async def lifespan(scope: Any, receive: Any, send: Any) -> None:
    """Starts and ends the work in servers that say when they start and stop. daphne does not."""
    while (message := await receive())["type"] == "lifespan.startup":
        executors.start()
        runtime()
        if settings.LEAFRESH_ANALYSER == "eager":
            runtime().registry.keep(warm_up())
        await send({"type": "lifespan.startup.complete"})
    await end_work()
    analyser_manager.close()
    await send({"type": f"{message['type']}.complete"})


try:
    check_configuration()
except ImproperlyConfigured as error:
    sys.exit(str(error))
preload()

application = SharedThreads(
    at_root(
        ProtocolTypeRouter(
            {
                "http": Handler(),
                "websocket": AllowedOriginValidator(ConversationConsumer.as_asgi()),
                "lifespan": lifespan,
            }
        )
    )
)
