# Every target prepares what it needs: Python 3.11 or newer, git and make are all that must be there.

PYTHON ?= python3
UV_VERSION := 0.13.9
BIN := .venv/bin
READY := .venv/.ready
JOBS ?= auto
# What `make test` runs on PostgreSQL too: the wire, row level security by pages, and the services that lock.
PORTION := tests/wire tests/dashboard/test_roles.py $(patsubst %,tests/services/test_%.py,confirmation customer idempotency order renewal standing)
# What `make test-postgresql` runs: all but the tests marked `sqlite` or `faults`, and a new test without further ado.
ON_POSTGRESQL := tests/storage tests/services tests/wire tests/api tests/dashboard

.DEFAULT_GOAL := help
.PHONY: help demo test test-postgresql postgresql check bench failover cluster faults browser-full screenshots chromium rules docs clean

help: ## say what each target does
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(READY) ## start the demo on http://127.0.0.1:8400
	@exec $(BIN)/agreegate demo $(DEMO)

test: $(READY) chromium postgresql ## run every test of the product, and say how long that took
	@began=$$(date +%s); \
	$(BIN)/pytest -n $(JOBS) --dist worksteal -m "not faults" -q && \
	$(BIN)/pytest $(PORTION) -n $(JOBS) --dist worksteal --engine postgresql -q && \
	$(BIN)/pytest tests/browser -n $(JOBS) --dist worksteal -m "not full" -q; \
	status=$$?; seconds=$$(($$(date +%s) - began)); \
	echo "make test took $$((seconds / 60)) min $$((seconds % 60)) s"; exit $$status

test-postgresql: $(READY) postgresql ## run the tests of storage, services, the wire, our API and pages on PostgreSQL
	$(BIN)/pytest $(ON_POSTGRESQL) -n $(JOBS) --dist worksteal -m "not faults" --engine postgresql -q

check: $(READY) ## format, lint, strict types, architecture, translations, words; no tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m tools.architecture
	$(BIN)/python -m tools.translations
	$(BIN)/python -m tools.words

bench: $(READY) ## measure, and print the ratios
	$(BIN)/uv sync --frozen --quiet --group bench
	$(BIN)/python -m bench

failover: $(READY) postgresql cluster ## fail a PostgreSQL cluster over under load, and look for lost confirmations
	$(BIN)/python -m failover

faults: $(READY) ## the long fault tests: killed processes, full disks, strangers who flood the server
	$(BIN)/pytest -m faults -q

browser-full: $(READY) chromium ## every flow in both languages, with scripts and without; every page light, dark and narrow
	$(BIN)/pytest tests/browser -n $(JOBS) --dist worksteal -q

screenshots: $(READY) chromium ## take the pictures of the READMEs again
	$(BIN)/python -m tools.screenshots

rules: $(READY) ## write docs/rules.md and the table that `agreegate rules` prints
	$(BIN)/python -m tools.generate_rules

docs: rules ## write the pages that are made from the code: docs/gate.md, docs/rules.md
	$(BIN)/python -m tools.generate_gate

postgresql:
	@test -n "$$(ls /usr/lib/postgresql/*/bin/postgres 2>/dev/null)" || command -v postgres >/dev/null || \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    apt-get update -q && apt-get install -q -y --no-install-recommends postgresql-15; \
	  else echo "PostgreSQL is missing. Install the package postgresql-15, or put initdb and postgres on the PATH."; exit 1; fi
	@test -x /usr/sbin/pgbouncer || command -v pgbouncer >/dev/null || \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    apt-get install -q -y --no-install-recommends pgbouncer; \
	  else echo "PgBouncer is missing. Install the package pgbouncer, or put it on the PATH."; exit 1; fi

# Debian's packages start services of their own; `policy-rc.d` is Debian's way to say that they shall not.
cluster:
	@missing=; for program in patroni etcd haproxy; do \
	  PATH="$$PATH:/usr/sbin" command -v $$program >/dev/null || missing="$$missing $$program"; \
	done; \
	if [ -n "$$missing" ]; then \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    test -e /usr/sbin/policy-rc.d || { made=1; printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d; chmod 755 /usr/sbin/policy-rc.d; }; \
	    apt-get update -q && apt-get install -q -y --no-install-recommends patroni etcd-server haproxy; status=$$?; \
	    test -z "$$made" || rm /usr/sbin/policy-rc.d; exit $$status; \
	  else echo "Missing:$$missing. Install the packages patroni, etcd-server and haproxy."; exit 1; fi; \
	fi

chromium:
	@test -n "$$CHROMIUM" || command -v chromium >/dev/null || command -v chromium-browser >/dev/null || \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    apt-get update -q && apt-get install -q -y --no-install-recommends chromium; \
	  else echo "Chromium is missing. Install the package chromium, or name one: CHROMIUM=/path/to/it make test"; exit 1; fi

clean: ## remove the virtual environment and caches
	rm -rf .venv .mypy_cache .ruff_cache .hypothesis

$(READY): pyproject.toml uv.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed. Name it: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    apt-get update -q && apt-get install -q -y python3-venv; \
	  else echo "Python's venv module is missing. Install the package python3-venv, then try again."; exit 1; fi
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	$(BIN)/uv sync --frozen --quiet
	@touch $@
