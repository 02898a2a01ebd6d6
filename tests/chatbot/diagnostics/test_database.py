from pathlib import Path

import pytest
from asgiref.sync import async_to_sync
from django.core.checks import run_checks
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from pytest_django import Settings

from challenges.coverage import Coverage
from challenges.models import Challenge
from chatbot.cluster import heartbeat
from chatbot.cluster.heartbeat import Heartbeat
from chatbot.cluster.redis import RedisClient
from chatbot.diagnostics import database
from chatbot.diagnostics.deployment import TAG
from chatbot.models import PromptTemplate, PromptVersion
from chatbot.prompts.contracts import TEMPLATES
from tests.chatbot.diagnostics.recordings import level_and_message, levels
from tests.e2e import redis_server


@pytest.mark.django_db
def test_a_database_that_is_ready() -> None:
    assert database.unusable(timeout=5) is None
    assert list(map(level_and_message, database.check_database()))[:2] == [
        ("ok", f"The database answers ({connection.vendor})."),
        ("ok", "Every migration is applied."),
    ]


@pytest.mark.django_db
def test_pending_migrations_are_named() -> None:
    applied = MigrationRecorder(connection).migration_qs.filter(app="chatbot")
    newest = max(applied.values_list("name", flat=True))
    MigrationRecorder(connection).record_unapplied("chatbot", newest)
    finding = list(database.check_database())[1]
    assert levels([finding]) == ["fault"]
    assert f"chatbot.{newest}" in finding.msg
    assert finding.hint == "python manage.py migrate"


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL's databases are no files")
def test_a_file_that_is_missing_is_not_made(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "db.sqlite3"
    monkeypatch.setitem(connection.settings_dict, "NAME", str(file))
    finding = database.unusable(timeout=5)
    assert finding is not None
    assert level_and_message(finding) == ("fault", f"The database file {file} does not exist.")
    assert finding.hint == "python manage.py migrate, or correct DATABASE_URL."
    assert not file.exists()
    assert run_checks(tags=[TAG], include_deployment_checks=True, databases=["default"]) == [finding]


@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "postgresql", reason="a server can be away, a file is there or not")
def test_a_database_server_that_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(connection.settings_dict, "PORT", "1")
    finding = database.unusable(timeout=5)
    assert finding is not None
    assert finding.msg.startswith("The database (postgresql) does not answer: ")
    assert finding.hint == "Start it, or correct DATABASE_URL, then try: python manage.py migrate --check"


@pytest.mark.parametrize(("mode", "level"), [("wal", "ok"), ("memory", "ok"), ("delete", "fault")])
def test_journal_modes(mode: str, level: str) -> None:
    assert levels([database.judge_journal(mode)]) == [level]


@pytest.mark.django_db
def test_the_deployment_check_reports_what_is_wrong_and_nothing_else() -> None:
    def reported(*, deployment: bool = True, databases: list[str] | None = None) -> list[str | None]:
        found = run_checks(tags=[TAG], include_deployment_checks=deployment, databases=databases)
        return [finding.id for finding in found]

    assert reported(databases=["default"]) == []
    PromptTemplate.objects.filter(key="base-info").update(live_version=None)
    Challenge.objects.update(active=False)
    assert reported(databases=["default"]) == ["leafresh.catalogue.empty", "leafresh.prompts.none"]
    assert reported() == []  # without --database, the command asks none
    assert reported(deployment=False, databases=["default"]) == []  # nor does migrate


def covered(**counts: int) -> Coverage:
    cells = {(key, "city", "office"): count for key, count in counts.items()}
    return Coverage((), (), (), counts=cells, totals=counts)


@pytest.mark.django_db
def test_the_curated_catalogue_covers_every_selection() -> None:
    assert level_and_message(database.check_catalog()) == (
        "ok",
        "At least 6 challenges suit each of the 128 selections.",
    )


@pytest.mark.django_db
def test_an_empty_catalogue_cannot_answer() -> None:
    Challenge.objects.update(active=False)
    assert levels([database.check_catalog()]) == ["fault"]


def test_thin_selections_are_named() -> None:
    finding = database.check_catalog(covered(VEGAN=5, MEDIA=6, PLOGGING=0))
    assert level_and_message(finding) == (
        "warning",
        "2 of 3 selections have fewer than 6 suitable challenges: VEGAN/city/office (5), PLOGGING/city/office (0).",
    )
    assert finding.hint == "python manage.py setup, or add challenges for them in the admin."


def test_not_all_of_many_are_named() -> None:
    message = database.check_catalog(covered(**{f"C{number}": 1 for number in range(25)})).msg
    assert message.endswith("C19/city/office (1) and 5 more.")


@pytest.mark.django_db
def test_the_first_versions_are_good() -> None:
    assert levels(database.check_prompts()) == ["ok"] * len(TEMPLATES)


@pytest.mark.django_db
def test_a_template_without_a_live_version() -> None:
    PromptTemplate.objects.filter(key="base-info").update(live_version=None)
    finding = database.check_prompts()[0]
    assert level_and_message(finding) == (
        "fault",
        "The prompt base-info has no live version, so nothing can be recommended with it.",
    )
    assert finding.hint == "python manage.py setup, or publish a version in the admin."


@pytest.mark.django_db
def test_a_live_version_that_breaks_its_contract() -> None:
    template = PromptTemplate.objects.get(key="base-info")
    system_text = "{{weather}} {{location}} {{workType}} {{output_format}}"
    version = PromptVersion.objects.create(template=template, number=2, system_text=system_text, user_text=" ")
    PromptTemplate.objects.update(live_version=version)
    assert database.check_prompts()[0].msg == (
        f"The live prompt {version} breaks its contract: "
        "its user text is blank; it uses the unknown variable {{weather}}; it lacks {{category}}."
    )


@pytest.mark.django_db
def test_every_template_is_examined() -> None:
    template = PromptTemplate.objects.get(key="free-text")
    version = PromptVersion.objects.create(template=template, number=2, system_text="{{output_format}}", user_text="x")
    PromptTemplate.objects.filter(pk=template.pk).update(live_version=version)
    assert list(map(level_and_message, database.check_prompts()))[1] == (
        "fault",
        "The live prompt free-text@2 breaks its contract: "
        "it lacks {{message}}; it lacks {{history}}; it lacks {{context}}; it lacks {{category}}.",
    )


def test_one_process_needs_no_redis(settings: Settings) -> None:
    settings.REDIS_URL = ""
    assert level_and_message(database.check_redis()) == (
        "ok",
        "REDIS_URL is not set: one process alone serves the database.",
    )


@pytest.mark.skipif(redis_server.EXECUTABLE is None, reason="needs redis-server (Debian's package redis-server)")
def test_redis_is_asked(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat, "ALIVE_SECONDS", 600)  # a busy machine
    settings.LEAFRESH_REDIS_PREFIX = "here"

    async def beat(prefix: str, process: str) -> None:
        client = RedisClient(settings.REDIS_URL, prefix)
        await Heartbeat(client, process).beat()
        await client.close()

    with redis_server.RunningRedis() as redis:
        settings.REDIS_URL = redis.url
        for prefix, process in (("here", "one"), ("here", "other"), ("elsewhere", "third")):
            async_to_sync(beat)(prefix, process)
        answered = level_and_message(database.check_redis())
    silent = database.check_redis()
    assert answered == ("ok", "Redis takes commands. Processes of this installation that live at the moment: 2.")
    assert levels([silent]) == ["fault"]
    assert silent.msg.startswith("Redis does not take commands: ")
    assert "tested" not in silent.msg  # the password
