# make setup | demo | docs | docs-serve | test | test-more | test-all | torture | coverage | lint | bench | patches | manifests
#      interfaces | messages | release-index | figures | costs | module-pages | readme | recording | verify-matrix | port-matrix | port-every | forks
#      reproduce | ablation | notebook | compat | gpu | wheel | release-check | ci-targets | clean
#
# PYTHON=python3.10      which interpreter makes .venv: 3.10 or 3.11 for the exact versions, 3.12 or 3.13 for the newest
# TORCH_INDEX=URL        a further index for torch and torchvision, e.g. one of CPU wheels
# TESTS=tests/cfg        which tests to run, those of test-more included
# CORE_COVERAGE=95       how many percent of yolopatch/core `make coverage` asks for
# ROUNDS=1               how often each benchmark times; one round shows only that it runs
# PYTHONS="3.12 3.13"    which Pythons release-check uses; without it, those that this machine has
# AUDIT=no               let release-check pass where the known vulnerabilities cannot be asked for
#
# ROWS="help apply"      which commands `make bench` times: those with one of these words in their names, and nothing else
# ROWS="kills mirrors"   which rows of `make torture`; SECONDS=600 for each row, SEED=2 for another order and other inputs,
#                        CASE="a bomb" for the cases with this in their name, PLANTS=1 to see that each row can fail
#
# A part of what the maintainers' commands do:
# SCALES=n TASKS=detect FLAVORS=paper   what verify-matrix verifies
# UPSTREAMS=yolov5       whose index of releases release-index writes
# PINS=ultralytics-8.3.0 MODULES=DSConv RELEASES=8.3.200 TUTORIALS=yolo26-refconv KINDS=quick
# DEPTH=quick            verify-matrix: only the checks that another scale can break; DEPTH=built: only whether it builds
# QUICK=1                a sample of each row of torture
# WORKERS=2              how many models at a time
# PORT_PYTHON=EXE        which interpreter port-matrix and port-every build models with: 8.1 needs hub-sdk and openai-clip
# COMPAT_PYTHON=EXE      which interpreter `make compat` trains with; without it, one with the newest libraries is made
# GPU_PYTHON=EXE WHEELS=DIR   run `make gpu` with the torch of this interpreter, and with these wheels of what it lacks
# DEVICE=cpu DATA=YAML   what `make gpu` runs on (else GPU 0), and the images it trains on (else generated ones)
# ONLY="DSConv/* */train" OUT=FILE   which rows of `make gpu`, and where its table goes
# FORKS="FOLDER ..."     which forks `make forks` adopts: folders, git repositories or archives
# LANGUAGES="en zh"      in which languages `make recording` runs the commands; PICTURES=DIR: where it writes
# GRID=FILE              which grid `make ablation` trains
# PAGES=DIR RUNS=DIR KEPT=FILE   where pages, runs and kept results go, so that a part replaces nothing of docs/

SHELL := /bin/bash
.DEFAULT_GOAL := setup

VENV := .venv
BIN := $(VENV)/bin
# The newest that PyPI has of all of these, for `make compat`.
NEWEST := .venv-newest
# What builds the documentation, without torch.
DOCS := .venv-docs
TESTS ?= tests
CORE_COVERAGE ?= 95
TORCH_INDEX ?=
PYTHONS ?=
AUDIT ?=
SCALES ?= nsmlx
TASKS ?= detect segment pose obb classify
FLAVORS ?= paper tutorial
QUICK ?=
DEPTH ?=
ROWS ?=
CASE ?=
PLANTS ?=
SEED ?=
WORKERS ?= 2
COMPAT_PYTHON ?= $(NEWEST)/bin/python
PAGES ?= docs/measured
KEPT ?= .verify-matrix.jsonl
# `--modules A B` where MODULES is given, else nothing: the command's own default is everything
option = $(if $($(2)),--$(1) $($(2)))
export ROUNDS

.PHONY: setup demo docs docs-serve test test-more test-all torture coverage bench lint patches manifests interfaces messages release-index figures costs module-pages \
	readme recording verify-matrix port-matrix port-every forks reproduce ablation notebook compat gpu wheel release-check ci-targets clean

setup:
	@CHOSEN_PYTHON="$(PYTHON)" TORCH_INDEX="$(TORCH_INDEX)" ./.ci/setup "$(VENV)"
	@# once for all the processes that follow, also where the environment forbids Python to write it
	@$(BIN)/python -m compileall -q yolopatch

