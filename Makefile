# Short words for the kit. Every target sets up what it needs; `make help` lists them.
SHELL := /bin/sh
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
SIDECAR := $(BIN)/sidecar
REGION ?= local
NETWORK ?= public
OUT ?= build/$(REGION)
PYTEST_ARGS ?=
PYTEST := $(BIN)/python -m pytest -n 2 --dist loadgroup
HELM ?= helm
export TAG ?=
FUZZ_CASES ?= 100000
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help demo down images render validate verify test test-fast test-all lint format chart bench \
  lock golden fuzz dist dist-check release release-check clean

help: ## this list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort | expand -t 12

demo: $(VENV)/.ready ## set up, start and prove the sample: containers where an engine answers, else processes
	@$(SIDECAR) demo

down: $(VENV)/.ready ## stop the demo and leave nothing behind
	@$(SIDECAR) demo --down

images: $(VENV)/.ready ## pull the images, or build them where no registry answers
	@$(SIDECAR) images

render: $(VENV)/.ready ## write a region's deployment: make render REGION=cn-shenzhen [NETWORK=vpc] [OUT=folder]
	@$(SIDECAR) render --region "$(REGION)" --network "$(NETWORK)" --out "$(OUT)"

validate: $(VENV)/.ready ## check a region: make validate REGION=cn-shenzhen [NETWORK=vpc] [OUT=folder]
	@$(SIDECAR) validate --region "$(REGION)" --network "$(NETWORK)" --out "$(OUT)"

verify: $(VENV)/.ready ## prove, hop by hop, that spans arrive: make verify OUT=folder
	@$(SIDECAR) verify --out "$(if $(filter build/local,$(OUT)),.,$(OUT))"

test: $(VENV)/.ready ## all tests; what needs an engine or a cluster is skipped, and said, where there is none
	@$(PYTEST) $(PYTEST_ARGS)

test-fast: $(VENV)/.ready ## the tests that need neither engine nor cluster
	@$(PYTEST) tests/sidecar tests/tracing tests/sample_service tests/project $(PYTEST_ARGS)

test-all: $(VENV)/.ready ## the fast tests on every claimed Python that this machine has
	@$(BIN)/python -m tools.pythons

lint: $(VENV)/.ready ## ruff, mypy (strict) and the layers of imports
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache >/dev/null || $(BIN)/lint-imports --no-cache

format: $(VENV)/.ready ## let ruff write the code's form
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

golden: $(VENV)/.ready ## write the golden files and the committed rendering anew
	@$(SIDECAR) render --region local --out .
	@$(BIN)/python -m pytest -q --refresh-golden tests/sidecar

fuzz: $(VENV)/.ready ## the properties with 100,000 cases, a quarter of an hour: make fuzz [FUZZ_CASES=n]
	@FUZZ_CASES=$(FUZZ_CASES) $(BIN)/python -m pytest -q -n 2 tests/sidecar/test_properties.py

chart: ## lint and render the charts: make chart [HELM=helm4]
	@$(HELM) lint helm helm/charts/sidecar-agent --strict
	@for values in helm/values.yaml helm/ci/*-values.yaml; do \
	  $(HELM) template demo helm --values "$$values" >/dev/null || exit 1; done

bench: $(VENV)/.ready ## measure, side by side with the stock way; results to docs/benchmarks.md by hand
	@$(BIN)/python -m bench

lock: $(VENV)/.ready ## write requirements-dev.txt anew from the three lists of dependencies
	@$(BIN)/uv pip compile -q --universal --python-version 3.10 --all-extras --generate-hashes --no-strip-extras \
	  --no-emit-package sidecar-kit --no-header -o requirements-dev.txt \
	  requirements-dev.in pyproject.toml tracing/pyproject.toml

dist: $(VENV)/.ready ## build both distributions into dist/
	@rm -rf dist
	@for package in . tracing; do $(BIN)/uv build --quiet --no-build-isolation \
	  --python $(BIN)/python --out-dir dist "$$package" || exit 1; done

dist-check: dist ## build both, install the wheels into an empty environment and run them there
	@$(PYTHON) -m venv --clear build/dist-check
	@build/dist-check/bin/pip install --quiet dist/*.whl
	@cd build/dist-check && bin/sidecar --help >/dev/null && \
	  bin/sidecar render --region cn-shenzhen --out rendered && \
	  bin/python -m sidecar_tracing.probe --help >/dev/null

release: $(VENV)/.ready ## show what a release changes: make release VERSION=1.2.3; APPLY=1 writes it
	@$(BIN)/python -m tools.release "$(VERSION)" $(if $(APPLY),--apply)

release-check: $(VENV)/.ready ## check that packages, charts, changelog [and TAG=v1.2.3] agree
	@$(BIN)/python -m tools.release --check --tag "$$TAG"

clean: ## remove the environment and all that was built here
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .coverage* sidecar/stand_in/stubs/*_pb2*

# The environment: everything from the lock, then the two packages as they stand here. The stubs are part of it.
$(VENV)/.ready: requirements-dev.txt pyproject.toml tracing/pyproject.toml hatch_build.py sidecar/stand_in/stubs/collector.proto
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
	  { echo "make: Python 3.10 or later is needed; name one with PYTHON=" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
	  { echo "make: $(PYTHON) has no venv module. Debian, Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@echo "setting up $(VENV), about a minute" >&2
	@$(PYTHON) -m venv $(VENV)
	@# --use-pep517: old pips complain otherwise
	@$(BIN)/pip install --quiet --use-pep517 --require-hashes -r requirements-dev.txt
	@$(BIN)/pip install --quiet --no-deps --no-build-isolation -e . -e tracing
	@touch $@
