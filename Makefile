# make demo   set everything up and run a first scenario with its charts
# make test   set everything up and run lint, types and all tests
# Everything goes into .venv; nothing outside this directory is touched.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# The tests start hundreds of processes, which would compile everything anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test lint check-python docs bench notebooks clean

# Exit status 99 says that a scenario misses its SLO: a result, not a failure.
demo: $(VENV)/run.stamp
	@echo "== A pair that moves a secondary private IP: its master crashes"
	$(BIN)/hasim run scenarios/secondary-ip-best-practice.yaml --out results/secondary-ip || [ $$? -eq 99 ]
	@echo "== A pair that re-attaches a secondary ENI: its master crashes and comes back"
	$(BIN)/hasim run scenarios/eni-reattach.yaml --out results/eni-reattach || [ $$? -eq 99 ]
	@echo "== A year of ordinary failures"
	$(BIN)/hasim run scenarios/year-of-ordinary-failures.yaml --replications 100 --out results/year || [ $$? -eq 99 ]
	@echo "== One crash of the first pair, told as a story"
	$(BIN)/hasim explain scenarios/secondary-ip-best-practice.yaml
	@echo
	@echo "Charts, tables and data: results/secondary-ip, results/eni-reattach, results/year"

# Drills hold real daemons against the clock: they have the machine for themselves.
test: lint
	$(BIN)/python -m pytest -n 2 --dist loadgroup -m "not drill"
	$(BIN)/python -m pytest -m drill

lint: $(VENV)/test.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/test.stamp
	$(BIN)/python -m benchmarks

docs: $(VENV)/test.stamp
	$(BIN)/python -m hasim.scenario.reference
	$(BIN)/python -m hasim.cloud.reference
	$(BIN)/python -m hasim.scenario.linting.reference
	$(BIN)/python docs/images/make.py

check-python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	    echo "hasim needs Python 3.11 or later; '$(PYTHON)' is not. Try: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 2; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
	    echo "Python's venv module is missing (on Debian and Ubuntu: apt-get install python3-venv)" >&2; exit 2; }

$(VENV)/bin/python: | check-python
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'

$(VENV)/run.stamp: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(VENV)/test.stamp: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --editable . --group test --group lint --group real
	@touch $@ $(VENV)/run.stamp

clean:
	rm -rf $(VENV) results build dist .pytest_cache .mypy_cache .ruff_cache
