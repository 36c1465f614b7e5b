# The README names `make run` and `make test`; `make help` lists the rest.

SHELL         := /bin/bash
.DEFAULT_GOAL := help
MAKEFLAGS     += --no-print-directory

MODULE  := github.com/postrider/postrider
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS := -s -w -X $(MODULE)/pkg/app.Version=$(VERSION)
BUILD   := CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)'

GOLANGCI_VERSION := v2.15.0
GOLANGCI         := bin/golangci-lint-$(GOLANGCI_VERSION)

GOVULNCHECK_VERSION := v1.9.0
GOVULNCHECK         := bin/govulncheck-$(GOVULNCHECK_VERSION)

# Marks of an npm install: without and with the tools that tests need.
NPM_RUN  := frontend/node_modules/.postrider-run
NPM_TEST := frontend/node_modules/.postrider-test
SPA      := frontend/dist/index.html
SPA_FILES := $(shell find frontend/src frontend/public -type f 2>/dev/null | tr ' ' '?') frontend/index.html frontend/vite.config.ts frontend/tsconfig.json frontend/package.json

.PHONY: help
help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

# ---- use -------------------------------------------------------------------

.PHONY: run
run: ## Start everything in one process at http://localhost:8080 (DEMO=1: with demo data)
	@echo "==> building the interface and the packages (the first time takes a few minutes)"
	@$(MAKE) -j2 $(SPA) go-packages
	@echo "==> linking"
	@$(BUILD) -o bin/postrider ./cmd/postrider
	@exec bin/postrider up $(if $(filter-out 0,$(DEMO)),> >($(SEED_DEMO)))

# Passes on what `up` prints, and adds the demo data when it is ready.
SEED_DEMO = trap '' INT; while IFS= read -r line; do echo "$$line"; case $$line in ready:*) bin/postrider seed-demo;; esac; done

.PHONY: build
build: $(SPA) ## Build bin/api, bin/worker and bin/postrider
	$(BUILD) -o bin/ ./cmd/api ./cmd/worker ./cmd/postrider

# Fills the build cache with the libraries, which is most of the work, while the
# interface is built. Not with packages of ours: what embeds frontend/dist must
# wait for it.
.PHONY: go-packages
go-packages:
	@go list -e -deps -f '{{if and .Module (not .Module.Main)}}{{.ImportPath}}{{end}}' ./cmd/postrider | CGO_ENABLED=0 xargs go build -trimpath && echo "==> libraries compiled"

$(NPM_RUN): frontend/package-lock.json
	@echo "==> npm ci"
	@cd frontend && npm ci --omit=dev --no-progress
	@touch $@

$(NPM_TEST): frontend/package-lock.json
	cd frontend && npm ci --no-progress
	@touch $(NPM_RUN) $@

$(SPA): $(SPA_FILES) | $(NPM_RUN)
	@echo "==> building the interface"
	@cd frontend && npm run --silent build
	@touch frontend/dist/.gitkeep $@

# ---- develop ---------------------------------------------------------------

.PHONY: dev
dev: $(NPM_TEST) ## The API, restarted when Go files change, and Vite with hot reload
	@.ci/dev

.PHONY: generate
generate: $(NPM_TEST) ## Make the OpenAPI files, the page of rights, the interface's types and permissions from api/
	go tool swag init --quiet --generalInfo doc.go --dir ./api,./pkg/model --outputTypes json --output docs/openapi
	go run ./docs/openapi/convert docs/openapi/swagger.json docs/openapi/openapi.json
	go run ./docs/authorization docs/authorization.md frontend/src/api/permissions.gen.ts
	cd frontend && npm run --silent api:types

$(GOLANGCI):
	@echo "==> building golangci-lint $(GOLANGCI_VERSION) (once, some minutes)"
	@mkdir -p bin/tools
	@GOBIN=$(CURDIR)/bin/tools GOFLAGS=-buildvcs=false go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)
	@mv bin/tools/golangci-lint $@