# `--compat` on a Python whose libraries are too new for the pin's own code
COMPAT_OPTION = import platform; \
	from yolopatch.catalog.environment.environments import set_for; \
	from yolopatch.catalog.pins import PINS; \
	pin = PINS["ultralytics-8.3.0"]; \
	print("--compat" if set_for(pin, platform.python_version()).needs_compat(pin) else "")

demo: setup
	@./.ci/demo $(BIN)/yolopatch $$($(BIN)/python -c '$(COMPAT_OPTION)')

test: setup
	$(BIN)/python -m pytest $(TESTS) -n 2 --dist worksteal -m "not slow$(if $(filter tests,$(TESTS)), and not more)"

test-more: setup
	$(BIN)/python -m pytest $(TESTS) -n 2 --dist worksteal -m "more and not slow"

test-all: setup
	$(BIN)/python -m pytest $(TESTS) -n 2 --dist worksteal

# At most 20 minutes on two quiet cores. What did not survive is kept in build/torture/, with its input and the seed.
torture: setup
	$(BIN)/python tests/torture $(call option,rows,ROWS) $(call option,seconds,SECONDS) $(call option,seed,SEED) \
		$(if $(CASE),--case "$(CASE)") $(if $(PLANTS),--plants) \
		$(if $(QUICK),--sample)

# What is measured is yolopatch/, also in the child processes, which is where the probe runs.
coverage: setup
	rm -f .coverage .coverage.*
	PYTHONPATH=$(CURDIR)/.ci $(BIN)/coverage run -m pytest $(TESTS) -n 2 --dist worksteal -m "not slow" -p keep_coverage
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report
	@echo "yolopatch/core alone:"
	$(BIN)/coverage report --include='yolopatch/core/*' --fail-under=$(CORE_COVERAGE)

bench: setup
	$(BIN)/python benchmarks/commands.py $(call option,rows,ROWS)
ifndef ROWS
	$(BIN)/python benchmarks/port.py
	$(BIN)/python benchmarks/verify.py
	$(BIN)/python benchmarks/layers.py
	$(BIN)/python benchmarks/packing.py m
	$(BIN)/python benchmarks/paper_tables.py
	$(BIN)/python benchmarks/ablation_table.py
	$(BIN)/python benchmarks/schedule.py
endif

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy --platform win32

patches: setup
	$(BIN)/python -m yolopatch.maintain patches

manifests: setup
	$(BIN)/python -m yolopatch.maintain manifests

interfaces: setup
	$(BIN)/python -m yolopatch.maintain interfaces

# The texts of the sources into the PO files of yolopatch/locale, and these into the file that the program reads.
messages: setup
	$(BIN)/python -m yolopatch.maintain messages

# 40 minutes and 1 GB of wheels in the cache, the first time; then what is new.
release-index: setup
	$(BIN)/python -m yolopatch.maintain release-index $(call option,upstreams,UPSTREAMS)

# Half an hour on two cores; MODULES alone are measured again.
costs: setup
	$(BIN)/python -m yolopatch.maintain costs $(call option,modules,MODULES)

figures: setup
	$(BIN)/python -m yolopatch.maintain figures $(call option,tutorials,TUTORIALS)

# The heads of docs/modules/, from the catalog and the tables in docs/measured/.
module-pages: setup
	$(BIN)/python -m yolopatch.maintain module-pages

verify-matrix: setup
	$(BIN)/python -m yolopatch.maintain matrix --scales $(SCALES) --tasks $(TASKS) --flavors $(FLAVORS) \
		$(call option,pins,PINS) $(call option,modules,MODULES) --workers $(WORKERS) $(call option,depth,DEPTH) \
		--kept $(KEPT) --out $(PAGES)/verified.md

port-matrix: setup
	$(BIN)/python -m yolopatch.maintain port-matrix --out $(PAGES)/ported.md $(call option,python,PORT_PYTHON) \
		$(call option,releases,RELEASES) $(call option,modules,MODULES)

# An hour and 1 GB of wheels in the cache: every release, and models of each form that the patched code ever had.
port-every: setup
	$(BIN)/python -m yolopatch.maintain port-every --out $(PAGES)/ported-every.md $(call option,python,PORT_PYTHON) \
		$(call option,releases,RELEASES) $(call option,modules,MODULES)

