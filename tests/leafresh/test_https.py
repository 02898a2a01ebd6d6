"""Django's own checks report nothing for a server with production settings."""

import os
import subprocess
import sys
from pathlib import Path

from tests.e2e.server import ROOT

PRODUCTION = {
    "LEAFRESH_HTTPS": "true",
    "LEAFRESH_TRUSTED_PROXIES": "127.0.0.1",
    "LEAFRESH_ALLOWED_HOSTS": "chat.example.com",
    "DATABASE_URL": "postgres://leafresh:secret@127.0.0.1:1/leafresh",
    "REDIS_URL": "redis://:secret@127.0.0.1:1/0",
}
DEPLOY = ["manage.py", "check", "--deploy", "--fail-level", "WARNING"]

BY_DJANGOS_NAMES = """
import sys, django
from django.conf import settings
django.setup()
theirs = {"SecurityMiddleware": "security", "SessionMiddleware": "", "CsrfViewMiddleware": "csrf"}
theirs["XFrameOptionsMiddleware"] = "clickjacking"
for name, module in theirs.items():
    module = f"django.middleware.{module}" if module else "django.contrib.sessions.middleware"
    settings.MIDDLEWARE[settings.MIDDLEWARE.index(f"chatbot.middleware.{name}")] = f"{module}.{name}"
settings.SILENCED_SYSTEM_CHECKS = []
from django.core.checks import run_checks
found = [it.id for it in run_checks(include_deployment_checks=True)]
print(*sorted(it for it in found if it.startswith('security.')))
"""


def run(tmp_path: Path, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LEAFRESH_", "DATABASE_URL"))}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**kept, "DJANGO_SETTINGS_MODULE": "leafresh.settings", "LEAFRESH_DATA_DIR": str(tmp_path), **env},
        capture_output=True,
        text=True,
        check=False,
    )


def test_nothing_is_to_be_said_of_a_server_for_production(tmp_path: Path) -> None:
    checked = run(tmp_path, *DEPLOY, **PRODUCTION)
    assert (checked.returncode, checked.stderr) == (0, "")
    assert checked.stdout == "System check identified no issues (4 silenced).\n"


def test_a_server_without_https_is_told(tmp_path: Path) -> None:
    checked = run(tmp_path, *DEPLOY)
    assert checked.returncode == 1
    assert "SESSION_COOKIE_SECURE" in checked.stderr


def test_a_short_key_and_error_pages_are_told(tmp_path: Path) -> None:
    checked = run(tmp_path, *DEPLOY, **PRODUCTION, LEAFRESH_SECRET_KEY="short", LEAFRESH_DEBUG="true")
    assert checked.returncode == 1
    assert "security.W009" in checked.stderr
    assert "security.W018" in checked.stderr


def test_djangos_checks_find_nothing_either_when_they_know_the_middleware_for_djangos(tmp_path: Path) -> None:
    """But what the owner of the domain decides: HSTS for its subdomains, and in the browsers' lists."""
    assert run(tmp_path, "-c", BY_DJANGOS_NAMES, **PRODUCTION).stdout == "security.W005 security.W021\n"


def test_https_needs_to_know_who_speaks_it(tmp_path: Path) -> None:
    checked = run(tmp_path, "manage.py", "check", LEAFRESH_HTTPS="true")
    assert checked.returncode == 1
    assert checked.stderr == (
        "LEAFRESH_HTTPS needs LEAFRESH_TRUSTED_PROXIES, the addresses or networks of the proxies that speak HTTPS.\n"
    )
