"""Support for all tests: coroutine tests, and a database with the curated catalogue."""

import inspect
import io
import os
import sqlite3
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from typing import Any, cast

import pytest
from asgiref.sync import async_to_sync
from django.apps import apps
from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection
from httpx._config import DEFAULT_TIMEOUT_CONFIG  # httpx has no other way to change its default
from hypothesis import HealthCheck, strategies
from hypothesis import settings as hypothesis_settings
from pytest_django import DjangoDbBlocker, Settings

from chatbot.api import throttling
from tests.e2e.server import TEMPLATE, prepared_data, remove_prepared_data, share_prepared_data

# A machine may forbid Python to keep bytecode. Every server that a test starts would then compile every module again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
# No test leaves this machine. Reading the certificates of all authorities costs each HTTP client 25 ms.
os.environ.pop("SSL_CERT_FILE", None)
os.environ["SSL_CERT_DIR"] = os.devnull

# Each request of a test that says nothing else may take a minute instead of five seconds: a busy machine answers late.
for part in ("connect", "read", "write", "pool"):
    setattr(DEFAULT_TIMEOUT_CONFIG, part, 60.0)
# No deadline: on a busy machine, making inputs is slow.
hypothesis_settings.register_profile("project", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.load_profile("project")
# hypothesis imports this part when it is first used, and pytest parses what is imported: deep within a test Python 3.11
# can fail at that ("AST constructor recursion depth mismatch").
strategies.just(0).flatmap(strategies.just)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Runs a coroutine test so that its ORM calls come back to this thread, hence to the test's transaction."""
    test = pyfuncitem.obj
    if not inspect.iscoroutinefunction(test):
        return None
    names = pyfuncitem._fixtureinfo.argnames
    async_to_sync(test)(**{name: pyfuncitem.funcargs[name] for name in names})
    return True


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks what uses the database, and begins with what takes long, so that no worker is left with it in the end."""
    for item in items:
        if _is_end_to_end(item) or item.get_closest_marker("server") or _uses_database(item):
            item.add_marker("database")
    items.sort(key=_turn)


def _is_end_to_end(item: pytest.Item) -> bool:
    return item.nodeid.startswith("tests/e2e/")


def _uses_database(item: pytest.Item) -> bool:
    names = getattr(item, "fixturenames", ())
    return bool(item.get_closest_marker("django_db")) or not {"db", "transactional_db"}.isdisjoint(names)


def _turn(item: pytest.Item) -> int:
    """Those that wait for servers and browsers come first, and of them the one that waits longest."""
    if item.nodeid.startswith("tests/e2e/test_database_outage.py"):
        return 0
    return 1 if _is_end_to_end(item) else 2


def pytest_configure(config: pytest.Config) -> None:
    """Prepares the servers' database once for all workers, while they collect their tests."""
    if config.getoption("numprocesses", None) and not hasattr(config, "workerinput"):
        share_prepared_data()
        preparing = threading.Thread(target=prepared_data)
        preparing.start()
        config.add_cleanup(remove_prepared_data)
        config.add_cleanup(preparing.join)  # which comes first: the last that is added is called first


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings: None) -> None:
    """A worker copies the prepared database instead of making its own."""
    if TEMPLATE in os.environ and connection.vendor == "sqlite":
        setattr(connection.creation, "create_test_db", _copy_prepared_database)  # noqa: B010  mypy allows no other way


def _copy_prepared_database(**how: object) -> str:
    name: str = cast("Any", connection.creation)._get_test_db_name()
    connection.close()
    settings.DATABASES["default"]["NAME"] = connection.settings_dict["NAME"] = name
    connection.ensure_connection()
    with closing(sqlite3.connect(prepared_data() / "db.sqlite3")) as prepared:
        prepared.backup(connection.connection)
    return name


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    """The catalogue and the prompts are loaded once, as `make run` does."""
    if connection.creation.create_test_db is _copy_prepared_database:
        return
    with django_db_blocker.unblock():
        call_command("setup", stdout=io.StringIO())


@pytest.fixture(scope="session", autouse=True)
def _quick_passwords() -> None:
    """Makes accounts without the 0.2 s of processor time that Django takes to store a password."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def _instant_catalog(settings: Settings) -> Iterator[None]:
    """The catalogue writes without pauses and no rate limits requests, unless a test sets a pace or a rate."""
    settings.LEAFRESH_CATALOG_TOKEN_DELAY_MS = 0
    settings.LEAFRESH_ANALYSER_SECONDS = 60  # what is understood does not depend on how fast the machine is
    settings.LEAFRESH_SESSION_RATE = settings.LEAFRESH_ADDRESS_RATE = None  # tests ask more often than a person
    yield
    cache.clear()
    throttling.memory.clear()


@pytest.fixture
def known_types(db: None) -> None:
    """As in a process that has shown a page: Django remembers its models' types, until a test empties the database."""
    ContentType.objects.get_for_models(*apps.get_models())
