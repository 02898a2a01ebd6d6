"""compose.yaml: what is open, what is secret, what waits for what. No container is started here."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.documents import (
    BEHIND_SECONDS,
    DEPLOY,
    ROOT,
    document,
    seconds,
    setting_names,
    unless_set,
    variables,
)

COMPOSE = document(ROOT / "compose.yaml")
SERVICES: dict[str, Any] = COMPOSE["services"]
WEB = ["web1", "web2"]
PROGRAM = [*WEB, "setup", "purge"]
EXAMPLE = DEPLOY / "compose/example.env"
SECRETS = ("LEAFRESH_SECRET_KEY", "POSTGRES_PASSWORD", "REDIS_PASSWORD")


def test_nginx_alone_can_be_reached_from_outside() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["nginx"]
    assert all("network_mode" not in service for service in SERVICES.values())
    assert COMPOSE["networks"]["back"]["internal"] is True
    for name in ("postgres", "redis"):
        assert SERVICES[name]["networks"] == ["back"]
    assert set(SERVICES["nginx"]["networks"]) == {"front"}


def test_no_secret_is_in_the_files() -> None:
    for name in SECRETS:
        assert variables(EXAMPLE)[name] == ""
        assert f"${{{name}:?" in (ROOT / "compose.yaml").read_text("utf-8")
    assert ".env" in (ROOT / ".gitignore").read_text("utf-8").splitlines()


def test_every_variable_is_a_setting_or_composes() -> None:
    known = {*setting_names(), "POSTGRES_PASSWORD", "REDIS_PASSWORD", "COMPOSE_FILE", "OPENAI_API_KEY"}
    read = "".join(path.read_text("utf-8") for path in (ROOT / "compose.yaml", DEPLOY / "compose/https.yaml"))
    assert set(variables(EXAMPLE)) - known <= set(re.findall(r"\$\{(\w+)", read))
    for name in PROGRAM:
        assert set(SERVICES[name]["environment"]) <= known


@pytest.mark.parametrize("name", WEB)
def test_a_process_has_time_to_end(name: str) -> None:
    drain = int(unless_set(SERVICES[name]["environment"]["LEAFRESH_DRAIN_SECONDS"]))
    assert seconds(unless_set(SERVICES[name]["stop_grace_period"])) >= drain + BEHIND_SECONDS


def test_everything_waits_for_what_it_needs() -> None:
    healthy, done = {"condition": "service_healthy"}, {"condition": "service_completed_successfully"}
    assert SERVICES["setup"]["depends_on"] == {"postgres": healthy}
    assert SERVICES["nginx"]["depends_on"] == dict.fromkeys(WEB, healthy)
    for name in WEB:
        assert SERVICES[name]["depends_on"] == {"setup": done, "redis": healthy}
    for name in ("nginx", "postgres", "redis"):
        assert SERVICES[name]["healthcheck"]["test"]


def test_nginx_knows_the_processes_and_they_trust_it_alone() -> None:
    upstream = (DEPLOY / "compose/upstream.conf").read_text("utf-8")
    addresses = [SERVICES[name]["networks"]["front"]["ipv4_address"] for name in WEB]
    assert re.findall(r"^    server (\S+):8000 ", upstream, re.MULTILINE) == addresses
    for name in PROGRAM:
        trusted = SERVICES[name]["environment"]["LEAFRESH_TRUSTED_PROXIES"]
        assert trusted == SERVICES["nginx"]["networks"]["front"]["ipv4_address"]


@pytest.mark.parametrize("file", ["compose.yaml", "deploy/compose/https.yaml"])
def test_what_is_mounted_is_there(file: str) -> None:
    sources = [volume.partition(":")[0] for volume in document(ROOT / file)["services"]["nginx"]["volumes"]]
    mounted = [source for source in sources if source.startswith("./")]
    assert mounted
    for source in mounted:
        assert (ROOT / source).is_file(), source


def test_the_image_is_built_once_and_never_looked_for_elsewhere() -> None:
    assert [name for name in PROGRAM if "build" in SERVICES[name]] == ["setup"]
    assert {SERVICES[name]["pull_policy"] for name in PROGRAM} == {"never"}
    assert len({SERVICES[name]["image"] for name in PROGRAM}) == 1


def test_https_reaches_every_process() -> None:
    over = document(DEPLOY / "compose/https.yaml")["services"]
    assert {name for name in over if over[name].get("environment") == {"LEAFRESH_HTTPS": "true"}} == set(PROGRAM)


def test_the_program_changes_nothing_of_its_own() -> None:
    for name in PROGRAM:
        assert SERVICES[name]["read_only"] is True
        assert SERVICES[name]["cap_drop"] == ["ALL"]


def _compose() -> list[str]:
    """Docker Compose, when there is one; it needs no engine to read a file."""
    for command in (["docker", "compose"], ["docker-compose"]):
        if shutil.which(command[0]):
            asked = subprocess.run([*command, "version"], capture_output=True, check=False)
            if asked.returncode == 0:
                return command
    return []


@pytest.mark.skipif(not _compose(), reason="needs Docker Compose")
@pytest.mark.parametrize("files", [["compose.yaml"], ["compose.yaml", "deploy/compose/https.yaml"]])
def test_docker_compose_reads_it(tmp_path: Path, files: list[str]) -> None:
    shutil.copytree(DEPLOY, tmp_path / "deploy")
    text = (ROOT / "compose.yaml").read_text("utf-8")
    if _compose() == ["docker-compose"]:  # the old one knows no name
        text = text.replace("\nname: leafresh\n", "\n")
    (tmp_path / "compose.yaml").write_text(text)
    filled = re.sub(rf"^({'|'.join(SECRETS)})=$", r"\1=abc", EXAMPLE.read_text("utf-8"), flags=re.MULTILINE)
    (tmp_path / ".env").write_text(f"{filled}\nLEAFRESH_CERTIFICATES=/etc/ssl/leafresh\n")
    options = [option for file in files for option in ("-f", file)]
    read = subprocess.run([*_compose(), *options, "config"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert read.returncode == 0, read.stderr
    assert "postgres://leafresh:abc@postgres:5432/leafresh" in read.stdout
