# Builds, tests and starts Keyhold. `make` alone lists the targets.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-builtin-rules --no-print-directory
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

# Two target folders, so that the server and the browser's part can build in parallel.
FRONT := target/front
WASM := --no-default-features --features hydrate --target wasm32-unknown-unknown --target-dir $(FRONT)
RELEASE_WASM := $(FRONT)/wasm32-unknown-unknown/wasm-release/app.wasm
DEV_WASM := $(FRONT)/wasm32-unknown-unknown/debug/app.wasm

# npm writes this file last, so its date is that of the last complete installation.
PACKAGES := node_modules/.package-lock.json
CLIENT_SCRIPTS := $(wildcard app/src/client/*.js)
SITE_SOURCES := $(shell find style public -type f) build/site.sh build/publish.mjs

.PHONY: help setup run dev build test fmt clean bench cluster cluster-faults faults screenshots visual
.PHONY: server site check-format check-lints check-front check-tree check-types test-rust test-postgres test-shapes test-faults test-browser tools python nginx postgres pgbouncer chromium always

help: ## List these targets
	@echo "Targets:"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

setup: tools python nginx postgres pgbouncer ## Fetch missing tools: wasm target, wasm-bindgen, npm and Python packages, nginx, PostgreSQL, PgBouncer

run: build ## Build and start with demonstration data on http://127.0.0.1:3000
	target/release/keyhold serve --demo

dev: tools ## Like run, from a debug build: fast to rebuild, slow to run
	cargo build --locked -p server
	@$(MAKE) target/debug/site/hash.txt
	target/debug/keyhold serve --demo

build: tools ## Build target/release/keyhold and its site, target/site
	@$(MAKE) --jobs=2 server site

# From the cheapest check to the slowest. The last two mostly wait, so they run in parallel.
test: setup chromium check-format check-types check-tree ## Run everything that CI runs
	@$(MAKE) check-lints
	@$(MAKE) check-front
	@$(MAKE) test-rust
	@$(MAKE) test-postgres
	@$(MAKE) build
	@$(MAKE) test-shapes
	@$(MAKE) --jobs=2 test-faults test-browser

fmt: ## Format the Rust sources
	cargo fmt --all

bench: build ## Compare with axum, nginx and better-auth, and write docs/benchmarks.md (a quarter of an hour)
	@build/bench-tools.sh
	node bench/run.mjs

cluster: build ## Start PostgreSQL with a standby, three nodes and nginx on this machine, until Ctrl-C (Linux)
	cluster/run.py

cluster-faults: build ## Cause the faults that a cluster must withstand, and write docs/cluster.md (40 minutes; Linux)
	@build/bench-tools.sh wrk
	cluster/faults.py

faults: build ## Cause the faults that Keyhold must withstand, and write docs/faults.md (an hour; some need root)
	faults/run.py

screenshots: build chromium ## Take screenshots of every page into target/screenshots
	npm run --silent screenshots

visual: chromium site ## Compare pictures of the style guide with end2end/pictures (new ones: npm run visual -- --update-snapshots)
	cargo build --locked -p server
	npm run --silent visual

clean: ## Remove build outputs, but keep fetched tools
	rm -rf target/debug target/release target/front target/site target/screenshots end2end/test-results

# The steps of the targets above.

$(PACKAGES): package.json package-lock.json .npmrc
	npm ci --no-fund --no-audit
	@touch $@

tools: $(PACKAGES)
	@build/tools.sh >/dev/null

# For tests and checks only: building and starting Keyhold needs no Python.
python:
	@build/python.sh >/dev/null

# For tests only. The gateways are tested on Linux only.
nginx:
	@if [[ $$(uname) == Linux ]]; then build/nginx.sh >/dev/null; fi

# For tests only.
postgres:
	@build/postgres.sh >/dev/null

# For tests only.
pgbouncer:
	@build/pgbouncer.sh >/dev/null

chromium: $(PACKAGES)
	@build/chromium.sh

# Leptos requires it, although the names of the files come from hash.txt.
server: export LEPTOS_OUTPUT_NAME := keyhold
server:
	cargo build --locked -p server --release

site: target/site/hash.txt

# Cargo decides whether these are up to date, and writes them only if they are not.
$(RELEASE_WASM): always
	@build/tools.sh >/dev/null
	cargo build --locked -p app --lib $(WASM) --profile wasm-release

$(DEV_WASM): always
	@build/tools.sh >/dev/null
	cargo build --locked -p app --lib $(WASM)

$(FRONT)/release/keyhold.js: $(RELEASE_WASM) build/front.sh build/snip.mjs $(CLIENT_SCRIPTS) $(PACKAGES)
	build/front.sh release $< $(@D)

$(FRONT)/dev/keyhold.js: $(DEV_WASM) build/front.sh build/snip.mjs $(CLIENT_SCRIPTS) $(PACKAGES)
	build/front.sh dev $< $(@D)

target/site/hash.txt: $(FRONT)/release/keyhold.js $(SITE_SOURCES) $(PACKAGES)
	build/site.sh $(<D) $(@D)

target/debug/site/hash.txt: $(FRONT)/dev/keyhold.js $(SITE_SOURCES) $(PACKAGES)
	build/site.sh $(<D) $(@D)

check-format:
	cargo fmt --all --check

check-types: $(PACKAGES)
	npm run --silent types

check-tree:
	build/tree.sh
	build/requirements.sh
	node bench/scale.mjs check
	build/deny.sh
	build/audit.sh

check-lints:
	cargo clippy --locked --workspace --all-targets -- -D warnings

check-front:
	cargo clippy --locked -p app --lib --example shapes $(WASM) -- -D warnings

# Tests wait for disks, servers and processes about half of the time.
test-rust test-postgres: export NEXTEST_TEST_THREADS ?= $(shell echo $$((2 * $$(nproc 2>/dev/null || getconf _NPROCESSORS_ONLN))))
test-rust test-postgres: export RUST_TEST_THREADS ?= $(NEXTEST_TEST_THREADS)

test-rust:
	@KEYHOLD_TEST_PYTHON=$$(build/python.sh); export KEYHOLD_TEST_PYTHON; \
	if [[ $$(uname) == Linux ]]; then KEYHOLD_TEST_NGINX=$$(build/nginx.sh); export KEYHOLD_TEST_NGINX; fi; \
	if cargo nextest --version >/dev/null 2>&1; \
	then set -x; cargo nextest run --locked --workspace; \
	else set -x; cargo test --locked --workspace; fi

# The tests with a database, again on a PostgreSQL server of their own: all of the vault but the unit tests without a fixture,
# and those of the server's requests, metrics, mails, commands, process and stops. What is left out does not depend on the engine: bytes
# of HTTP (fast_path, serve) and of HTML (markup), proxies (gateways), settings and the log. SQLITE_ONLY names modules about what only SQLite has: its
# file, with its locks, its failing disk (write_faults), its replacement (file_watch, database_file) and the copies that
# migrations keep of it. Kills of a first start and of a migration are fewer here, because each takes seconds.
SQLITE_ONLY := sqlite first_start file_watch migrations tables write_faults database_file
ON_POSTGRES := binary(it) & test(/^(accounts|cluster|copy|keys|limits|mailer|notices|operators|recovery|restore|start|storage|text|upkeep|usage|verify)/) & package(vault) \
	| kind(lib) & package(vault) & test(/^(cluster::follower|copy::tests|limits::readers|mailer|notices::sweep|outbox::turn|recovery|start|storage::(readers|transaction|upgrade)|usage::write)/) \
	| kind(lib) & package(server) & test(/^routes::metrics::/) \
	| binary(it) & package(server) & test(/^(cli|http|mail|process|routes|start)::/) - test(/^(cli::(failures|mail_test)|routes::markup)::/)

test-postgres:
	@if cargo nextest --version >/dev/null 2>&1; then set -x; \
	build/postgres.sh run cargo nextest run --locked --workspace --run-ignored all \
	-E '($(ON_POSTGRES)) - test(/(^|::)($(subst $() $(),|,$(SQLITE_ONLY)))::/)'; \
	else set -x; build/postgres.sh run cargo test --locked --workspace --lib --test it -- --include-ignored $(SQLITE_ONLY:%=--skip %::); fi

BROWSER_ON_SQLITE := create dashboard lifecycle no-script notices versions

# Of the same profile as the release build, because that has compiled everything else of it.
test-shapes:
	cargo build --locked -p app --example shapes $(WASM) --profile wasm-release
	build/shapes.sh $(FRONT)/wasm32-unknown-unknown/wasm-release/examples/shapes.wasm

# The scripts use features that only Linux has.
test-faults:
	@if [[ $$(uname) == Linux ]]; then set -x; faults/run.py --short; cluster/faults.py --short --alone --only violations; fi

# All on PostgreSQL, which answers later and in another order than a file, and again on a file those that write the most.
test-browser:
	build/postgres.sh run npm run --silent end2end -- --project=postgres
	npm run --silent end2end -- --project=sqlite $(BROWSER_ON_SQLITE)
