# Everything runs from a fresh clone: each target first makes .venv and installs what it needs.
# Inside an activated environment the same targets work; they use .venv all the same.

PYTHON ?= $(shell python3.11 -c 'import sys; print(sys.executable)' 2>/dev/null || echo python3)
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# Options for pytest, such as PYTEST='-k grounding -x'.
PYTEST ?=

.DEFAULT_GOAL := help
.PHONY: help install demo test lint format fuzz verify clusters bench clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(READY) ## make .venv and install Headwater with what its tests need

# Made anew only when the requirements change; the stamp is written last, so a broken install is repeated.
$(READY): pyproject.toml constraints.txt
	@echo "Setting up $(VENV) (once; from half a minute to a few) ..."
	@$(PYTHON) -c 'import sys; sys.exit("Headwater needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Name another: make PYTHON=python3.12" if sys.version_info < (3, 11) else 0)'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -qq --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

demo: $(READY) ## diagnose an example pipeline
	@mkdir -p build
	@echo "  $$ headwater init pipeline.yaml"
	@cd build && $(abspath $(BIN))/headwater init --force pipeline.yaml
	@echo
	@echo "  $$ headwater diagnose pipeline.yaml"
	@cd build && $(abspath $(BIN))/headwater diagnose pipeline.yaml
	@echo
	@echo "The file is build/pipeline.yaml: change it and look again. All commands: $(BIN)/headwater --help"

test: $(READY) ## run the whole test suite
	@$(BIN)/python -m pytest $(PYTEST)

lint: $(READY) ## check format, style, types and the layer order
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(READY) ## put the code into its format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix-only .

fuzz: $(READY) ## spoil real and recorded files of every format, 100,000 times (half an hour)
	@$(BIN)/python -m verification.fuzz

verify: $(READY) ## hold theory to simulation, alarms and causes to planted worlds (half an hour)
	@$(BIN)/python -m pytest -m slow
	@$(BIN)/python -m verification
	@$(BIN)/python -m verification.monitoring
	@$(BIN)/python -m verification.causes

clusters: $(READY) ## run a simulation on local clusters of Dask and Ray (installs Ray)
	@$(BIN)/python -m pip install -qq --disable-pip-version-check -c constraints.txt -e '.[ray]'
	@$(BIN)/python -m pytest tests/simulation/test_clusters.py $(PYTEST)

bench: $(READY) ## measure speed and memory
	@$(BIN)/python -m benchmarks

clean: ## remove .venv and every cache
	rm -rf $(VENV) .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache build dist
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +
