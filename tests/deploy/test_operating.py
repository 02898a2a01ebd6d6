"""docs/operating.md names what there is."""

import inspect
import re
import shlex
import sqlite3
import subprocess
import sys
from pathlib import Path

from chatbot.api import monitoring
from tests.deploy.documents import ROOT, setting_names

TEXT = (ROOT / "docs/operating.md").read_text("utf-8")
OF_COMPOSE = {"LEAFRESH_HTTP_PORT", "LEAFRESH_VERSION"}


def test_settings_are_settings() -> None:
    named = set(re.findall(r"\bLEAFRESH_[A-Z_]+\b", TEXT)) - OF_COMPOSE
    assert len(named) > 10
    assert named <= setting_names()


def test_metrics_are_metrics() -> None:
    gauges = "".join(map(inspect.getsource, (monitoring.gauges, monitoring.model_states)))
    offered = {f"leafresh_{name}" for name in re.findall(r'(?:Gauge|Counts)\("(\w+)"', gauges)}
    offered |= {
        f"leafresh_{name}_total" for name in re.findall(r'Counts\("(\w+)"', inspect.getsource(monitoring.counters))
    }
    named = set(re.findall(r"\bleafresh_[a-z_]+\b", TEXT))
    assert len(named) > 5
    assert named <= offered


def test_files_are_there() -> None:
    for path in re.findall(r"\b(?:deploy|docs)/[\w./-]*\w", TEXT):
        assert (ROOT / path).exists(), path
    for place in re.findall(r"\]\(#([\w-]+)\)", TEXT):
        assert any(re.sub(r"\W+", "-", title.lower()) == place for title in re.findall(r"^#+ (.+)$", TEXT, re.M)), place


def test_log_lines_in_the_docs_exist() -> None:
    sources = "".join(path.read_text("utf-8") for path in (ROOT / "chatbot").rglob("*.py"))
    for line in ("Redis does not answer", "Redis answers again", "the ends of generations are written later"):
        assert line in TEXT
        assert line in sources


def test_the_backup_of_sqlite_is_one(tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    with sqlite3.connect(tmp_path / "var/db.sqlite3") as database:
        database.execute("CREATE TABLE kept (it)")
    found = re.search(r"^\.venv/bin/python (-c \"import sqlite3.*)$", TEXT, re.MULTILINE)
    assert found is not None
    subprocess.run([sys.executable, *shlex.split(found[1])], cwd=tmp_path, check=True)
    copied = sqlite3.connect(tmp_path / "backup.sqlite3").execute("SELECT name FROM sqlite_master").fetchall()
    assert copied == [("kept",)]