.PHONY: lint
lint: $(GOLANGCI) $(NPM_TEST) ## golangci-lint, gofumpt, Biome, TypeScript
	$(GOLANGCI) run ./...
	cd frontend && npm run --silent lint

$(GOVULNCHECK):
	@echo "==> building govulncheck $(GOVULNCHECK_VERSION)"
	@mkdir -p bin/tools
	@GOBIN=$(CURDIR)/bin/tools GOFLAGS=-buildvcs=false go install golang.org/x/vuln/cmd/govulncheck@$(GOVULNCHECK_VERSION)
	@mv bin/tools/govulncheck $@

.PHONY: vulncheck
vulncheck: $(GOVULNCHECK) ## Look for known vulnerabilities that the programs can reach (GOVULNDB: address of the database)
	@.ci/vulncheck $(GOVULNCHECK)

# ---- test ------------------------------------------------------------------

.PHONY: test
test: servers-program $(NPM_TEST) ## All tests: Go on both databases with -race, interface, journeys in a browser
	@bin/servers -chromium $(MAKE) test-all

.PHONY: test-go
test-go: servers-program ## The Go tests alone (PKG=./pkg/queue: of one package)
	@bin/servers go test -race -timeout 20m $(or $(PKG),./...)

.PHONY: test-web
test-web: $(NPM_TEST) ## The component tests of the interface
	cd frontend && npm run --silent test

.PHONY: journeys
journeys: servers-program build $(NPM_TEST) ## The journeys in a real Chromium against bin/postrider
	@bin/servers -chromium .ci/journeys

.PHONY: screens
screens: servers-program build $(NPM_TEST) ## Take pictures of all screens into frontend/screens (SCREENS=clients: of some)
	@bin/servers -chromium .ci/journeys screens

.PHONY: paint
paint: servers-program build $(NPM_TEST) ## Measure how soon the screens are there (RUNS=5)
	@bin/servers -chromium .ci/journeys paint

.PHONY: servers
servers: servers-program ## Keep a PostgreSQL and a Redis running for tests by hand
	@exec bin/servers

.PHONY: bench
bench: build ## Measure the speed, some ten minutes (BENCH="send -n 1000000": of one scenario)
	@go build -o bin/bench ./pkg/testkit/bench
	@bin/bench $(BENCH)

.PHONY: check
check: ## What CI runs: generate and refuse a difference, lint, vulncheck, test
	$(MAKE) generate
	@git diff --exit-code --stat -- docs/openapi docs/authorization.md frontend/src/api || { echo "generated files are stale: run make generate and commit"; exit 1; }
	$(MAKE) lint
	$(MAKE) vulncheck
	$(MAKE) test

.PHONY: clean
clean: ## Remove what was built
	rm -rf bin frontend/dist/* frontend/node_modules

.PHONY: fault
fault: ## Play all faults against processes and hold the promises (SEED=7 SEEDS=3 ROWS='Redis|SMTP')
	@go run ./pkg/testkit/fault -seed $(or $(SEED),0) -seeds $(or $(SEEDS),1) -rows '$(ROWS)'

.PHONY: fuzz-api
fuzz-api: servers-program ## Ask the API whatever its contract lets one ask, as everybody, on both databases (SEED=7 N=20000)
	@POSTRIDER_FUZZ_N=$(or $(N),20000) POSTRIDER_FUZZ_SEED=$(or $(SEED),0) bin/servers go test -count 1 -timeout 60m -run '^TestAnyRequestHasItsAnswer$$' ./api

# Runs inside `make test`, where the servers are. The journeys come last, as
# they need a machine that is not busy testing.
.PHONY: test-all
test-all:
	go test -race -timeout 20m ./...
	$(MAKE) test-web
	$(MAKE) build
	.ci/journeys

.PHONY: servers-program
servers-program:
	@go build -o bin/servers ./pkg/testkit/servers
