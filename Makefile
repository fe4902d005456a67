# PyK8s-Lab. `make run` brings it up, `make test` runs all its tests; each installs what it needs.
SHELL := /usr/bin/env bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

export KUBE_BIN_DIR ?= $(shell tools/kube/install --print-dir)
# The tests use the kubectl that belongs to the clusters.
# So does the fuzzer, in an environment of its own.
SCHEMATHESIS := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/pyk8s-lab/schemathesis-4.32.5
# And the linter of workflows.
ACTIONLINT := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/pyk8s-lab/actionlint-1.7.12/actionlint
export PATH := $(dir $(shell tools/kube/install --print-kubectl)):$(SCHEMATHESIS)/bin:$(PATH)
TARGET_DIR ?= $(or $(CARGO_TARGET_DIR),target)
VENDOR := static/vendor/htmx.min.js static/vendor/ws.js

.PHONY: help
help: ## say what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: deps kube build ## bring the lab up: prints the address to open
	@exec $(TARGET_DIR)/debug/pyk8s-lab serve

.PHONY: deps
deps:
	@tools/deps run

.PHONY: deps-test
deps-test:
	@tools/deps test

.PHONY: kube
kube: ## get the Kubernetes binaries: cached, downloaded, or compiled
	@tools/kube/install

.PHONY: kube-test
kube-test: ## the same, and the tools of further providers
	@tools/kube/install --only kubernetes --only kwok --only etcd --only helm --only kind

.PHONY: assets
assets: $(VENDOR) ## get the scripts that the pages load

$(VENDOR) &: package-lock.json
	npm ci --no-audit --no-fund
	mkdir -p static/vendor
	cp node_modules/htmx.org/dist/htmx.min.js node_modules/htmx-ext-ws/ws.js static/vendor/

.PHONY: build
build: assets ## build the server and the command line
	cargo build --workspace

# What docker compose reads, with secrets of its own.
.env: | .env.example
	@sed -E "s|^(SECRET_KEY\|ENCRYPTION_KEY)=$$|\1=@\1@|" .env.example \
	  | sed "s|@SECRET_KEY@|$$(openssl rand -base64 32)|; s|@ENCRYPTION_KEY@|$$(openssl rand -base64 32)|; \
	    s|^POSTGRES_PASSWORD=$$|POSTGRES_PASSWORD=$$(openssl rand -hex 24)|; \
	    s|^DOCKER_GID=.*|DOCKER_GID=$$(stat -c %g /var/run/docker.sock 2>/dev/null || echo 999)|" > $@.part
	@chmod 600 $@.part && mv $@.part $@
	@echo "wrote $@: set PUBLIC_URL in it to what people will type"

.PHONY: lint
lint: assets ## formatting and clippy, warnings are errors
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings

.PHONY: test
test: deps-test kube-test lint test-fast test-tools test-release test-image test-chart test-integration test-kind test-browser ## run all tests, the fast ones first

.PHONY: test-fast
test-fast: assets ## tests without servers and clusters
	cargo test --workspace --lib --bins

.PHONY: test-tools
test-tools: ## tests of the installer
	node --test tests/tools/*.test.mjs

$(ACTIONLINT):
	@echo "actionlint: installing it into $(dir $@)"
	GOBIN=$(dir $@) go install github.com/rhysd/actionlint/cmd/actionlint@v$(lastword $(subst -, ,$(patsubst %/,%,$(dir $@))))

.PHONY: test-release
test-release: assets $(ACTIONLINT) ## tests of what a release is made by
	ACTIONLINT=$(ACTIONLINT) node --test tests/release/*.test.mjs

.PHONY: test-image
test-image: build kube-test ## tests of what the image holds, built without Docker
	PYK8S_LAB_BIN=$(abspath $(TARGET_DIR))/debug/pyk8s-lab node --test tests/image/*.test.mjs

.PHONY: test-chart
test-chart: build kube-test ## tests of the Helm chart, in a real API server
	PYK8S_LAB_BIN=$(abspath $(TARGET_DIR))/debug/pyk8s-lab node --test tests/chart/*.test.mjs

$(SCHEMATHESIS):
	@echo "schemathesis: installing it into $@"
	python3 -m venv $@
	$@/bin/pip install --quiet --disable-pip-version-check schemathesis==$(lastword $(subst -, ,$@)) || { rm -rf $@; exit 1; }

.PHONY: test-integration
test-integration: build kube-test $(SCHEMATHESIS) ## tests of the real server, with real clusters
	cargo test --workspace --test '*' -- --skip providers::kind
	TEST_DATABASE=postgres cargo test --test integration routes::

.PHONY: test-kind
test-kind: build kube-test ## tests with real kind clusters, in this machine's Docker or in one of their own
	tests/kind/docker run cargo test --test integration providers::kind

.PHONY: soak
soak: deps-test kube build ## clusters that come and go, for an hour's worth of them
	SOAK_CYCLES=200 SOAK_CLUSTERS=20 cargo test --test integration churn:: -- --nocapture

.PHONY: test-browser
test-browser: build ## the user's journey in a real browser
	PYK8S_LAB_BIN=$(TARGET_DIR)/debug/pyk8s-lab node --test playwright/*.test.mjs

.PHONY: bench
bench: deps-test kube assets ## what the lab adds to the tool it drives, and lists a second
	cargo build --release --workspace
	PYK8S_BIN=$(TARGET_DIR)/release/pyk8s node tests/bench/cli.mjs
	cargo build --release --example bare
	PYK8S_LAB_BIN=$(TARGET_DIR)/release/pyk8s-lab node tests/bench/lab.mjs
	PYK8S_LAB_BIN=$(TARGET_DIR)/release/pyk8s-lab node tests/bench/capacity.mjs
	PYK8S_LAB_BIN=$(TARGET_DIR)/release/pyk8s-lab BARE_BIN=$(TARGET_DIR)/release/examples/bare node tests/bench/production.mjs

.PHONY: screenshots
screenshots: build ## pictures of each page, into docs/images
	PYK8S_LAB_BIN=$(TARGET_DIR)/debug/pyk8s-lab node playwright/screenshots.mjs docs/images

.PHONY: install-cli
install-cli: ## install `pyk8s` into Cargo's bin directory
	cargo install --path cli --locked

.PHONY: clean
clean: ## remove what was built (the Kubernetes binaries stay in their cache)
	cargo clean
	rm -rf node_modules static/vendor
