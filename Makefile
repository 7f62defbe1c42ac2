# The commands for developers. Each one sets up what it needs; `make help` lists them.
SHELL := /bin/sh
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
SIDECAR := $(BIN)/sidecar
REGION ?= local
NETWORK ?= public
OUT ?= build/$(REGION)
PYTEST_ARGS ?=
GOLDEN ?= tests/sidecar
PYTEST := $(BIN)/python -m pytest -n 2 --dist loadgroup
HELM ?= helm
export TAG ?=
FUZZ_CASES ?= 100000
# What reviews the chart is pinned, because each version knows other checks. To go on: raise one, run
# `make kube-lint`, and mend each new finding or give it a reason. checkov has an environment of its
# own: it pins a hundred packages, which would decide the versions that the kit is tested with.
CHECKOV := 3.3.30
KUBE_SCORE := v1.20.0
REVIEWERS := build/kube-lint-$(CHECKOV)-$(KUBE_SCORE)
PROPERTIES := tests/sidecar/test_properties.py tests/sidecar/inject/manifests/test_properties.py \
  tests/sidecar/inject/compose/test_inject_properties.py \
  tests/sidecar/stand_in/test_otlp_properties.py tests/tracing/test_propagation_properties.py \
  tests/tracing/test_compact.py tests/tracing/test_spans_properties.py
FAULTS ?=
TARGET ?=
FAULTS_ARGS ?=
comma := ,
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help demo down images render validate verify test test-fast test-all lint format chart \
  kube-lint bench faults matrix lock golden fuzz stacks dist dist-check release release-check clean

help: ## list these commands
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort | expand -t 15

demo: $(READY) ## start and prove the sample, in containers or as processes: [KIND=collector]
	@$(SIDECAR) demo $(if $(KIND),--agent-kind $(KIND))

down: $(READY) ## stop the demo and remove everything that it started
	@$(SIDECAR) demo --down

images: $(READY) ## pull the images, or build them if no registry answers
	@$(SIDECAR) images

render: $(READY) ## write a region's deployment: REGION=cn-shenzhen [NETWORK=vpc] [OUT=folder]
	@$(SIDECAR) render --region "$(REGION)" --network "$(NETWORK)" --out "$(OUT)"

validate: $(READY) ## check a region's deployment: REGION=cn-shenzhen [NETWORK=vpc] [OUT=folder]
	@$(SIDECAR) validate --region "$(REGION)" --network "$(NETWORK)" --out "$(OUT)"

verify: $(READY) ## prove, hop by hop, that spans arrive: OUT=folder
	@$(SIDECAR) verify --out "$(if $(filter build/local,$(OUT)),.,$(OUT))"

test: $(READY) ## run all tests that this machine can run, and list the others
	@$(PYTEST) $(PYTEST_ARGS)

test-fast: $(READY) ## run the tests that need neither engine nor cluster
	@$(PYTEST) tests/sidecar tests/tracing tests/sample_service tests/project $(PYTEST_ARGS)

test-all: $(READY) ## run the fast tests on every claimed Python that is installed
	@$(BIN)/python -m tools.pythons

lint: $(READY) ## run ruff, mypy (strict) and the check of import directions
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache >/dev/null || $(BIN)/lint-imports --no-cache

format: $(READY) ## format the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

golden: $(READY) ## refresh the golden files and the committed rendering: [GOLDEN=tests/...]
	@$(SIDECAR) render --region local --out .
	@$(BIN)/python -m pytest -q --refresh-golden $(GOLDEN)

fuzz: $(READY) ## test the properties with 100,000 cases (15 minutes), or FUZZ_CASES=n
	@FUZZ_CASES=$(FUZZ_CASES) $(BIN)/python -m pytest -q -n 2 $(PROPERTIES)

stacks: $(READY) ## run the end-to-end tests that take too long for `make test`
	@$(BIN)/python -m pytest -q -m stacks tests/e2e

