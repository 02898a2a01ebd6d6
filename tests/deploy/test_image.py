"""deploy/Dockerfile: what it copies, who runs it, and its commands as far as they work without an engine."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from tests.deploy.documents import DEPLOY, ROOT
from tests.e2e.server import RunningServer

DOCKERFILE = (DEPLOY / "Dockerfile").read_text("utf-8")
STEPS = re.sub(r"^#.*\n", "", DOCKERFILE, flags=re.MULTILINE).replace("\\\n", "")


def copied() -> set[str]:
    """The paths of the project that the image gets."""
    steps = re.findall(r"^COPY (?!--from)(.*) \S+$", STEPS, re.MULTILINE)
    return {path for step in steps for path in step.split()}


def test_what_is_copied_is_there_and_is_let_in_and_nothing_else() -> None:
    let_in = re.findall(r"^!(\S+)$", (ROOT / ".dockerignore").read_text("utf-8"), re.MULTILINE)
    assert copied() == set(let_in)
    assert all((ROOT / path).exists() for path in let_in)
    assert (ROOT / ".dockerignore").read_text("utf-8").splitlines()[1] == "*"


def test_every_part_of_the_program_is_copied() -> None:
    own = {app for app in settings.INSTALLED_APPS if (ROOT / app).is_dir()}
    assert {*own, "leafresh", "locale", "manage.py"} <= copied()


def test_it_runs_as_nobody_special_and_holds_no_secret() -> None:
    users = re.findall(r"^USER (\S+)$", STEPS, re.MULTILINE)
    assert users == ["10001:10001"]
    assert not re.search(r"^(ENV|ARG) .*(SECRET|PASSWORD|KEY|URL)", STEPS, re.MULTILINE)


def test_collecting_static_files_leaves_no_key(tmp_path: Path) -> None:
    found = re.search(r"LEAFRESH_SECRET_KEY=(\S+) python (manage\.py collectstatic .*)$", STEPS, re.MULTILINE)
    assert found is not None
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LEAFRESH_", "DATABASE_URL"))}
    env = {**kept, "LEAFRESH_DATA_DIR": str(tmp_path), "LEAFRESH_SECRET_KEY": found[1]}
    subprocess.run([sys.executable, *found[2].split()], cwd=ROOT, env=env, check=True)
    assert [path.name for path in tmp_path.iterdir()] == ["static"]
    assert (tmp_path / "static/chatbot/leafresh-chat.js").is_file()


@pytest.mark.server
def test_its_health_check_finds_a_living_server_and_no_other() -> None:
    found = re.search(r"^HEALTHCHECK .*? CMD (\[.*\])$", STEPS, re.MULTILINE)
    assert found is not None
    command = [sys.executable, *json.loads(found[1])[1:]]
    with RunningServer(env={"LEAFRESH_ALLOWED_HOSTS": "chat.example.com"}) as server:
        env = {**os.environ, "LEAFRESH_PORT": str(server.port)}
        assert subprocess.run(command, env=env, check=False).returncode == 0
    assert subprocess.run(command, env=env, stderr=subprocess.DEVNULL, check=False).returncode != 0
