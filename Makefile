# soakwave. `make` alone lists what there is.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
# The Node that package.json pins comes before whatever the machine has.
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)

waves := smoke small medium large enterprise
# Variables that `soak run` knows, as its flags: make soak-test-small DURATION=5m USERS=50 SPAWN_RATE=10
run_flags = $(if $(DURATION),--duration '$(DURATION)') $(if $(USERS),--users '$(USERS)') \
  $(if $(SPAWN_RATE),--spawn-rate '$(SPAWN_RATE)')
# And those of `soak seed`: make seed-medium SCALE=0.1 PARALLEL_WORKERS=2 BATCH_SIZE=4096 PROFILE=… SEED=… DATABASE=… RESET=1
seed_flags = $(if $(SCALE),--scale '$(SCALE)') $(if $(PARALLEL_WORKERS),--parallel-workers '$(PARALLEL_WORKERS)') \
  $(if $(BATCH_SIZE),--batch-size '$(BATCH_SIZE)') $(if $(PROFILE),--profile '$(PROFILE)') $(if $(SEED),--seed '$(SEED)') \
  $(if $(DATABASE),--database '$(DATABASE)') $(if $(RESET),--reset)
jobs := $(shell nproc 2>/dev/null || echo 2)

.PHONY: help
help: ## List the targets
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  %-28s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
	@printf '  %-28s %s\n' 'soak-test-{wave}' 'Run one wave to its verdict; waves: $(waves)'
	@printf '  %-28s %s\n' 'seed-{wave}' 'Seed the data set of a wave into the local stack: make seed-medium SCALE=0.1 RESET=1'
	@echo '  The soak-test targets take DURATION=5m USERS=50 SPAWN_RATE=10'

.PHONY: setup
setup: ## Bring everything that a run needs onto this machine
	@scripts/setup

.PHONY: soak
soak: setup ## Set up, run the smoke wave, print its verdict and the path of its report
	@scripts/soak run smoke $(run_flags)

.PHONY: test
test: ## Set up and run every check and every test
	@scripts/setup --for-tests
	@$(MAKE) --no-print-directory static
	@scripts/test

.PHONY: check
check: ## Everything that needs no servers: lint, types, import law, dead code, unit and workflow tests
	@scripts/setup
	@$(MAKE) --no-print-directory static
	@scripts/test --project unit --project workflow

# Each check is a target of its own, so that they run side by side and all of them report before make fails.
checks := format lint types types-workflows law dead dead-production bundle
.PHONY: static $(checks:%=check-%)
static:
	@$(MAKE) --no-print-directory --keep-going --jobs=$(jobs) --output-sync=target $(checks:%=check-%)
	@echo 'checks: all passed ($(checks))'
$(checks:%=check-%): check-%:
	@npm run --silent $*

.PHONY: doctor
doctor: ## Say what is missing on this machine, and what to do about it
	@scripts/soak doctor

.PHONY: up
up: setup ## Start Temporal, the evidence store and the workers
	@scripts/soak up

.PHONY: down
down: ## Stop everything that was started here
	@scripts/soak down

.PHONY: status
status: ## Say what runs here
	@scripts/soak status

.PHONY: $(waves:%=soak-test-%)
$(waves:%=soak-test-%): soak-test-%: setup
	@scripts/soak run $* $(run_flags)

.PHONY: $(waves:%=seed-%)
$(waves:%=seed-%): seed-%: setup
	@scripts/soak seed $* $(seed_flags)

.PHONY: bench-seed
bench-seed: setup ## Measure the seeder against bare COPY, generate_series and pgbench
	@scripts/soak bench seed

.PHONY: bench-load
bench-load: setup ## Measure the load engine against wrk, autocannon, k6 and Locust, as far as they are there
	@scripts/soak bench load

.PHONY: load-measured
load-measured: setup ## The same with 30 min of endurance, written down; writes docs/testing (about 40 min on a quiet machine)
	@node scripts/load-measured.ts

.PHONY: seed-measured
seed-measured: setup ## Seed a wave from nothing and write down what it took (WAVE=enterprise); writes docs/testing
	@node scripts/seed-measured.ts $(if $(WAVE),--wave '$(WAVE)')

.PHONY: soak-test-all-waves
soak-test-all-waves: setup ## Run the waves one after another and compare them
	@scripts/soak run --workflow AllWaves $(run_flags)

.PHONY: federation-load-enterprise
federation-load-enterprise: setup ## Run the federation mix alone, at the size of the enterprise wave
	@scripts/soak run enterprise --workflow FederationLoad $(run_flags)

.PHONY: kill-matrix
kill-matrix: setup ## Kill every part of the harness in every step, and hold each run against its twin (CELL=load/engine/SIGKILL)
	@node scripts/kill-matrix.ts $(if $(CELL),--only '$(CELL)' --again)

.PHONY: switched-off
switched-off: setup ## Switch off what durability rests on, one after another, and see a test fail each time (PROMISE=janitor)
	@node scripts/switched-off.ts $(if $(PROMISE),--only '$(PROMISE)')

.PHONY: stability-hour
stability-hour: setup ## Soak for an hour while every part of the harness is killed in turn; writes docs/examples/stability-hour
	@node scripts/stability-hour.ts $(if $(MINUTES),--minutes '$(MINUTES)') $(if $(SEED),--seed '$(SEED)')

.PHONY: clean
clean: ## Stop everything and delete the state of this checkout: data, runs and reports
	@if [[ -d .soak ]]; then scripts/soak down --purge; fi
