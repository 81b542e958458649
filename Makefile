# `make demo` and `make test` set everything up on a machine with Python >= 3.11 and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
JOBS ?= 2

.PHONY: demo test slow lint figures bench docs clean

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable ".[test,lint,bench]"
	touch $@

demo: $(VENV)/.installed
	$(BIN)/perceptron thresholds
	$(BIN)/perceptron figure W2 --output results
	$(BIN)/perceptron figure W3 --output results --jobs $(JOBS)
	$(BIN)/perceptron figure W4 --output results --jobs $(JOBS)

test: $(VENV)/.installed
	$(BIN)/python -m pytest -m "not slow" -n $(JOBS) --dist loadfile

slow: $(VENV)/.installed
	$(BIN)/python -m pytest -m slow

lint: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

figures: $(VENV)/.installed
	$(BIN)/perceptron figure all --output results --jobs $(JOBS)

bench: $(VENV)/.installed
	$(BIN)/python -m benchmarks.ratios
	$(BIN)/python -m benchmarks.message_passing
	$(BIN)/python -m benchmarks.flat_histograms
	$(BIN)/python -m benchmarks.networks
	$(BIN)/python -m benchmarks.forces
	$(BIN)/python -m benchmarks.plain_training
	$(BIN)/python -m benchmarks.enumeration_c

docs: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --editable ".[docs]"
	$(BIN)/mkdocs build --strict --site-dir results/docs

clean:
	rm -rf $(VENV) results .pytest_cache .mypy_cache .ruff_cache
