"""The embedded default is light: it imports nothing of Redis or the doctor's visit, and not the PostgreSQL driver."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

PROGRAM = """
import sys
import leafresh.asgi
from chatbot.management.commands import serve
from chatbot.api import monitoring
from chatbot import service
names = {"redis", "hiredis", "channels_redis", "django_redis", "prometheus_client", "msgpack", "psycopg"}
names |= {"psutil", "httpx_sse"}
print(sorted(names & set(sys.modules)))
"""


def test_without_a_fleet_no_package_of_one_is_imported(tmp_path: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}
    env = {**kept, "LEAFRESH_DATA_DIR": str(tmp_path)}
    run = subprocess.run([sys.executable, "-c", PROGRAM], cwd=ROOT, env=env, capture_output=True, text=True, check=True)
    assert run.stdout == "[]\n"