chart: ## lint and render the charts: [HELM=helm4]
	@$(HELM) lint helm helm/charts/sidecar-agent --strict
	@for values in helm/values.yaml helm/ci/*-values.yaml; do \
	  $(HELM) template demo helm --values "$$values" >/dev/null || exit 1; done

kube-lint: $(READY) $(REVIEWERS)/.ready ## review the charts with kube-score and checkov; needs Go, helm
	@PATH="$(CURDIR)/$(REVIEWERS)/bin:$$PATH" REQUIRE=kubernetes,kube-score,checkov \
	  $(BIN)/python -m pytest -q tests/sidecar/targets/test_helm_reviewers.py

bench: $(READY) ## measure the kit against the stock setup; copy results to docs/benchmarks.md
	@$(BIN)/python -m bench

faults: $(READY) ## inject faults, write docs/faults.md: [FAULTS=name,name] [TARGET=collector]
	@PYTHONPATH=tests:tests/support $(BIN)/python -m faults $(subst $(comma), ,$(FAULTS)) \
	  $(if $(TARGET),--target $(TARGET)) $(FAULTS_ARGS)

matrix: $(READY) ## run all servers and ends, write docs/servers.md (10 minutes)
	@$(BIN)/pip install --quiet -r tests/servers/requirements.txt
	@PYTHONPATH=tests:tests/support $(BIN)/python -m servers

lock: $(READY) ## write requirements-dev.txt from the three lists of dependencies
	@$(BIN)/uv pip compile -q --universal --python-version 3.10 --all-extras --no-strip-extras \
	  --generate-hashes --no-emit-package sidecar-kit --no-header -o requirements-dev.txt \
	  requirements-dev.in pyproject.toml tracing/pyproject.toml

dist: $(READY) ## build both distributions into dist/
	@rm -rf dist
	@for package in . tracing; do $(BIN)/uv build --quiet --no-build-isolation \
	  --python $(BIN)/python --out-dir dist "$$package" || exit 1; done

dist-check: dist ## build both, install the wheels into an empty environment and run them there
	@$(PYTHON) -m venv --clear build/dist-check
	@build/dist-check/bin/pip install --quiet dist/*.whl
	@cd build/dist-check && bin/sidecar --help >/dev/null && \
	  bin/sidecar render --region cn-shenzhen --out rendered && \
	  bin/python -m sidecar_tracing.probe --help >/dev/null && bin/sidecar-trace --help >/dev/null

release: $(READY) ## show what a release changes: VERSION=1.2.3; APPLY=1 writes it
	@$(BIN)/python -m tools.release "$(VERSION)" $(if $(APPLY),--apply)

release-check: $(READY) ## check that packages, charts, changelog and tag agree: [TAG=v1.2.3]
	@$(BIN)/python -m tools.release --check --tag "$$TAG"

clean: ## remove the environment and everything that was built
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .coverage*
	rm -f sidecar/stand_in/stubs/*_pb2*

# The environment: the lock, then both packages in editable form, which generates the stubs.
$(READY): requirements-dev.txt pyproject.toml tracing/pyproject.toml hatch_build.py \
  sidecar/stand_in/stubs/collector.proto
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
	  { echo "make: Python 3.10 or later is needed; name one with PYTHON=" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
	  { echo "make: $(PYTHON) has no venv; on Debian: apt-get install python3-venv" >&2; exit 1; }
	@echo "setting up $(VENV), about a minute" >&2
	@$(PYTHON) -m venv $(VENV)
	@# --use-pep517: old versions of pip print warnings otherwise
	@$(BIN)/pip install --quiet --use-pep517 --require-hashes -r requirements-dev.txt
	@$(BIN)/pip install --quiet --no-deps --no-build-isolation -e . -e tracing
	@touch $@

$(REVIEWERS)/.ready:
	@command -v go >/dev/null || { echo "make: kube-score is built with Go; install it" >&2; exit 1; }
	@echo "setting up $(REVIEWERS), about two minutes" >&2
	@$(PYTHON) -m venv --clear $(REVIEWERS)
	@$(REVIEWERS)/bin/pip install --quiet checkov==$(CHECKOV)
	@GOBIN="$(CURDIR)/$(REVIEWERS)/bin" go install github.com/zegl/kube-score/cmd/kube-score@$(KUBE_SCORE)
	@touch $@
