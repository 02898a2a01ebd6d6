"""``manage.py serve``: runs daphne, prints the addresses, and ends generations cleanly when it stops."""

import asyncio
import logging
import os
import socket
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestAborted
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from chatbot.api.client import TrustedProxies
from chatbot.cluster.cluster import end
from chatbot.diagnostics.bind_address import explain_address
from chatbot.server.data_files import AlreadyServed, DatabaseLock, readable_by_others
from chatbot.server.redaction import loggable_path

access_logger = logging.getLogger("leafresh.access")


class Command(BaseCommand):
    help = "Serve Leafresh with daphne on LEAFRESH_HOST and LEAFRESH_PORT."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default=settings.LEAFRESH_HOST, help="address to listen on (LEAFRESH_HOST)")
        parser.add_argument("--port", default=settings.LEAFRESH_PORT, type=int, help="0 picks a free port")

    def handle(self, *args: Any, host: str, port: int, **options: Any) -> None:
        from chatbot.server.daphne import (
            Server,
            allow_open_files,
            settle_memory,
            share_interpreter_lock,
        )  # must be the first import here: it installs the event loop

        # isort: split
        from daphne.endpoints import build_endpoint_description_strings
        from twisted.internet import reactor

        from chatbot import executors
        from chatbot.generation.rows import mark_interrupted
        from chatbot.nlu import analyser_manager
        from chatbot.nlu.intents.understand import warm_up
        from chatbot.runtime import runtime
        from chatbot.server import shutdown
        from leafresh.asgi import application

        os.umask(0o077)  # new files are private
        self._warn_of_readers()
        _check_free(host, port)
        allow_open_files()
        share_interpreter_lock()
        lock = _lock_database()  # held until the process ends
        if not settings.REDIS_URL:  # with Redis, other processes may run these generations; the cluster checks them
            mark_interrupted()

        async def drain(server: Server) -> None:
            asyncio.get_running_loop().set_exception_handler(_ignore_disconnects)
            await shutdown.shut_down(server, settings.LEAFRESH_DRAIN_SECONDS)

        server = Server(
            drain=drain,
            trusted=TrustedProxies.parse(settings.LEAFRESH_TRUSTED_PROXIES),
            application=application,
            endpoints=build_endpoint_description_strings(host=host, port=port),
            action_logger=_log_access,
            server_name="leafresh",
        )

        def begin() -> None:
            executors.bound_default(asyncio.get_event_loop())
            asyncio.get_event_loop().call_soon(runtime)  # joins the cluster before the first request
            if settings.LEAFRESH_ANALYSER == "eager":
                asyncio.get_event_loop().call_soon(lambda: runtime().registry.keep(warm_up()))
            for address, real_port in server.listening_addresses:
                for line in explain_address(address, real_port):
                    self.stdout.write(line)
            self.stdout.flush()

        reactor.callWhenRunning(begin)
        settle_memory()
        application.start()
        executors.start()
        server.run()
        analyser_manager.close()  # ends calls that still wait for the analyser
        _close(asyncio.get_event_loop())
        lock.release()

    def _warn_of_readers(self) -> None:
        """Warns of data files that other users can read. Files of this user are private by now."""
        database = settings.DATABASES["default"]
        kept = [settings.LEAFRESH_DATA_DIR / "secret-key"]
        if database["ENGINE"] == "django.db.backends.sqlite3":
            kept.append(Path(database["NAME"]))
        for path in readable_by_others(*kept):
            self.stderr.write(self.style.WARNING(f"Everybody on this machine can read {path}: chmod 600 {path}"))


def _lock_database() -> DatabaseLock:
    """Locks the SQLite file. Raises CommandError when another server uses the file and there is no Redis."""
    lock = DatabaseLock(Path(str(settings.DATABASES["default"]["NAME"])))
    if connection.vendor == "sqlite" and not settings.REDIS_URL:
        try:
            lock.take()
        except AlreadyServed as error:
            raise CommandError(
                f"Another server (process {error.pid}) uses the database {connection.settings_dict['NAME']}. Stop it "
                "first, or give this one another LEAFRESH_DATA_DIR. Several processes of one site need PostgreSQL "
                "and Redis: docs/operating.md."
            ) from None
    return lock


def _ignore_disconnects(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """The loop's exception handler. It ignores Django's error for a client that has disconnected.

    daphne may end the request before Django has read it, and then no code handles this error.
    """
    if not isinstance(context.get("exception"), RequestAborted):
        loop.default_exception_handler(context)


def _close(loop: asyncio.AbstractEventLoop) -> None:
    """Waits for the tasks that daphne cancelled: the interpreter may crash if coroutines are left unfinished."""
    loop.run_until_complete(end(asyncio.all_tasks(loop)))
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()


def _check_free(host: str, port: int) -> None:
    """Raises CommandError when the server cannot listen on the address. daphne itself would stop silently."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise CommandError(
            f"Cannot listen on {host} port {port}: {error.strerror or error}. "
            "Choose others with LEAFRESH_HOST and LEAFRESH_PORT, or stop what uses them."
        ) from None


def _log_access(protocol: str, action: str, details: dict[str, Any]) -> None:
    """Logs each request, and each WebSocket that is opened or refused, without messages and session ids."""
    path = loggable_path(details["path"])
    if protocol == "websocket" and action in {"connected", "rejected"}:
        access_logger.info("WebSocket %s %s", path, action)
    elif (protocol, action) == ("http", "complete"):
        access_logger.info(
            "%s %s %s %d ms %s bytes",
            details["method"],
            path,
            details["status"],
            details["time_taken"] * 1000,
            details["size"],
        )