# Forks are fetched by whoever runs this: none of their code is in this repository.
forks: KEPT = .forks.jsonl
forks: setup
	$(BIN)/python -m yolopatch.maintain forks $(FORKS) --kept $(KEPT) --out $(PAGES)/forks.md

# The tables of README.md and README.zh-CN.md, from docs/measured/.
readme: setup
	$(BIN)/python -m yolopatch.maintain readme

# The terminal in the READMEs: two minutes for a language. Run it where nothing else runs: `verify` measures times, too.
recording: PICTURES ?= docs/pictures
recording: setup
	$(BIN)/python -m yolopatch.maintain recording --out $(PICTURES) $(call option,languages,LANGUAGES)

$(NEWEST)/.installed: yolopatch/catalog/constraints/torch-2.14.txt | setup
	$(BIN)/python -m venv --clear $(NEWEST)
	sed -E 's/[ \t]*#.*//; s/[<>=!~;].*//' $< > $(NEWEST)/names.txt
	$(NEWEST)/bin/python -m pip install --quiet --disable-pip-version-check --upgrade --requirement $(NEWEST)/names.txt
	@touch $@

compat: RUNS ?= reproduced-newest
compat: setup $(if $(filter $(NEWEST)/%,$(COMPAT_PYTHON)),$(NEWEST)/.installed)
	$(BIN)/python -m yolopatch.maintain reproduce --folder $(RUNS) --python $(COMPAT_PYTHON) --compat \
		$(call option,tutorials,TUTORIALS) $(call option,kinds,KINDS) --out $(RUNS)/reproduced.md

reproduce: RUNS ?= reproduced
reproduce: setup
	$(BIN)/python -m yolopatch.maintain reproduce --folder $(RUNS) --out $(PAGES)/reproduced.md \
		$(call option,tutorials,TUTORIALS) $(call option,kinds,KINDS)

# Two of the tutorials' modules, alone and together, over 7 seeds: from nothing to build/ablation/grid/table.tex.
ablation: GRID ?= examples/ablation.toml
ablation: setup
	$(BIN)/yolopatch data shapes --out build/ablation/shapes
	$(BIN)/yolopatch ablate $(GRID) --dest build/ablation/$(basename $(notdir $(GRID)))

notebook: setup
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python .ci/notebook examples/first_model.ipynb build/notebook

# Needs no .venv where GPU_PYTHON is given, and no network.
GPU_VENV := $(if $(GPU_PYTHON),.venv-gpu,$(VENV))
gpu: $(if $(GPU_PYTHON),,setup)
	$(if $(GPU_PYTHON),./.ci/borrow $(GPU_VENV) $(GPU_PYTHON) $(WHEELS))
	PYTHONPATH=benchmarks $(GPU_VENV)/bin/python -m gpu $(call option,device,DEVICE) $(call option,data,DATA) \
		$(if $(ONLY),--only $(foreach row,$(ONLY),'$(row)')) $(call option,out,OUT)

# Needs no .venv: only Python 3.10 to 3.13 and PyPI.
$(DOCS)/.installed: .ci/site/requirements.txt
	$(or $(PYTHON),python3) -m venv --clear $(DOCS)
	$(DOCS)/bin/python -m pip install --quiet --disable-pip-version-check --requirement $<
	@touch $@

# Strict: a broken link or anchor, or a page without a place in the navigation, stops it. Open build/site/index.html.
docs: $(DOCS)/.installed
	@mkdir -p build/docs
	NO_MKDOCS_2_WARNING=1 $(DOCS)/bin/python -m mkdocs build

docs-serve: $(DOCS)/.installed
	@mkdir -p build/docs
	NO_MKDOCS_2_WARNING=1 $(DOCS)/bin/python -m mkdocs serve

wheel: setup
	$(BIN)/python -m build --outdir dist .

# Needs no .venv: it makes its own environments, of every Python.
release-check:
	$(or $(PYTHON),python3) .ci/release-check $(if $(filter no,$(AUDIT)),--without-audit) $(PYTHONS)

# Every target that `.ci/run` does not call otherwise, in a reduced form: nothing that is shipped goes unused.
ci-targets: setup
	./.ci/targets

clean:
	rm -rf dist build demo .pytest_cache .ruff_cache .mypy_cache .hypothesis .coverage .coverage.*
