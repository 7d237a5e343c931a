# Tasks for users and developers of Sickbay. `make help` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run install dev test oldest prove check types cover mutants walks bench lock format docs site packages release clean node

VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check
ARGS ?=
SOURCES := src tests tools bench examples deploy
TYPED := $(wildcard deploy/*.py) $(filter-out %/conftest.py $(wildcard examples/*/test_*.py),$(wildcard examples/*/*.py))
VARIED := $(addprefix tests/,kernel protocol settings dialects diagnosis/test_catalogue.py flows/rows flows/test_seed_thread.py \
  web/pages testing cli/test_serve.py)
# Three workers keep two cores busy, because many tests wait for a browser or a process.
PARALLEL := -q -n 3 --dist worksteal
COMPILE := uv pip compile -q --universal --generate-hashes --python-version 3.11 --no-header --no-emit-index-url --no-annotate

help:  ## list these commands
	@sed -nE 's/^([a-z]+):[^#]*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

run: $(VENV)/.runtime  ## serve on http://localhost:7425 (options: make run ARGS="--port 0 --ephemeral")
	@exec $(PY) -m sickbay serve $(ARGS)

install: $(VENV)/.runtime  ## install into .venv without serving, for CI

dev: $(VENV)/.dev  ## install what tests and checks need into .venv, without a browser

# Otherwise each process compiles the tests and pytest's plugins again, if the variable is set.
test prove cover: export PYTHONDONTWRITEBYTECODE =

test: $(VENV)/.dev node  ## run all tests, including those in Chromium
	@tools/system chromium headless postgres
	@$(PY) -m compileall -q -j 0 -x '/(test_[^/]*|conftest)\.py$$' src tests bench tools  # those pytest compiles itself
	$(PY) -m pytest $(PARALLEL) $(ARGS)

prove: $(VENV)/.dev $(VENV)/.fhir-mcp-server node  ## run the long tests (mutated requests, crashes, power cuts, failover, image), and all tests with all examples and without caches
	@tools/system chromium postgres patroni podman
	$(PY) -m pytest -q --hypothesis-profile=prove -m prove $(ARGS)
	SICKBAY_CACHES=off $(PY) -m pytest $(PARALLEL) --hypothesis-profile=prove $(ARGS)

oldest:  ## run some tests under Python 3.11, the oldest supported version, if it is installed (others: ARGS=tests/fhir)
	@if command -v python3.11 >/dev/null; then \
	  $(MAKE) --no-print-directory test VENV=.venv-3.11 PYTHON=python3.11 ARGS="$(or $(ARGS),$(VARIED))"; \
	elif [[ ",$$SICKBAY_REQUIRE," == *,python3.11,* ]]; then echo "python3.11 is missing." >&2; exit 1; \
	else echo "python3.11 is missing: no test runs under the oldest supported version." >&2; fi

check: $(VENV)/.dev types cover  ## check formatting, lint, types, layers, coverage, and tools/checks
	$(PY) -m ruff format --check $(SOURCES)
	$(PY) -m ruff check $(SOURCES)
	$(VENV)/bin/lint-imports
	$(PY) tools/check.py

types: $(VENV)/.dev  ## check the types of all Python
	$(PY) -m mypy
	$(PY) -m mypy $(TYPED)

# A fixed seed, so that whether a line is reached doesn't depend on chance. make test uses others.
cover: $(VENV)/.dev  ## require 100 % branch coverage of authorization and protocol by their own tests
	@mkdir -p build
	$(PY) -m coverage run -m pytest -q --no-header --hypothesis-seed=0 tests/authorization tests/protocol
	$(PY) -m coverage report

mutants: $(VENV)/.mutants  ## run mutation tests of authorization; at least 90 % must be killed
	$(PY) tools/mutants.py $(ARGS)

walks: $(VENV)/.dev  ## show how deep, how spread and how entangled the files of five requests are (ARGS=--list lists them)
	$(PY) tools/walk.py $(ARGS)

packages: $(VENV)/.runtime node  ## build the packages of this working tree in dist/: two wheels, and the one for npm
	@$(PY) tools/packages.py

release: $(VENV)/.release node  ## build and verify the packages, SBOM, image and notes of a release in dist/ (ARGS=--no-image)
	@tools/system bubblewrap podman
	$(PY) -m tools.release $(ARGS)

bench: $(VENV)/.dev  ## measure speed and update docs/benchmarks.md
	$(PY) -m bench $(ARGS)

format: $(VENV)/.dev  ## format the source code
	$(PY) -m ruff format $(SOURCES)
	$(PY) -m ruff check --fix $(SOURCES)

docs: $(VENV)/.dev  ## regenerate the generated parts of docs/
	$(PY) tools/check.py --write

site: $(VENV)/.runtime  ## write the documentation as HTML files to build/site
	$(PY) tools/site.py build/site

lock:  ## resolve pyproject.toml into requirements/*.txt (needs uv)
	$(COMPILE) $(UPGRADE) pyproject.toml requirements/build.in -o requirements/runtime.txt
	$(COMPILE) $(UPGRADE) -c requirements/runtime.txt pyproject.toml requirements/build.in --group dev -o requirements/dev.txt
	$(COMPILE) $(UPGRADE) -c requirements/dev.txt --group mutants -o requirements/mutants.txt
	$(COMPILE) $(UPGRADE) -c requirements/dev.txt --group release -o requirements/release.txt
	$(COMPILE) $(UPGRADE) -c requirements/dev.txt pyproject.toml --extra postgres --extra otel -o requirements/image.txt
	$(COMPILE) $(UPGRADE) -c requirements/dev.txt requirements/build.in -o requirements/build.txt
	$(COMPILE) $(UPGRADE) requirements/fhir-mcp-server.in -o requirements/fhir-mcp-server.txt

clean:  ## remove .venv, node_modules, caches and dist, but no data
	rm -rf .venv .venv-3.11 node_modules .mypy_cache .ruff_cache .pytest_cache .import_linter_cache build dist

node: node_modules/.package-lock.json

node_modules/.package-lock.json: package.json package-lock.json
	@tools/system node
	@if command -v npm >/dev/null; then npm ci --no-audit --no-fund --loglevel=error && touch $@; fi

$(PY):
	@"$(or $(PYTHON),$$(tools/system python))" -m venv $(VENV)

$(VENV)/.runtime: requirements/runtime.txt pyproject.toml | $(PY)
	@echo "Installing Sickbay into $(VENV) (the first time only)"
	@$(PIP) install -q --require-hashes -r requirements/runtime.txt
	@$(PIP) install -q --no-deps --no-build-isolation -e .
	@$(PY) -m compileall -q src
	@PYTHONDONTWRITEBYTECODE= $(PY) -c 'from sickbay.web.html_response import compile_templates; compile_templates()'
	@touch $@

$(VENV)/.mutants: requirements/mutants.txt $(VENV)/.dev
	@$(PIP) install -q --require-hashes -r requirements/mutants.txt
	@touch $@

# An environment of its own, because it pins an old version of mcp. Its packages exist for Python 3.12 and 3.13: under others it is empty.
$(VENV)/.fhir-mcp-server: requirements/fhir-mcp-server.txt | $(PY)
	@$(PY) -m venv $(VENV)/fhir-mcp-server
	@$(VENV)/fhir-mcp-server/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/fhir-mcp-server.txt
	@touch $@

$(VENV)/.release: requirements/release.txt $(VENV)/.dev
	@$(PIP) install -q --require-hashes -r requirements/release.txt
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.runtime
	@$(PIP) install -q --require-hashes -r requirements/dev.txt
	@touch $@
