"""deploy/systemd: the units are well formed, and a process has time to end."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.deploy.documents import BEHIND_SECONDS, DEPLOY, setting_names, variables

DIRECTORY = DEPLOY / "systemd"
SERVICES = sorted(DIRECTORY.glob("*.service"))
EXAMPLE = DIRECTORY / "leafresh.env.example"


def values(path: Path, name: str) -> list[str]:
    return re.findall(rf"^{name}=(.*)$", path.read_text("utf-8"), re.MULTILINE)


def test_a_process_has_time_to_end() -> None:
    unit = DIRECTORY / "leafresh@.service"
    drain = int(variables(EXAMPLE)["LEAFRESH_DRAIN_SECONDS"])
    assert int(values(unit, "TimeoutStopSec")[0]) >= drain + BEHIND_SECONDS
    assert values(unit, "KillSignal") == ["SIGTERM"]
    assert values(unit, "KillMode") == ["mixed"]
    assert values(unit, "Restart") == ["always"]


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_every_service_is_the_same_program_with_few_rights(unit: Path) -> None:
    first = SERVICES[0]
    for name in ("User", "WorkingDirectory", "StateDirectory", "Environment", "EnvironmentFile"):
        assert values(unit, name) == values(first, name) != []
    rights = [line for line in unit.read_text("utf-8").splitlines() if re.match(r"(Protect|Restrict|Private)", line)]
    assert len(rights) >= 14
    assert values(unit, "NoNewPrivileges") == ["yes"]
    assert values(unit, "ProtectSystem") == ["strict"]
    assert values(unit, "CapabilityBoundingSet") == [""]
    assert " manage.py " in values(unit, "ExecStart")[0]


def test_processes_listen_on_this_machine_alone() -> None:
    assert " serve --host 127.0.0.1 --port %i'" in values(DIRECTORY / "leafresh@.service", "ExecStart")[0]


def test_a_process_stays_with_the_version_that_it_began_with(tmp_path: Path) -> None:
    python = tmp_path / "version/.venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho "$0" "$@"\n')
    python.chmod(0o755)
    (tmp_path / "link").symlink_to(tmp_path / "version")
    script = values(DIRECTORY / "leafresh-setup.service", "ExecStart")[0]
    command = shlex.split(script.replace("$$", "$"))
    said = subprocess.run(command, cwd=tmp_path / "link", capture_output=True, text=True, check=True).stdout
    assert said == f"{python} manage.py setup\n"


def test_every_variable_is_a_setting_and_no_secret_is_real() -> None:
    offered = variables(EXAMPLE)
    assert set(offered) - setting_names() == {"OPENAI_API_KEY"}
    assert offered["LEAFRESH_SECRET_KEY"] == offered["OPENAI_API_KEY"] == ""
    assert ":PASSWORD@" in offered["DATABASE_URL"]


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze")
def test_systemd_reads_the_units(tmp_path: Path) -> None:
    for unit in (*SERVICES, *DIRECTORY.glob("*.timer")):
        name = unit.name.replace("@.", "@8001.")
        shutil.copy(unit, tmp_path / name)
    read = subprocess.run(
        ["systemd-analyze", "verify", *map(str, sorted(tmp_path.iterdir()))],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
    )
    about_ours = [line for line in read.stderr.splitlines() if "leafresh" in line]
    assert (read.returncode, about_ours) == (0, [])
