# SPDX-License-Identifier: Apache-2.0
# Every target sets up what it needs by itself.

PYTHON ?= $(shell python3.11 -c '' 2>/dev/null && echo python3.11 || echo python3)
EVALUATIONS ?= 262144
MUTANTS ?= 40
CIRCUITS ?= 100
SEEDS ?= 3
SECONDS ?= 600
ROUNDS ?= 1
RUN ?= runs/$(shell date +%Y%m%d-%H%M%S)

READY := .venv/ready
READY_SYNTH := .venv/ready-synth
NOISE := .venv/bin/evoarray noise --kind salt-and-pepper --amount 0.2
TEST_PHOTOS := brick chelsea coffee rocket
NEURO_STUDIES := neuro-weights neuro-cnn neuro-neat neuro-noise
STUDIES := $(filter-out $(NEURO_STUDIES),$(sort $(basename $(notdir $(wildcard studies/*.toml)))))
OURS := presets presets-35-seconds parsimony topology sample
NETWORKS := networks-paper networks-options networks-tsp networks-knapsack

# $(call replayed,simulator,family,command,after) adds --replay to a command. Without the simulator,
# which evolution does not need, all is done but the replay; then the target fails and says why.
define replayed
@missing=$$(.venv/bin/python -m evoarray.evolution.backends.ready $(1) $(2)) || exit; \
	replay='--replay $(1)'; test -z "$$missing" || replay=; \
	(set -x; $(3) $$replay $(if $(4),&& $(4))) || exit; \
	test -z "$$missing" || { echo "NOT REPLAYED ON THE RTL, the rest is done: $$missing" >&2; exit 3; }
endef

# What these do most, a C compiler and Python do alone.
evolve neuro: PURPOSE := evolution

.PHONY: help evolve neuro studies-neuro test sim formal mutation coverage netlist exports soak chaos signoff bench studies-quick studies registers site \
  synth compare-filters lint setup setup-synth system browser release lock clean

help:
	@echo "make evolve  evolve a filter for a noisy photo, judge it on others, replay it on the RTL"
	@echo "             (EVALUATIONS=$(EVALUATIONS), RUN=folder for the results)"
	@echo "make neuro   evolve a small network that reads digits, report on it, replay it on the RTL"
	@echo "             (RUN=folder for the results)"
	@echo "make test    everything that proves the project: lint, types, unit tests, simulations"
	@echo "make sim     the simulations alone (SIM=icarus or SIM=verilator for one simulator)"
	@echo "make formal  prove what formal/ states of the RTL, and that each proof finds its mutants"
	@echo "make mutation  which faults in the RTL the simulations find (MUTANTS=$(MUTANTS) of each target)"
	@echo "make soak    the simulations on random arrays, for SECONDS=$(SECONDS); a failure says how to repeat it"
	@echo "make chaos   runs and studies that are killed, stopped, given damaged files, full disks and nonsense,"
	@echo "             ROUNDS=$(ROUNDS) of a few minutes (SEED=number to repeat them); a failure says how to repeat it"
	@echo "make coverage  which lines, branches, bits and cases the simulations on Verilator cover"
	@echo "make netlist  the simulations of the cores as cells of iCE40 and 7 series"
	@echo "make exports  that exports of random circuits equal the array and pass as cells (CIRCUITS=$(CIRCUITS))"
	@echo "make signoff  all of these and lint; writes the tables of docs/verification.md"
	@echo "make bench   how fast every backend is on this machine, all measured in one run"
	@echo "make studies-quick  the thesis's experiments and ours with few runs"
	@echo "             (results in runs/studies, summaries in docs/thesis.md, docs/presets.md, docs/parsimony.md"
	@echo "             docs/topology.md, docs/sample.md and docs/networks.md)"
	@echo "make studies the same with as many runs as the thesis, over half a day; both go on where they"
	@echo "             were stopped, and this one after studies-quick"
	@echo "make studies-neuro  networks evolved in several ways, ten runs each: docs/neuroevolution.md"
	@echo "make registers  remake what rtl/registers/*.toml describe: constants of the RTL, pages of docs/,"
	@echo "             and rtl/ipxact/"
	@echo "make site    build the documentation as a site, build/site/index.html; executes the notebooks"
	@echo "make synth   area and clock on FPGAs by yosys and nextpnr, which it installs into .venv"
	@echo "             (SEEDS=$(SEEDS) of nextpnr; tables in docs/synthesis.md)"
	@echo "make compare-filters  evolved filters beside median filters: quality, area and clock"
	@echo "             (SEEDS=$(SEEDS) of nextpnr; tables in docs/filters.md)"
	@echo "make lint    ruff, mypy, and the RTL through Icarus, Verilator and yosys"
	@echo "make setup   install what is missing (all targets do): system packages, then .venv"
	@echo "             (PYTHON=interpreter, 3.11 or later)"
	@echo "make setup-synth  the same, and nextpnr (400 MB): for evoarray export --synthesize"
	@echo "make release  check that a version can be released, and build wheel and sdist into build/dist"
	@echo "make lock    remake both requirements files from pyproject.toml with today's releases"
	@echo "make clean   remove what was built; keeps runs/ and .venv"

evolve: setup
	mkdir -p build/noisy
	$(NOISE) images/training/camera.png --seed 1 -o build/noisy/camera.png
	$(NOISE) images/test/brick.png --seed 101 -o build/noisy/brick.png
	$(NOISE) images/test/chelsea.png --seed 102 -o build/noisy/chelsea.png
	$(NOISE) images/test/coffee.png --seed 103 -o build/noisy/coffee.png
	$(NOISE) images/test/rocket.png --seed 104 -o build/noisy/rocket.png
	$(call replayed,icarus,filter,.venv/bin/evoarray evolve build/noisy/camera.png images/training/camera.png -o $(RUN) \
	  --evaluations $(EVALUATIONS) \
	  $(foreach photo,$(TEST_PHOTOS),--test-pair build/noisy/$(photo).png images/test/$(photo).png))

neuro: setup
	$(call replayed,verilator,neuro,.venv/bin/evoarray neuro -o $(RUN),.venv/bin/evoarray report $(RUN))

test: browser lint
	.venv/bin/pytest -n 2 tests
	.venv/bin/pytest -n 2 tb

sim: setup
	SIM=$(SIM) .venv/bin/pytest -n 2 tb

formal: setup
	.venv/bin/python -m formal

mutation: setup
	.venv/bin/python -m tb.signoff.mutation --mutants $(MUTANTS)

soak: setup
	.venv/bin/python -m tb.signoff.soak --seconds $(SECONDS) $(ROUND:%=--round %)

chaos: setup
	.venv/bin/python -m tests.chaos --rounds $(ROUNDS) $(SEED:%=--seed %)

coverage: setup
	.venv/bin/python -m tb.signoff.coverage

netlist: setup
	.venv/bin/python -m tb.signoff.netlist

exports: setup
	.venv/bin/python -m tb.signoff.exports --circuits $(CIRCUITS)

signoff: lint
	rm -rf build/signoff
	mkdir -p build/signoff
	.venv/bin/pytest -n 2 tb --junitxml=build/signoff/simulations.xml
	.venv/bin/python -m formal
	.venv/bin/python -m tb.signoff.mutation --mutants $(MUTANTS)
	.venv/bin/python -m tb.signoff.coverage
	.venv/bin/python -m tb.signoff.netlist
	.venv/bin/python -m tb.signoff.exports --circuits $(CIRCUITS)
	.venv/bin/python -m tb.signoff.soak --seconds $(SECONDS) $(ROUND:%=--round %)
	.venv/bin/python -m tb.signoff.tables

bench: setup
	.venv/bin/evoarray bench

studies-quick: QUICK := --quick
studies-quick studies: setup
	set -e; for name in $(STUDIES); do echo "$$name:"; \
	  .venv/bin/evoarray study studies/$$name.toml $(QUICK) -o runs/studies/$$name; done
	.venv/bin/evoarray study summary $(patsubst %,runs/studies/%,$(filter-out $(OURS) $(NETWORKS),$(STUDIES))) \
	  -o docs/thesis.md
	.venv/bin/evoarray study summary runs/studies/presets runs/studies/presets-35-seconds -o docs/presets.md
	.venv/bin/evoarray study summary runs/studies/parsimony -o docs/parsimony.md
	.venv/bin/evoarray study summary runs/studies/topology -o docs/topology.md
	.venv/bin/evoarray study summary runs/studies/sample -o docs/sample.md
	.venv/bin/evoarray study summary $(NETWORKS:%=runs/studies/%) -o docs/networks.md

studies-neuro: setup
	set -e; for name in $(NEURO_STUDIES); do echo "$$name:"; \
	  .venv/bin/evoarray study studies/$$name.toml -o runs/studies/$$name; done
	.venv/bin/evoarray study summary $(NEURO_STUDIES:%=runs/studies/%) -o docs/neuroevolution.md

registers: setup
	.venv/bin/python -m evoarray.model.registers
	.venv/bin/python -m evoarray.evolution.integration.ipxact

# A page that warns, or that leads nowhere, makes it fail.
site: setup
	rm -rf build/site
	.venv/bin/sphinx-build --fail-on-warning --keep-going --nitpicky --fresh-env -d build/doctrees docs build/site

synth: setup-synth
	.venv/bin/python -m synth.operations
	.venv/bin/python -m synth --seeds $(SEEDS)

compare-filters: setup-synth
	.venv/bin/python -m synth.filters --seeds $(SEEDS)

lint: setup
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	tools/lint-rtl.sh

setup: system $(READY)

setup-synth: setup $(READY_SYNTH)

system:
	@tools/setup-system.sh $(PYTHON) $(PURPOSE)

browser:
	@tools/setup-system.sh $(PYTHON) tests

$(READY): requirements.lock pyproject.toml | system
	@echo "Installing the Python packages of requirements.lock into .venv"
	$(PYTHON) -m venv --clear .venv
	.venv/bin/pip install --quiet --require-hashes --requirement requirements.lock
	.venv/bin/pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

# A new .venv has lost it, too.
$(READY_SYNTH): requirements-synth.lock $(READY)
	@echo "Installing the Python packages of requirements-synth.lock into .venv"
	.venv/bin/pip install --quiet --require-hashes --requirement requirements-synth.lock
	touch $@

release: setup
	tools/release.sh

lock: system
	$(PYTHON) -m venv build/uv
	build/uv/bin/pip install --quiet uv
	build/uv/bin/uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest \
	  --extra simulators --extra dev --extra docs --generate-hashes --upgrade \
	  --custom-compile-command "make lock" --output-file requirements.lock pyproject.toml
	build/uv/bin/uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest \
	  --group synth --constraint requirements.lock --generate-hashes --upgrade \
	  --custom-compile-command "make lock" --output-file requirements-synth.lock

clean:
	rm -rf build sim_build *.egg-info .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name .venv -prune -o -name __pycache__ -print0 | xargs -0 rm -rf
