"""Checks the database (whether it answers, is migrated, and has usable challenges and prompts), and Redis."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from asgiref.sync import async_to_sync
from django.conf import settings
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.db import Error, connection, connections
from django.db.migrations.exceptions import InconsistentMigrationHistory
from django.db.migrations.executor import MigrationExecutor

from challenges.coverage import MINIMUM, Coverage, coverage
from chatbot.answers.rules import CHALLENGES
from chatbot.cluster.heartbeat import Heartbeat
from chatbot.cluster.redis import RedisClient, Unreachable
from chatbot.diagnostics.deployment import TAG
from chatbot.diagnostics.findings import found
from chatbot.models import PromptTemplate, PromptVersion
from chatbot.prompts.contracts import TEMPLATES, TemplateContract
from chatbot.prompts.problems import check as check_text
from chatbot.prompts.problems import describe

TIMEOUT = 10.0
NAMED = 20
"""The maximum number of selections that a finding names."""


@checks.register(TAG, checks.Tags.database, deploy=True)
def check_contents(databases: Sequence[str] | None = None, **_: Any) -> list[checks.CheckMessage]:
    """A system check: the problems of the database and its contents."""
    if not databases or "default" not in databases:
        return []
    problem = unusable(timeout=TIMEOUT)
    results = [problem] if problem else list(check_database())
    if not any(result.is_serious() for result in results):
        results += [check_catalog(), *check_prompts()]
    return [result for result in results if result.level > checks.INFO]


def unusable(*, timeout: float) -> checks.CheckMessage | None:
    """A finding about a database that cannot be used; None when it answers. A missing SQLite file is not created."""
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite" and not name.startswith((":memory:", "file:")) and not Path(name).exists():
        return found("database.no_file", file=name)
    probe = connections["default"]
    if probe.vendor == "postgresql":  # without the pool, whose error hides the cause
        probe = probe.copy()
        limits = {"connect_timeout": max(1, round(timeout)), "pool": None}
        probe.settings_dict["OPTIONS"] = {**probe.settings_dict["OPTIONS"], **limits}
    try:
        with probe.cursor() as cursor:
            cursor.execute("SELECT 1")
    except (Error, ImproperlyConfigured) as error:
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        return found("database.silent", vendor=connection.vendor, reason=reason)
    finally:
        if probe is not connections["default"]:
            probe.close()
    return None


def check_database() -> Iterator[checks.CheckMessage]:
    """Findings about a database that answers."""
    yield found("database.answers", vendor=connection.vendor)
    yield _migrations()
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA journal_mode")
            yield judge_journal(cursor.fetchone()[0])


def check_redis() -> checks.CheckMessage:
    """Whether the configured Redis accepts commands, and how many processes of this installation it knows."""
    return async_to_sync(_ask_redis)() if settings.REDIS_URL else found("redis.none")


async def _ask_redis() -> checks.CheckMessage:
    client = RedisClient(settings.REDIS_URL, settings.LEAFRESH_REDIS_PREFIX)
    try:
        await client.run(lambda redis: redis.set(client.key("doctor"), 1, px=1000))  # a standby refuses to write
        count = await Heartbeat(client).living()
    except Unreachable as error:
        reason = str(error.__cause__).strip().partition("\n")[0] or type(error.__cause__).__name__
        return found("redis.silent", reason=reason)
    finally:
        await client.close()
    return found("redis.answers", count=count)


def judge_journal(mode: str) -> checks.CheckMessage:
    """``mode`` is SQLite's answer to ``PRAGMA journal_mode``, after the settings asked for WAL."""
    name = {"wal": "database.wal", "memory": "database.memory"}.get(mode, "database.no_wal")
    return found(name, mode=mode)


def _migrations() -> checks.CheckMessage:
    try:
        executor = MigrationExecutor(connection)
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except InconsistentMigrationHistory as error:
        return found("database.contradiction", reason=error)
    pending = [f"{migration.app_label}.{migration.name}" for migration, _ in plan]
    if not pending:
        return found("database.migrated")
    return found("database.not_migrated", count=len(pending), names=", ".join(pending))


def check_catalog(covered: Coverage | None = None) -> checks.CheckMessage:
    """Whether enough challenges suit every selection. Reads the database unless ``covered`` is given.

    Too few are only a warning: the answers then use challenges of other locations or work types.
    """
    covered = covered or coverage()
    if sum(covered.totals.values()) < CHALLENGES:
        return found("catalogue.empty", least=CHALLENGES)
    thin = [f"{'/'.join(cell)} ({covered.counts[cell]})" for cell in covered.thin(MINIMUM)]
    total = len(covered.counts)
    if not thin:
        return found("catalogue.covered", least=MINIMUM, total=total)
    names = ", ".join(thin[:NAMED]) + (f" and {len(thin) - NAMED} more" if len(thin) > NAMED else "")
    return found("catalogue.thin", count=len(thin), total=total, least=MINIMUM, names=names)


def check_prompts() -> list[checks.CheckMessage]:
    """Whether every prompt template has a usable live version."""
    templates = PromptTemplate.objects.select_related("live_version__template")
    live = {template.key: template.live_version for template in templates}
    return [judge_prompt(contract, live.get(key)) for key, contract in TEMPLATES.items()]


def judge_prompt(contract: TemplateContract, version: PromptVersion | None) -> checks.CheckMessage:
    if version is None:
        return found("prompts.none", key=contract.key)
    problems = check_text(contract, system_text=version.system_text, user_text=version.user_text)
    described = "; ".join(map(describe, problems))
    return found(
        "prompts.broken" if described else "prompts.good", key=contract.key, version=version, problems=described
    )
