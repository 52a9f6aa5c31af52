# Crossfade: what one types. Every target sets up what it needs, and does nothing twice.

SHELL := /bin/bash
.DEFAULT_GOAL := help

# On what the sample application runs: `process`, which needs nothing else, or `docker` (with nginx).
ENGINE ?= process
export ENGINE
# Each has a database of its own.
DATA   ?= $(CURDIR)/var/$(if $(filter docker,$(ENGINE)),crossfade,local).db
LISTEN ?= 127.0.0.1:8790
BINARY := target/release/crossfade

.PHONY: help run test check bench build rust site prepare stop

help: ## what there is
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 16

run: build ## build, bring the sample application live, and serve the dashboard. ENGINE=docker: on Docker and nginx
	@demo/run.sh $(BINARY) "$(DATA)" "$(LISTEN)"

test: check ## everything, on the real Docker Engine, the real nginx and a real browser
	@demo/machine.sh
	@demo/machine.sh test
	@demo/images.sh
	@app/client/build.sh --release
	@.ci/tree.sh
	cargo build
	cargo nextest run --workspace --exclude client --run-ignored ignored-only --no-fail-fast
	@end2end/run.sh

check: rust ## the quick part: format, lints, unit tests
	cargo fmt --all --check
	cargo clippy --workspace --exclude client --all-targets -- -D warnings
	cargo nextest run --workspace --exclude client

bench: build ## measure against the budgets of the design, and print tables
	cargo bench --package engine --bench history
	@demo/machine.sh bench
	@mkdir -p target/bench
	cargo bench --package engine --bench routers | tee target/bench/routers.txt
	@demo/machine.sh
	@demo/images.sh 1.0.0 1.4.0 1.5.0 1.6.1 1.6.2 1.6.3 1.6.4 1.6.5 1.6.6
	@CROSSFADE_BIN=$(BINARY) end2end/run.sh --config playwright.bench.config.ts

build: rust site ## the program and its site, for release
	cargo build --release -p server

rust:
	@.ci/rust.sh

site: ## scripts and styles, for the browser
	@app/client/build.sh --release

prepare: ## after a change to a query or to the schema
	@engine/prepare.sh

stop: ## end what `make run` left running: the sample application, proxy, nginx, the registry, a Docker Engine started by hand
	@demo/local.sh stop $(BINARY) "$(CURDIR)/var/local.db"
	@demo/nginx.sh stop
	@demo/machine.sh stop
