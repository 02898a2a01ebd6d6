"""The ASGI entry: HTTP goes to Django, WebSockets to Channels, both on threads that they share.

``daphne leafresh.asgi:application`` works; ``manage.py serve`` also says where it listens and ends streams cleanly.
"""

import os
import sys

from django.core.exceptions import ImproperlyConfigured

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "leafresh.settings")

try:
    import leafresh.settings  # noqa: F401  a wrong value must stop the start, with one sentence
except ImproperlyConfigured as error:
    sys.exit(str(error))

from channels.routing import ProtocolTypeRouter
from django.core.asgi import get_asgi_application

django_application = get_asgi_application()

from chatbot.consumers.admittance import KnownPages  # noqa: E402  needs the loaded apps
from chatbot.consumers.conversation import ConversationConsumer  # noqa: E402  needs the loaded apps
from chatbot.sources.configured import check_configuration, preload  # noqa: E402  needs the loaded apps
from chatbot.threads import SharedThreads  # noqa: E402  needs the loaded apps

try:
    check_configuration()
except ImproperlyConfigured as error:
    sys.exit(str(error))
preload()

application = SharedThreads(
    ProtocolTypeRouter({"http": django_application, "websocket": KnownPages(ConversationConsumer.as_asgi())})
)
