#!/usr/bin/env bash
# The tests again, on PostgreSQL and Redis, for `make test-cluster`. Arguments go to pytest; after --soak or --hostile, to
# those programs.
#   TEST_DATABASE_URL  a PostgreSQL where the role may create databases (by default the role of the same name). The tests
#                      create some and drop them.
#   TEST_REDIS_URL     a Redis for the servers that tests start. Each server has a key prefix. Tests in pytest's own
#                      process, where event loops are short, run without Redis.
set -uo pipefail
cd "$(dirname "$0")/.."
export DATABASE_URL="${TEST_DATABASE_URL:-postgres://127.0.0.1:5432/leafresh}"
export TEST_REDIS_URL="${TEST_REDIS_URL:-redis://127.0.0.1:6379/0}"
unset REDIS_URL
missing=1
if [ "${1:-}" = --if-there ]; then # for machines that may have neither: says so and succeeds
	missing=0
	shift
fi

require() { # a name, a program that fails when the service does not answer
	.venv/bin/python -c "$2" 2>/dev/null || { echo "SKIPPED: no test ran on PostgreSQL and Redis: $1 does not answer."; exit $missing; }
}
require "PostgreSQL (TEST_DATABASE_URL)" "
import os, psycopg, urllib.parse
url = urllib.parse.urlsplit(os.environ['DATABASE_URL'])._replace(path='/postgres')
psycopg.connect(urllib.parse.urlunsplit(url), connect_timeout=3).close()"
require "Redis (TEST_REDIS_URL)" "
import os, redis
redis.Redis.from_url(os.environ['TEST_REDIS_URL'], socket_timeout=3, socket_connect_timeout=3).ping()"

case "${1:-}" in
--soak | --hostile)
	module="tests.e2e.${1#--}"
	shift
	exec .venv/bin/python -m "$module" "$@"
	;;
esac
exec .venv/bin/pytest "$@"
