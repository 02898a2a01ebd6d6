# `make help` lists the targets. Everything is installed into .venv; running a target again is quick.

SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
MANAGE := $(BIN)/python manage.py

.DEFAULT_GOAL := help
.PHONY: help setup run test quick lint types contracts migrations tests unit-tests test-cluster format messages settings-docs browser nginx soak hostile pictures bench bench-quick clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed."; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); scripts/install.sh python3-venv && $(PYTHON) -m venv $(VENV); }

$(VENV)/run.stamp: $(BIN)/python requirements.txt constraints.txt
	@echo "Installing what the server needs into $(VENV). This takes about a minute."
	$(BIN)/python -m pip install --disable-pip-version-check --progress-bar off -r requirements.txt
	@touch $@

$(VENV)/dev.stamp: $(VENV)/run.stamp requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

$(VENV)/bench.stamp: $(VENV)/dev.stamp requirements-bench.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-bench.txt
	@touch $@

setup: $(VENV)/run.stamp ## Install, migrate, load the catalogue and the prompts, make an admin account
	@$(MANAGE) setup --all

run: setup ## Set everything up and start the server
	@exec $(MANAGE) serve

test: lint browser ## Check everything: lint, types, imports, migrations, tests
	@$(call beside_static_checks,tests)

quick: lint ## The same in short: without the tests that start a server or a browser (a minute)
	@$(call beside_static_checks,unit-tests)

# Runs a target while types, imports and migrations are checked. A failure of those is shown as soon as it is known.
define beside_static_checks
log=$$(mktemp); { $(MAKE) --no-print-directory types contracts migrations >$$log 2>&1 || { cat $$log >&2; false; }; } & \
	$(MAKE) --no-print-directory $(1); tests=$$?; wait $$!; checks=$$?; tail -n 3 $$log; rm -f $$log; \
	[ $$tests = 0 ] && [ $$checks = 0 ]
endef

lint: $(VENV)/dev.stamp ## Formatting and lint (ruff)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(VENV)/dev.stamp ## Types (mypy, strict)
	$(BIN)/mypy

contracts: $(VENV)/dev.stamp ## The direction of imports
	$(BIN)/lint-imports

migrations: $(VENV)/dev.stamp ## Missing migrations
	$(MANAGE) makemigrations --check --dry-run

tests: $(VENV)/dev.stamp browser ## Run only the tests
	$(BIN)/pytest

unit-tests: $(VENV)/dev.stamp # those that start neither a server nor a browser
	$(BIN)/pytest --ignore=tests/e2e -m 'not long and not server'

test-cluster: $(VENV)/dev.stamp browser nginx ## The tests again, on PostgreSQL and Redis (TEST_DATABASE_URL, TEST_REDIS_URL)
	@scripts/test-cluster.sh

soak: $(VENV)/dev.stamp nginx ## Test a cluster for ten minutes with two hundred people, while its processes are killed
	@scripts/test-cluster.sh --soak

hostile: $(VENV)/dev.stamp nginx ## Test one process and a cluster with fifty hostile and fifty ordinary clients (six minutes)
	@status=0; $(BIN)/python -m tests.e2e.hostile || status=1; \
		scripts/test-cluster.sh --hostile --processes 2 || status=1; exit $$status

format: $(VENV)/dev.stamp ## Format, and fix what ruff can fix
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

browser: # the browser that tests/e2e drives, with Korean fonts
	@command -v chromium-headless-shell >/dev/null || \
		scripts/install.sh chromium-headless-shell fonts-noto-cjk fonts-noto-color-emoji || command -v chromium

nginx: # tests/e2e puts it in front of several processes
	@command -v nginx >/dev/null || PATH=$$PATH:/usr/sbin command -v nginx >/dev/null || \
		scripts/install.sh nginx-light || true

messages: $(VENV)/dev.stamp ## Collect and compile translations (needs GNU gettext)
	$(MANAGE) makemessages --locale ko --no-wrap --no-obsolete --add-location file \
		--ignore '.venv/*' --ignore 'var/*' --ignore 'tests/*' --ignore 'benchmarks/*'
	$(MANAGE) compilemessages --locale ko --ignore '.venv/*'

settings-docs: $(VENV)/run.stamp ## Generate docs/settings.md from the settings
	$(BIN)/python -m leafresh.settings_docs

pictures: $(VENV)/dev.stamp browser ## Draw every state of the chat again for docs/chat-states.md (some ten minutes)
	$(BIN)/python -m tests.e2e.pictures

bench: $(VENV)/bench.stamp ## Measure the cost of streams, compared with a peer (sixteen to twenty minutes); see docs/performance.md
	@$(BIN)/python -m benchmarks

bench-quick: $(VENV)/bench.stamp ## The same with fewer runs (under two minutes)
	@$(BIN)/python -m benchmarks --quick

clean: ## Remove installed and built files, but not var/ with the database
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
