# make repro [PROFILE=quick|reduced|paper|certify]   rebuild the study
# make test | make lint                             check the code
# Needs Python 3.11 or newer, git and make. Everything else is installed into .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: repro certify test lint format venv lock clean

venv: $(STAMP)

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("error: Python 3.11 or newer is needed, found " + sys.version.split()[0] + "; set PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --disable-pip-version-check --quiet --progress-bar off -r requirements.lock
	$(BIN)/pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation --editable .
	@touch $@

repro: venv
ifdef PROFILE
	$(BIN)/python -m pipeline.configure profile=$(PROFILE)
else
	$(BIN)/python -m pipeline.configure --check
endif
	$(BIN)/dvc repro
	@echo "report: reports/build/index.html"

certify:
	$(MAKE) repro PROFILE=certify

test: venv
	$(BIN)/python -m pytest

lint: venv
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: venv
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Exact pins from a fresh resolution of pyproject's ranges. The nvidia, cuda and triton packages
# are left out: torch pins them itself, with markers for the platforms that have them.
lock:
	$(PYTHON) -m venv .venv-lock
	.venv-lock/bin/pip install --quiet --editable '.[dev,spandrel,watch]'
	.venv-lock/bin/pip freeze --all --exclude-editable | grep -viE '^(nvidia|cuda|triton|pip=)' > requirements.lock
	rm -rf .venv-lock

clean:
	rm -rf $(VENV) reports/build .pytest_cache .mypy_cache .ruff_cache
