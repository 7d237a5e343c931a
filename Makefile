# Sickbay: everything a person does with it. `make help` lists it.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run install test prove check cover mutants walks bench lock format docs clean node

PY := .venv/bin/python
PIP := $(PY) -m pip --disable-pip-version-check
ARGS ?=
COMPILE := uv pip compile -q --universal --generate-hashes --python-version 3.11 --no-header --no-emit-index-url --no-annotate

help:  ## this list
	@sed -nE 's/^([a-z]+):[^#]*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

run: .venv/.runtime  ## serve on http://localhost:7425 (more: make run ARGS="--port 0 --ephemeral")
	@exec $(PY) -m sickbay serve $(ARGS)

install: .venv/.runtime  ## into .venv, as the first run does it: for CI

test: .venv/.dev node  ## all tests, in real Chromium too
	@tools/system chromium postgres
	$(PY) -m pytest -q -n 2 --dist loadgroup $(ARGS)

prove: .venv/.dev node  ## the long counts: mutations, crashes, power cuts; and all tests with every cache off
	@tools/system chromium postgres
	$(PY) -m pytest -q -m prove $(ARGS)
	SICKBAY_CACHES=off $(PY) -m pytest -q -n 2 --dist loadgroup $(ARGS)

check: .venv/.dev cover  ## formatting, lint, types, the column, coverage, and the checks of tools/checks
	$(PY) -m ruff format --check src tests tools bench
	$(PY) -m ruff check src tests tools bench
	$(PY) -m mypy
	.venv/bin/lint-imports
	$(PY) tools/check.py

cover: .venv/.dev  ## branch coverage of what decides, authorization and protocol: 100 % by their own tests, no pragmas
	@mkdir -p build
	$(PY) -m coverage run -m pytest -q --no-header tests/authorization tests/protocol
	$(PY) -m coverage report

mutants: .venv/.mutants  ## mutation testing of authorization: at least 90 % killed, survivors with a reason in docs/mutants.md
	$(PY) tools/mutants.py $(ARGS)

walks: .venv/.dev  ## the files that four cold requests enter (all of them: make walks ARGS=--list)
	$(PY) tools/walk.py $(ARGS)

bench: .venv/.dev  ## rates, CPU a request, ratios to the limit, growth with the patients, into docs/benchmarks.md
	$(PY) -m bench $(ARGS)

format: .venv/.dev  ## put the sources in order
	$(PY) -m ruff format src tests tools bench
	$(PY) -m ruff check --fix src tests tools bench

docs: .venv/.dev  ## write the generated parts of docs/ anew
	$(PY) tools/check.py --write

lock:  ## resolve pyproject.toml anew into requirements/*.txt (needs uv)
	$(COMPILE) $(UPGRADE) pyproject.toml requirements/build.in -o requirements/runtime.txt
	$(COMPILE) $(UPGRADE) -c requirements/runtime.txt pyproject.toml requirements/build.in --group dev -o requirements/dev.txt
	$(COMPILE) $(UPGRADE) -c requirements/dev.txt --group mutants -o requirements/mutants.txt

clean:  ## remove .venv, node_modules and caches; never the data
	rm -rf .venv node_modules .mypy_cache .ruff_cache .pytest_cache .import_linter_cache build

node: node_modules/.package-lock.json

node_modules/.package-lock.json: package.json package-lock.json
	@tools/system node
	@if command -v npm >/dev/null; then npm ci --no-audit --no-fund --loglevel=error && touch $@; fi

.venv/bin/python:
	@"$$(tools/system python)" -m venv .venv

.venv/.runtime: requirements/runtime.txt pyproject.toml | .venv/bin/python
	@echo "Installing Sickbay into .venv (the first time only)"
	@$(PIP) install -q --require-hashes -r requirements/runtime.txt
	@$(PIP) install -q --no-deps --no-build-isolation -e .
	@touch $@

.venv/.mutants: requirements/mutants.txt .venv/.dev
	@$(PIP) install -q --require-hashes -r requirements/mutants.txt
	@touch $@

.venv/.dev: requirements/dev.txt .venv/.runtime
	@$(PIP) install -q --require-hashes -r requirements/dev.txt
	@touch $@
