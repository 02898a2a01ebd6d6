"""The machine on which was measured, in words."""

import os
import platform
from importlib.metadata import version
from pathlib import Path

import psutil

PACKAGES = ("Django", "daphne", "django-eventstream", "langchain-openai", "fastapi", "sse-starlette", "uvicorn")


def describe() -> dict[str, str]:
    """What matters for the figures: processor, memory, system, Python, versions, and how busy the machine was."""
    load = os.getloadavg()
    return {
        "processor": f"{os.cpu_count()} × {_processor()}",
        "memory": f"{psutil.virtual_memory().total / 2**30:.1f} GiB",
        "system": f"{platform.system()} {platform.release().partition('-')[0]}, {platform.machine()}",
        "python": platform.python_version(),
        "packages": ", ".join(f"{name} {version(name)}" for name in PACKAGES),
        "load before": f"{load[0]:.2f} in the last minute, {load[1]:.2f} in five",
    }


def _processor() -> str:
    """Its name, or what the system tells instead; with its clock where that is known."""
    lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    facts = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    name = facts.get("model name") or platform.machine()
    return f"{name} at {float(facts['cpu MHz']) / 1000:.1f} GHz" if "cpu MHz" in facts else name
