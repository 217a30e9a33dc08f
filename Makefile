# make setup | demo | test | test-all | bench | lint | patches | manifests | figures | verify-matrix | port-matrix | port-every | reproduce | compat | wheel | clean
#
# PYTHON=python3.10      which interpreter makes .venv (3.10 or 3.11: the upstreams' run-time needs it)
# TORCH_INDEX=URL        a further index for torch and torchvision, e.g. one of CPU wheels
# TESTS=tests/cfg        which tests to run
# SCALES=n TASKS=detect FLAVORS=paper   what verify-matrix verifies
# PORT_PYTHON=EXE        which interpreter port-matrix and port-every build models with: 8.1 needs hub-sdk and openai-clip
# QUICK=1                only the checks that another scale can break
# WORKERS=2              how many models at a time

SHELL := /bin/bash
.DEFAULT_GOAL := setup

VENV := .venv
BIN := $(VENV)/bin
# One set of versions serves every pin: the project's own and those that `yolopatch env create` makes.
CONSTRAINTS := yolopatch/catalog/constraints/torch-2.3.txt
# The newest that PyPI has of all of these, for `make compat`.
NEWEST := .venv-newest
# Changes whenever what is to be installed changes; an unchanged checkout installs nothing again.
STAMP := $(VENV)/.installed-$(shell cat pyproject.toml $(CONSTRAINTS) | cksum | cut -d' ' -f1)
TESTS ?= tests
TORCH_INDEX ?=
SCALES ?= nsmlx
TASKS ?= detect segment pose obb classify
FLAVORS ?= paper tutorial
QUICK ?=
WORKERS ?= 2

.PHONY: setup demo test test-all bench lint patches manifests figures verify-matrix port-matrix port-every reproduce compat wheel clean

setup: $(STAMP)

$(STAMP):
	@CHOSEN_PYTHON="$(PYTHON)" ./.ci/venv "$(VENV)"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check \
		$(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX)) --constraint $(CONSTRAINTS) torch torchvision
	$(BIN)/python -m pip install --quiet --disable-pip-version-check \
		--requirement $(CONSTRAINTS) --editable '.[dev]'
	@rm -f $(VENV)/.installed-*
	@touch $@

demo: setup
	@./.ci/demo $(BIN)/yolopatch

test: setup
	$(BIN)/python -m pytest $(TESTS) -n 2 --dist worksteal -m "not slow"

test-all: setup
	$(BIN)/python -m pytest $(TESTS) -n 2 --dist worksteal

bench: setup
	$(BIN)/python benchmarks/commands.py
	$(BIN)/python benchmarks/port.py
	$(BIN)/python benchmarks/verify.py
	$(BIN)/python benchmarks/layers.py
	$(BIN)/python benchmarks/packing.py m
	$(BIN)/python benchmarks/paper_tables.py

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

patches: setup
	$(BIN)/python -m yolopatch.maintain patches

manifests: setup
	$(BIN)/python -m yolopatch.maintain manifests

figures: setup
	$(BIN)/python -m yolopatch.maintain figures

verify-matrix: setup
	$(BIN)/python -m yolopatch.maintain matrix --scales $(SCALES) --tasks $(TASKS) --flavors $(FLAVORS) \
		--workers $(WORKERS) $(if $(QUICK),--quick) \
		--kept .verify-matrix.jsonl --out docs/verified.md

port-matrix: setup
	$(BIN)/python -m yolopatch.maintain port-matrix --out docs/ported.md $(if $(PORT_PYTHON),--python $(PORT_PYTHON))

# An hour and 1 GB of wheels in the cache: every release, and models of each form that the patched code ever had.
port-every: setup
	$(BIN)/python -m yolopatch.maintain port-every --out docs/ported-every.md $(if $(PORT_PYTHON),--python $(PORT_PYTHON))

$(NEWEST)/.installed: $(STAMP)
	$(BIN)/python -m venv --clear $(NEWEST)
	sed -E 's/[ \t]*#.*//; s/[<>=!~;].*//' $(CONSTRAINTS) > $(NEWEST)/names.txt
	$(NEWEST)/bin/python -m pip install --quiet --disable-pip-version-check --upgrade --requirement $(NEWEST)/names.txt
	@touch $@

compat: $(NEWEST)/.installed
	$(BIN)/python -m yolopatch.maintain reproduce --folder reproduced-newest --python $(NEWEST)/bin/python --compat \
		--out reproduced-newest/reproduced.md

reproduce: setup
	$(BIN)/python -m yolopatch.maintain reproduce --folder reproduced --out docs/reproduced.md

wheel: setup
	$(BIN)/python -m build --outdir dist .

clean:
	rm -rf dist build demo .pytest_cache .ruff_cache .hypothesis
