# Everything runs in .venv, made on first use. `make` alone lists what there is.
PYTHON ?= python3
BIN := .venv/bin
JOBS ?= 2
PROGRAMS ?= 500
SEED ?=

.PHONY: help preview demo test check engine evaluator trino browser bench fuzz format
.DEFAULT_GOAL := help

help:  ## This list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

preview: $(BIN)/costtags  ## Judge the example environment: no Pulumi CLI, no AWS credentials
	$(BIN)/costtags preview --stack dev

demo: .venv/dev  ## Audit and repair an account that exists on this machine only, report on a made-up bill: no credentials
	@$(BIN)/python -m demo

test: check engine evaluator trino browser  ## Types, lint, then all tests, those on the real Pulumi engine too
	COSTTAGS_REQUIRE_ENGINE=1 $(BIN)/python -m pytest -n $(JOBS)

check: .venv/dev  ## Types, lint, generated files
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/python scripts/make_taggable.py --check
	$(BIN)/costtags json-schema | diff - tags.schema.json

engine: .venv/dev  ## A real Pulumi CLI for the tests: the one on PATH, or one built once into the user's cache
	$(BIN)/python tests/engine/get.py

evaluator: .venv/dev  ## An IAM policy evaluator for the tests: installed once into the user's cache (Node.js, npm)
	$(BIN)/python tests/evaluator/get.py

trino: .venv/dev  ## Trino, which Athena is built on, for the tests of the queries: fetched once (a JDK 17, Maven)
	$(BIN)/python tests/trino/get.py

browser: .venv/dev  ## Chromium, for the tests of the report's page: the one on PATH, or Debian's package
	$(BIN)/python tests/browser/get.py

bench: .venv/dev engine  ## Speed, as ratios measured side by side
	$(BIN)/python benchmarks/run.py
	$(BIN)/python benchmarks/report.py

fuzz: .venv/dev engine  ## Random programs on both engines: make fuzz PROGRAMS=2000 [SEED=...]
	$(BIN)/python -m tests.fuzz --programs $(PROGRAMS) --seed "$(SEED)" --jobs $(JOBS)

format: .venv/dev  ## Format and mend what lint can mend
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

.venv/made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "costtags needs Python 3.11 or newer; name one: make PYTHON=python3.12 ..." >&2; exit 1; }
	$(PYTHON) -m venv .venv
	@touch $@

$(BIN)/costtags: .venv/made pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

.venv/dev: $(BIN)/costtags
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@
