# Two commands on a fresh machine: `make demo` (the tool, without PyTorch) and `make test` (the workshop).
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin

.PHONY: demo install check fix test bench clean

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.core: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@ $(VENV)/.core

demo: $(VENV)/.core  ## restore sample pictures with the shipped model
	$(BIN)/restauro demo

install: $(VENV)/.dev

check: install  ## format, lint, types, spelling
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/codespell

fix: install
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

test: install  ## two processes of one thread each: starting PyTorch is most of the time
	OMP_NUM_THREADS=1 $(BIN)/pytest --numprocesses 2 --dist loadfile

bench: install  ## speed, as ratios within one run
	$(BIN)/python benchmarks/training.py

clean:
	rm -rf $(VENV)
