# run: start the app · test: every test · check: lint, types, format · bench: benchmarks
# mutants: break the core on purpose, report which test notices · clean: forget the environment
# Needs Python 3.11 or newer. PIP_FLAGS goes to every pip install, ARGS to what is run.
.DEFAULT_GOAL := help
.PHONY: help run test check format bench mutants wheel wheel-test clean

VENV ?= .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip install --quiet --disable-pip-version-check -c constraints.txt $(PIP_FLAGS)
RECIPE := pyproject.toml constraints.txt
PYTHON ?= $(firstword $(foreach p,python3 python3.13 python3.12 python3.11 python,\
	$(shell $(p) -c 'import sys; sys.version_info >= (3, 11) and print("$(p)")' 2>/dev/null)))

help:
	@sed -n 1,3p Makefile | cut -c3-

$(PY):
	@test -n "$(PYTHON)" || { echo "seqviz needs Python 3.11 or newer; found $$(python3 --version 2>&1 || true). Say which one: make run PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -c "import ensurepip, venv" 2>/dev/null || { echo "This Python has no venv module (on Debian and Ubuntu: apt install python3-venv)."; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.app: $(PY) $(RECIPE)
	@echo "Installing seqviz (once; some minutes)"
	@$(PIP) -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.app
	@echo "Installing what the tests need (once)"
	@$(PIP) -e ".[dev]"
	@touch $@

run: $(VENV)/.app
	@$(PY) -m seqviz $(ARGS)

test: $(VENV)/.dev
	@$(PY) -m tests.chromium
	@$(PY) -m pytest -rfEs $(ARGS)

check: $(VENV)/.dev
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy

format: $(VENV)/.dev
	@$(PY) -m ruff check --fix .
	@$(PY) -m ruff format .

bench: $(VENV)/.dev
	@$(PY) -m benchmarks $(ARGS)

mutants: $(VENV)/.dev
	@$(PY) -m tests.mutants $(ARGS)

wheel: $(VENV)/.app
	@rm -rf dist && $(PY) -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir dist .

wheel-test: wheel $(VENV)/.dev
	@$(PY) -m tests.wheel dist/*.whl

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
