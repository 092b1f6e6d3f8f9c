# Targets: demo (films from real data), test (all tests), check (style, types, layers, docs), bench, bench-serve (the
# service under load), bench-live (windows, and files that grow), docs, fuzz (the readers, with whatever bytes; SECONDS
# of it for each of FORMATS), callbacks (the callbacks in the training libraries they are for).
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check

.PHONY: demo test check bench bench-serve bench-live docs fuzz callbacks tools clean

demo: $(VENV)/.installed
	@mkdir -p demo
	$(BIN)/liveplot render examples/digits_training.csv -o demo/digits_training.gif -o demo/digits_training.mp4 --hold 2
	$(BIN)/liveplot render examples/digits_weights.npy -o demo/digits_weights.gif -o demo/digits_weights.mp4 --hold 2
	@echo "Your films: $(CURDIR)/demo/digits_training.gif .mp4, $(CURDIR)/demo/digits_weights.gif .mp4"

# By one process more than there are cores: many tests wait for something.
test: $(VENV)/.installed-dev tools
	$(BIN)/python -m pytest --dist worksteal \
	  --numprocesses "$$($(BIN)/python -c 'import os; print(1 + (os.cpu_count() or 1))')"

check: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/test_layers.py tests/test_docs.py

# Less than an hour; on a quiet machine the ratios mean most. A part by itself: python -m benchmarks.run kinds
bench: $(VENV)/.installed-dev tools
	@command -v gnuplot >/dev/null || { [ "$$(id -u)" = 0 ] && apt-get install -y -qq gnuplot-nox >/dev/null; } || \
	  { echo "the benchmarks compare with gnuplot; please install it (Debian: gnuplot-nox)" >&2; exit 1; }
	$(PIP) install --quiet --constraint constraints.txt --editable '.[bench]'
	$(BIN)/python -m benchmarks.run
	$(BIN)/python -m benchmarks.readers

# `liveplot serve` under load, in a few minutes: benchmarks/SERVE.md. A part by itself: python -m benchmarks.serve posts
bench-serve: $(VENV)/.installed-dev
	$(BIN)/python -m benchmarks.serve

# How smoothly `liveplot show` plays and how soon it shows what is written: benchmarks/LIVE.md, in three minutes.
bench-live: $(VENV)/.installed-dev tools
	$(BIN)/python -m benchmarks.live

docs: $(VENV)/.installed-dev
	$(BIN)/python docs/build.py

SECONDS ?= 60
FORMATS ?= csv tsv jsonl npy npz csv.gz jsonl.gz npy.gz npz.gz

# Ends at the first crash, and says where the file lies and how it becomes a test.
fuzz: $(VENV)/.installed-dev
	$(PIP) install --quiet --constraint constraints.txt --editable '.[fuzz]'
	@for format in $(FORMATS); do \
	  echo "$$format, $(SECONDS) s"; $(BIN)/python fuzz/readers.py "$$format" $(SECONDS) || exit 1; done

# Lightning and Hugging Face need torch, of which no more than the build without CUDA is wanted (1 GB): where pip finds
# none, their tests are left out. By itself it is at https://download.pytorch.org/whl/cpu (PIP_EXTRA_INDEX_URL).
callbacks: $(VENV)/.installed-dev
	$(PIP) install --quiet --constraint constraints.txt 'torch==2.13.0+cpu' lightning transformers accelerate || \
	  echo "there is no torch without CUDA here, and no test of Lightning and Hugging Face" >&2
	$(BIN)/python -m pytest -q -rs tests/test_callbacks.py

# Programs that the tests use to look at films and windows from outside.
tools:
	@BIN=$(BIN) tests/install-tools

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "liveplot needs Python 3.11 or later: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
	  echo "no virtual environment could be made; on Debian: apt-get install python3-venv" >&2; exit 1; }

$(VENV)/.installed: $(VENV)/bin/python pyproject.toml constraints.txt
	$(PIP) install --quiet --constraint constraints.txt --editable .
	@$(BIN)/python -m compileall -q src
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(PIP) install --quiet --constraint constraints.txt --editable '.[dev,callbacks-test]'
	@touch $@

clean:
	rm -rf $(VENV) demo fuzz/work
