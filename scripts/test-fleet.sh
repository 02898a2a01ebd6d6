#!/usr/bin/env bash
# The tests again, on PostgreSQL and Redis: for `make test-fleet`. Arguments go to pytest.
#   TEST_DATABASE_URL  a PostgreSQL in which databases may be made; tests use some of their own, and remove them
#   TEST_REDIS_URL     a Redis; tests use keys of their own
set -uo pipefail
cd "$(dirname "$0")/.."
: "${TEST_DATABASE_URL:=postgres://root@127.0.0.1:5432/leafresh}" "${TEST_REDIS_URL:=redis://127.0.0.1:6379/0}"

answers() { # what it is called, the program that asks it
	.venv/bin/python -c "$2" 2>/dev/null || { echo "No test ran on PostgreSQL and Redis: $1 does not answer."; exit 1; }
}
answers "PostgreSQL (TEST_DATABASE_URL)" "
import psycopg, sys
from urllib.parse import urlsplit, urlunsplit
psycopg.connect(urlunsplit(urlsplit('''$TEST_DATABASE_URL''')._replace(path='/postgres')), connect_timeout=3).close()"
answers "Redis (TEST_REDIS_URL)" "
import redis
redis.Redis.from_url('''$TEST_REDIS_URL''', socket_timeout=3, socket_connect_timeout=3).ping()"

DATABASE_URL="$TEST_DATABASE_URL" REDIS_URL="$TEST_REDIS_URL" exec .venv/bin/pytest "$@"
