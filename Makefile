PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: setup demo test check bench report clean

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --editable '.[dev,evaluate,video]'
	touch $@

setup: $(VENV)/.installed-dev  ## Make the virtual environment with everything that check, test and bench need.

demo: $(VENV)/.installed  ## Anonymize the sample photo and put before and after side by side.
	$(BIN)/python examples/demo.py

test: $(VENV)/.installed-dev  ## Run the tests.
	$(BIN)/python -m pytest

check: $(VENV)/.installed-dev  ## Formatting, lint, types, import directions.
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.installed-dev  ## Measure speed, memory, coverage, privacy and expression; slow.
	$(BIN)/python -m benchmarks

METHODS := default suppression mosaic blur k-same swap $(if $(GANONYMIZATION_PAPER_WEIGHTS),paper)

report: $(VENV)/.installed-dev  ## Evaluate on LFW and draw the plot of the README; needs GANONYMIZATION_DATA, some 20 minutes.
	$(BIN)/ganonymize evaluate "lfw:$(GANONYMIZATION_DATA)/lfw" --out build/report $(METHODS:%=--method %)
	$(BIN)/python -m ganonymization.evaluation.report build/report/results.json docs/privacy-expression.svg

clean:
	rm -rf build $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage
