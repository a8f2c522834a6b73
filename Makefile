# `make help` lists the targets: those with a line of explanation after ##.
# Needs Python 3.11 or newer, git and make. Everything else is installed into .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: help repro verify measure certify test lint format venv lock clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

venv: $(STAMP)  ## install the pinned packages into .venv

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("error: Python 3.11 or newer is needed, found " + sys.version.split()[0] + "; set PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --disable-pip-version-check --quiet --progress-bar off -r requirements.lock
	$(BIN)/pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation --editable .
	@touch $@

repro: venv  ## run the study [PROFILE=quick|modules|order|shapes|compact|reduced|paper|certify|control] [JOBS=n] and render its report
ifdef PROFILE
	$(BIN)/python -m pipeline.configure profile=$(PROFILE)
else
	$(BIN)/python -m pipeline.configure --check
endif
	$(BIN)/mesr repro $(if $(JOBS),--jobs $(JOBS))
	@echo "report: reports/build/index.html"
	@$(BIN)/mesr verify --optional

verify: venv  ## say whether the outputs equal those of the committed study, bit by bit
	$(BIN)/mesr verify

measure: venv  ## measure latency and memory of every network on this machine
	$(BIN)/python -m pipeline.measure

certify:  ## measure published weights against published figures (make repro PROFILE=certify)
	$(MAKE) repro PROFILE=certify

test: venv  ## run all tests [JOBS=2]
	$(BIN)/python -m pytest --numprocesses $(or $(JOBS),2) --dist loadfile --no-loadscope-reorder

lint: venv  ## check code, formatting and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: venv  ## apply automatic fixes and formatting
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Exact pins from a fresh resolution of pyproject's ranges. The nvidia, cuda and triton packages
# are left out: torch pins them itself, with markers for the platforms that have them.
lock:  ## resolve the version ranges of pyproject.toml afresh into requirements.lock
	$(PYTHON) -m venv .venv-lock
	.venv-lock/bin/pip install --quiet --editable '.[cluster,dev,export,spandrel]'
	.venv-lock/bin/pip freeze --all --exclude-editable | grep -viE '^(nvidia|cuda|triton|pip=)' > requirements.lock
	rm -rf .venv-lock

clean:  ## delete .venv, the report and caches; keep data, runs and checkpoints
	rm -rf $(VENV) reports/build .pytest_cache .mypy_cache .ruff_cache
