# The two commands: `make up` (the main job on real input) and `make test`. `make help` lists the rest.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STACK ?= local
PREVIEW_ARGS ?=
PYTEST_ARGS ?=

export PYTHONDONTWRITEBYTECODE := 1

.PHONY: help install up down preview test lint lock format bench clean

help: ## List the targets.
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

install: $(VENV)/.installed node_modules/.installed ## Install the locked dependencies into .venv and node_modules.

$(VENV)/.installed: requirements.lock tools/uv.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11 …")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes --requirement tools/uv.lock
	$(BIN)/uv pip sync --quiet --require-hashes --compile-bytecode requirements.lock
	$(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

node_modules/.installed: package-lock.json
	npm ci --no-audit --no-fund --loglevel=error
	touch $@

up: install ## Deploy the local stack with the real engine and ask it about real faces, readings and sounds.
	$(BIN)/edgewise up --demo

down: install ## Stop the local edge and destroy the local stack.
	$(BIN)/edgewise down

preview: install ## Preview a stack without any cloud: make preview STACK=prod PREVIEW_ARGS=--diff
	$(BIN)/edgewise preview $(STACK) -- $(PREVIEW_ARGS)

lint: install ## Run ruff, mypy --strict and eslint.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	npm run --silent lint

lock: install ## Resolve the locks again from pyproject.toml and every *.in file.
	bash tools/lock.sh $(BIN)/uv

format: install ## Format the code and mend what can be mended safely.
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# What only computes runs two files at a time, the longest first; what deploys is watched for seconds and cents, and runs alone.
TOGETHER := tests/policies tests/engine tests/unit tests/properties

test: lint ## Lint, then run every test.
	$(BIN)/python tools/ensure_pulumi.py
	$(BIN)/pytest -n 2 --dist loadfile $(TOGETHER) $(PYTEST_ARGS)
	$(BIN)/pytest $(TOGETHER:%=--ignore=%) $(PYTEST_ARGS)

bench: install ## Measure: cold start, warm latency, the whole path, 200 months of adversaries, the packs beside checkov. Asserts no time.
	$(BIN)/pytest benchmarks $(PYTEST_ARGS)

clean: ## Remove what was built here; the caches outside the checkout stay.
	@if [ -e .edgewise/run/local-edge.json ]; then echo 'the local edge is running: run `make down` first' >&2; exit 1; fi
	rm -rf .edgewise build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .benchmarks $(VENV) node_modules
