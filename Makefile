# Turnout. `make` explains the targets; each installs what it needs.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

UV_VERSION := 0.13.9
SAM_VERSION := 1.170.0

# The interpreter itself, not a launcher in front of it: uv and `sam build` must find it by its path.
PYTHON := $(shell for p in python3.13 python3; do $$p -c 'import sys; assert sys.version_info[:2] == (3, 13); print(sys.executable)' 2>/dev/null && break; done)

export PATH := $(CURDIR)/.tools/bin:$(if $(PYTHON),$(dir $(PYTHON)):)$(PATH)
export UV_PYTHON := $(PYTHON)
export UV_PYTHON_DOWNLOADS := never
export UV_NO_PROGRESS := 1
export UV_SYSTEM_CERTS := 1

RUN := .venv/bin/python -m
SAM := SAM_CLI_TELEMETRY=0 uvx --quiet --from aws-sam-cli==$(SAM_VERSION) sam

##@ Use

.PHONY: help
help: ## explain the targets
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z-]+:.*## / {printf "  make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: run
run: .venv ## start Turnout on this machine: embedded AWS, and simulated vendors where there are no keys
	@exec $(RUN) local

.PHONY: run-local-model
run-local-model: .venv ## the same with a real small language model as one more vendor (compiles for minutes at first)
	@exec $(RUN) local.model

##@ Check

.PHONY: test
test: check pytest ## everything that CI checks

.PHONY: check
check: .venv ## lint, types and who may import whom
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/lint-imports
	.venv/bin/pyright

.PHONY: pytest
pytest: .venv ## all tests
	.venv/bin/pytest -n auto --dist worksteal

.PHONY: unit
unit: .venv ## the quick tests alone
	.venv/bin/pytest -q tests/unit

.PHONY: fuzz
fuzz: .venv ## hostile vendors and clients for longer: FUZZ_EXAMPLES of each kind (1000)
	FUZZ_EXAMPLES=$(or $(FUZZ_EXAMPLES),1000) .venv/bin/pytest -q -n auto --timeout 3600 \
	  tests/contract/test_hostile_vendors.py tests/contract/api/test_documents.py

.PHONY: audit
audit: .venv ## known holes in what we depend on, and secrets in what we wrote; says loudly when it cannot look
	@$(RUN) local.audit

.PHONY: format
format: .venv ## format and mend what can be mended
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .

.PHONY: test-sam-local
test-sam-local: .venv ## OpenAI's SDK against `sam local start-api`, in containers; says loudly when it cannot
	@if tests/sam/docker/start_dockerd.sh; then .venv/bin/pytest -q tests/sam/local_api.py; \
	else printf '\n*** SKIPPED: test-sam-local needs Docker, and no daemon can be reached or started here. ***\n\n' >&2; fi

.PHONY: test-sam-invoke
test-sam-invoke: .venv ## every event of events/ through `sam local invoke`; some minutes, needs Docker
	@tests/sam/docker/start_dockerd.sh && .venv/bin/pytest -q tests/sam/local_invoke.py

##@ Measure

.PHONY: bench
bench: .venv ## Turnout beside LiteLLM and Portkey: speed, memory, faults, Lambda; some thirteen minutes
	$(RUN) benchmarks.peers
	$(RUN) benchmarks.peers.resilience
	$(RUN) benchmarks.lambda_shape

.PHONY: bench-resilience
bench-resilience: .venv ## only every fault of a vendor against the same gateways; some three minutes
	$(RUN) benchmarks.peers.resilience

.PHONY: bench-lambda
bench-lambda: .venv ## only the router on Lambda's runtime: init, memory, time per invocation and per token
	$(RUN) benchmarks.lambda_shape

.PHONY: bench-readme
bench-readme: .venv ## put what these have found last into the README
	$(RUN) benchmarks.peers.readme

##@ AWS

.PHONY: build
build: .venv ## build functions and layers for Lambda
	$(SAM) build

.PHONY: validate
validate: .venv ## check the template: SAM's own checks and cfn-lint
	$(SAM) validate --lint

.PHONY: deploy
deploy: build ## deploy to your AWS account; asks for what it needs the first time
	$(SAM) deploy $(if $(wildcard .turnout/deployed),,--guided)
	@mkdir -p .turnout && touch .turnout/deployed
	@printf '\nThe first admin key, once:\n  .venv/bin/turnout --stack <its name, else turnout> keys bootstrap\n'

.PHONY: api
api: .venv ## `sam local start-api` for development, on the laptop's embedded AWS (needs Docker)
	@exec $(RUN) local.sam_api

.PHONY: delete
delete: ## remove the deployment; the tables and reports stay unless you delete them too
	$(SAM) delete
	@rm -f .turnout/deployed

##@ Maintain

.PHONY: catalog
catalog: .venv ## refresh the catalog's prices and context windows
	$(RUN) local.catalog_refresh

.PHONY: lock
lock: .tools ## resolve the dependencies anew, and write the layer's list
	uv lock --upgrade
	$(MAKE) requirements

EXPORT := uv export --quiet --frozen --no-emit-project --no-header --no-annotate --format requirements-txt

.PHONY: requirements
requirements: .tools ## write the requirements of the layer and of the optimizer from uv.lock
	$(EXPORT) --no-dev --output-file layers/dependencies/requirements.txt >/dev/null
	$(EXPORT) --only-group reports --output-file functions/optimizer/requirements.txt >/dev/null

.PHONY: metrics
metrics: .venv ## write docs/metrics.md from the code
	$(RUN) turnout.telemetry.document > docs/metrics.md

.PHONY: report-schema
report-schema: .venv ## write docs/report.schema.json from the code
	$(RUN) turnout.policy.report > docs/report.schema.json

.PHONY: clean
clean: ## remove what the other targets made
	rm -rf .venv .tools .aws-sam .pytest_cache .ruff_cache .hypothesis .import_linter_cache .turnout

# --- what the targets stand on

.PHONY: python
python:
	@test -n "$(PYTHON)" || { echo "Turnout needs Python 3.13, and there is no python3.13 on the PATH. Install it and try again." >&2; exit 1; }

.tools: | python
	@"$(PYTHON)" -m venv .tools && .tools/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION) \
	  || { rm -rf .tools; echo "Could not install uv $(UV_VERSION): is the package index within reach?" >&2; exit 1; }

.venv: pyproject.toml uv.lock | .tools
	@uv sync --quiet --frozen && touch .venv
