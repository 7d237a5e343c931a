# Tasks for users and developers of Sickbay. `make help` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run install test prove check cover mutants walks bench lock format docs site release clean node

PY := .venv/bin/python
PIP := $(PY) -m pip --disable-pip-version-check
ARGS ?=
SOURCES := src tests tools bench examples deploy
TYPED := $(wildcard deploy/*.py) $(filter-out %/conftest.py $(wildcard examples/*/test_*.py),$(wildcard examples/*/*.py))
# The tests of a module stay together, and so do its fixtures. loadgroup assigns single tests, each in time that grows with their number.
PARALLEL := -q -n 2 --dist worksteal
COMPILE := uv pip compile -q --universal --generate-hashes --python-version 3.11 --no-header --no-emit-index-url --no-annotate

help:  ## list these commands
	@sed -nE 's/^([a-z]+):[^#]*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

run: .venv/.runtime  ## serve on http://localhost:7425 (options: make run ARGS="--port 0 --ephemeral")
	@exec $(PY) -m sickbay serve $(ARGS)

install: .venv/.runtime  ## install into .venv without serving, for CI

# Otherwise each process compiles the tests and pytest's plugins again, if the variable is set.
test prove cover: export PYTHONDONTWRITEBYTECODE =

test: .venv/.dev node  ## run all tests, including those in Chromium
	@tools/system chromium postgres
	@$(PY) -m compileall -q src tests bench tools
	$(PY) -m pytest $(PARALLEL) $(ARGS)

prove: .venv/.dev node  ## run the long tests (mutated requests, crashes, power cuts, failover, image), and all tests without caches
	@tools/system chromium postgres patroni podman
	$(PY) -m pytest -q -m prove $(ARGS)
	SICKBAY_CACHES=off $(PY) -m pytest $(PARALLEL) $(ARGS)

check: .venv/.dev cover  ## check formatting, lint, types, layers, coverage, and tools/checks
	$(PY) -m ruff format --check $(SOURCES)
	$(PY) -m ruff check $(SOURCES)
	$(PY) -m mypy
	$(PY) -m mypy $(TYPED)
	.venv/bin/lint-imports
	$(PY) tools/check.py

cover: .venv/.dev  ## require 100 % branch coverage of authorization and protocol by their own tests
	@mkdir -p build
	$(PY) -m coverage run -m pytest -q --no-header tests/authorization tests/protocol
	$(PY) -m coverage report

mutants: .venv/.mutants  ## run mutation tests of authorization; at least 90 % must be killed
	$(PY) tools/mutants.py $(ARGS)

walks: .venv/.dev  ## count the files that four requests execute (list them: make walks ARGS=--list)
	$(PY) tools/walk.py $(ARGS)

release: .venv/.release  ## build and verify the packages, SBOM, image and notes of a release in dist/ (ARGS=--no-image)
	@tools/system bubblewrap podman
	$(PY) -m tools.release $(ARGS)

bench: .venv/.dev  ## measure speed and update docs/benchmarks.md
	$(PY) -m bench $(ARGS)

format: .venv/.dev  ## format the source code
	$(PY) -m ruff format $(SOURCES)
	$(PY) -m ruff check --fix $(SOURCES)

docs: .venv/.dev  ## regenerate the generated parts of docs/
	$(PY) tools/check.py --write

site: .venv/.runtime  ## write the documentation as HTML files to build/site
	$(PY) tools/site.py build/site

lock:  ## resolve pyproject.toml into requirements/*.txt (needs uv)
	$(COMPILE) $(UPGRADE) pyproject.toml requirements/build.in -o requirements/runtime.txt
	$(COMPILE) $(UPGRADE) -c requirements/runtime.txt pyproject.toml requirements/build.in --group dev -o requirements/dev.txt
	$(COMPILE) $(UPGRADE) -c requirements/dev.txt --group mutants -o requirements/mutants.txt
	$(COMPILE) $(UPGRADE) -c requirements/dev.txt --group release -o requirements/release.txt
	$(COMPILE) $(UPGRADE) -c requirements/dev.txt pyproject.toml --extra postgres --extra otel -o requirements/image.txt
	$(COMPILE) $(UPGRADE) -c requirements/dev.txt requirements/build.in -o requirements/build.txt

clean:  ## remove .venv, node_modules, caches and dist, but no data
	rm -rf .venv node_modules .mypy_cache .ruff_cache .pytest_cache .import_linter_cache build dist

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
	@$(PY) -m compileall -q src
	@touch $@

.venv/.mutants: requirements/mutants.txt .venv/.dev
	@$(PIP) install -q --require-hashes -r requirements/mutants.txt
	@touch $@

.venv/.release: requirements/release.txt .venv/.dev
	@$(PIP) install -q --require-hashes -r requirements/release.txt
	@touch $@

.venv/.dev: requirements/dev.txt .venv/.runtime
	@$(PIP) install -q --require-hashes -r requirements/dev.txt
	@touch $@
