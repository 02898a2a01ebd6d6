"""The alarm rules: Prometheus accepts them, and they watch what the server really tells."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from asgiref.sync import async_to_sync
from pytest_django import Settings

from chatbot.api.monitoring import counters, gauges, histograms
from tests.deploy.documents import DEPLOY

RULES = DEPLOY / "prometheus" / "alarms.yaml"


def _rules() -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


def _promtool(*arguments: str | Path) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed (Debian's package prometheus has it)")
    checked = subprocess.run([promtool, *arguments], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_promtool_accepts_the_rules() -> None:
    _promtool("check", "rules", RULES)


def test_a_model_that_is_down_raises_an_alarm() -> None:
    _promtool("test", "rules", Path(__file__).parent / "alarms.test.yaml")


def test_every_alarm_says_what_it_means_and_how_bad_it_is() -> None:
    for rule in _rules():
        assert rule["labels"]["severity"] in {"critical", "warning"}
        assert set(rule["annotations"]) == {"summary", "description"}
        assert re.fullmatch(r"\d+m", rule["for"])


async def _told() -> set[str]:
    names = {gauge.name for gauge in gauges()} | {f"{counter.name}_total" for counter in counters()}
    return {f"leafresh_{name}" for name in names | {f"{times.name}_bucket" for times in histograms()}}


def test_alarms_watch_what_the_server_tells(settings: Settings) -> None:
    settings.REDIS_URL = ""
    told = async_to_sync(_told)() | {"leafresh_redis_up"}  # with Redis alone
    watched = {name for rule in _rules() for name in re.findall(r"leafresh_\w+", rule["expr"])}
    assert watched - told == set()
