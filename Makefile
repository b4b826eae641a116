# Each target sets up what it needs. Only Python 3.11 or newer and make have to be there.
#
#   make demo PYTHON=python3.12        another Python
#   make demo ARGS="--help"            arguments for the command
#   make unit ARGS="-k alerts"         arguments for pytest

PYTHON ?= python3
VENV ?= .venv
ARGS ?=

# Rooms whose tests are quick and find most: what things are called, how they are read, measured and said.
QUICK := tests/project/test_architecture.py tests/project/test_readme.py tests/project/test_rooms.py tests/stored \
	tests/firmware_bridge/devices tests/service/records tests/service/wording tests/service/gait/signal

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test quick lint types imports unit null wheel format clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/.demo ## two virtual insoles, a page to look at; needs no hardware
	$(BIN)/insole demo $(ARGS)

test: lint types imports unit wheel ## everything that has to hold: lint, types, imports, tests, the wheel
	@echo "all is well"

quick: lint imports ## what is soonest through of it, in under two minutes on two cores
	$(BIN)/python -m pytest -q -n auto --dist loadfile -m "not slow" $(QUICK) $(ARGS)

lint: $(VENV)/.test ## style and suspicious code
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.test ## mypy, strict
	$(BIN)/mypy

imports: $(VENV)/.test ## who may import whom
	$(BIN)/lint-imports --no-cache

unit: $(VENV)/.test ## the tests, without the wheel's
	$(BIN)/python -m pytest -n auto --dist loadfile --ignore tests/project/test_wheel.py $(ARGS)

null: $(VENV)/.test ## two thousand runs and walks on which nothing changes, rendered in full: some hours
	NULLS=$${NULLS:-2000} $(BIN)/python -m pytest -q -s tests/laws/test_null_full.py $(ARGS)

wheel: $(VENV)/.test ## build the wheel, look into it and start from it
	$(BIN)/python -m pytest -q tests/project/test_wheel.py

format: $(VENV)/.test ## put the code into the one layout
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean: ## remove what make has made
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed; name one with make PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) \
		|| { rm -rf $(VENV); echo "on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }

# Stamps: a second run installs nothing unless the dependencies have changed. The test stamp covers the demo.
$(VENV)/.demo: pyproject.toml | $(BIN)/python
	$(PIP) --editable '.[sim]'
	@touch $@

$(VENV)/.test: pyproject.toml | $(BIN)/python
	$(PIP) --editable '.[test]'
	@touch $(VENV)/.demo $@
