# What one can do with this repository. `make` alone lists it.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

# Node 26 is an npm package here: with its folder first on the PATH, `node` is that one, whatever the machine has.
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)

# saas: companies sign up by the API. onprem: one Tenant from a manifest.
MODE ?= saas

# none, or simulated: what runs on such nodes exists in Kubernetes alone.
NODES ?= none

# 1: the pod that holds the call is killed in the middle of it.
KILL ?= 0

# The name of a scenario of runtime/voice/scenarios/calls; list: their names.
SCENARIO ?=

# More arguments for vitest: `make test VITEST_FLAGS='--project unit lib'`.
VITEST_FLAGS ?=

# Plays the scenarios of calls, and compares their transcripts, or writes them anew.
GOLDEN_CALLS = node node_modules/vitest/vitest.mjs run --project unit runtime/voice/scenarios/scenarios.test.ts

##@ See it

.PHONY: help
help: ## List these targets.
	@awk 'BEGIN { FS = ":.*## " } \
	  /^##@/ { printf "\n%s\n", substr($$0, 5) } \
	  /^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: node_modules ## From nothing to an answered call, and everything ended again (MODE=saas|onprem).
	@MODE=$(MODE) node hack/demo/demo.ts

.PHONY: up
up: node_modules ## The same, left running (MODE=saas|onprem; NODES=simulated adds nodes by KWOK, one with GPUs).
	@MODE=$(MODE) NODES=$(NODES) node hack/demo/up.ts

.PHONY: call
call: node_modules ## Place another call to what `make up` left running (KILL=1 kills its pod in mid-call; SCENARIO=…|list).
	@KILL=$(KILL) SCENARIO=$(SCENARIO) node hack/demo/call.ts

.PHONY: down
down: node_modules ## End whatever still runs and remove its data; logs stay in .veralux.
	@node hack/local/down.ts

##@ Work on it

.PHONY: test
test: node_modules ## All tests: unit, Postgres, Redis and a real API server.
	@node node_modules/vitest/vitest.mjs run $(VITEST_FLAGS)

.PHONY: check
check: node_modules ## Format, lint, types and dead code.
	@biome check
	@oxlint --type-aware
	@tsc --project .
	@knip

.PHONY: update
update: node_modules ## Write the generated files anew.
	@node hack/generate/generate.ts
	@$(GOLDEN_CALLS) --update

.PHONY: verify
verify: node_modules ## Fail where a generated file differs from its source.
	@node hack/generate/generate.ts --verify
	@$(GOLDEN_CALLS) --update=none

.PHONY: storm-calls
storm-calls: node_modules ## Random calls and faults against real pods (RUNS=…; SEED=…; hack/testing/call-storm).
	@node hack/testing/call-storm/main.ts

.PHONY: soak-calls
soak-calls: node_modules ## Calls that come and go for 30 minutes: memory and handles flat (SOAK_MINUTES=…).
	@SOAK_MINUTES=$${SOAK_MINUTES:-30} node hack/testing/call-storm/main.ts

.PHONY: bench-operator
bench-operator: node_modules ## Measure the operator beside raw baselines (BENCH=cold,…; TENANTS=…; hack/bench/README.md).
	@node hack/bench/operator/main.ts

.PHONY: bench-calls
bench-calls: node_modules ## Measure many calls in one runtime pod (BENCH=calls,…; CALLS=…; SECONDS=…; hack/bench/README.md).
	@node hack/bench/calls/main.ts

.PHONY: bench-conversation
bench-conversation: node_modules ## Measure codecs beside sox and ffmpeg, turns, and from mouth to ear (BENCH=media,…; SECONDS=…; hack/bench/README.md).
	@node hack/bench/conversation/main.ts

.PHONY: bench-apiserver
bench-apiserver: node_modules ## Measure the API server beside a bare route with the same statements (BENCH=read,…; SECONDS=…; hack/bench/README.md).
	@node hack/bench/apiserver/main.ts

# npm writes this file at the end of an installation.
node_modules: node_modules/.package-lock.json
node_modules/.package-lock.json: package-lock.json .npmrc
	@bash hack/local/install-packages.sh
