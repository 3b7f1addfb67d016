# make help lists the targets.
#
# The shell ignores a failed command substitution in the arguments of another command. Recipes assign
# its output to a variable first, so that they stop.
SHELL := /usr/bin/env bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

CLUSTER := go -C hack/cluster run .
# KIND=1 uses a cluster of kind, on a machine with docker, instead of the one that hack/cluster builds.
CLUSTER_TOOL := $(if $(KIND),hack/kind.sh,$(CLUSTER))
# CLUSTER_ENV sets the environment of the local cluster in a recipe, and the images of this checkout.
CLUSTER_ENV := environment="$$($(CLUSTER_TOOL) env)"; eval "$$environment"; IMAGES="$$($(CLUSTER) images)"; export IMAGES
ASSETS_ENV := KUBEBUILDER_ASSETS="$$($(CLUSTER) assets)"; export KUBEBUILDER_ASSETS
CODEGEN := go tool -modfile=hack/tools/codegen/go.mod
LINT := go tool -modfile=$(CURDIR)/hack/tools/golangci-lint/go.mod golangci-lint-kube-api-linter
# gotestsum prints a package when it ends, and at the end the failed tests again.
TESTSUM := go tool -modfile=$(CURDIR)/hack/tools/gotestsum/go.mod gotestsum --format standard-quiet
MODULES := . hack/chart hack/cluster test/ci test/gitops test/notes services
# test/chart, test/gitops/live and test/monitoring build Helm, Flux and Prometheus, which takes
# minutes. They have targets of their own, which lint them too: make test-chart, make test-gitops and
# make test-monitoring.
GENERATED := api/v1alpha1/zz_generated.deepcopy.go config/crd/bases config/rbac/role.yaml docs/api.md dist \
	$(addprefix charts/atoll/,README.md files templates/crds templates/policies templates/rbac)
IMG ?= ghcr.io/atoll-dev/atoll:v0.1.0

##@ Start here

.PHONY: demo
demo: cluster-modules plugin ## Start a local cluster, install the operator and the sample topology, and send requests to it.
	@$(CLUSTER_TOOL) up
	@$(CLUSTER_ENV); PATH="$(CURDIR)/bin:$$PATH" go run ./hack/demo all

# The modules in test read files of the repository. go test does not see when files outside a module
# change, so -count=1 keeps it from reusing their results.
.PHONY: test
test: modules test-packages ## Run all tests that need no cluster: unit, golden, envtest, and services with a real PostgreSQL.
	@echo "the tests take about 15 minutes on 2 cores; internal/controller is the longest package, with 11"
	@$(ASSETS_ENV); \
	for module in $(MODULES); do echo "== go test ./... in $$module"; \
		case $$module in test/*) fresh=-count=1 ;; *) fresh= ;; esac; \
		(cd $$module && KUBE_CACHE_MUTATION_DETECTOR=true $(TESTSUM) -- -timeout 20m $$fresh ./...); done

.PHONY: help
help: ## List the targets.
	@awk 'BEGIN {FS = ":.*##"} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z0-9-]+:.*##/ {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

##@ Develop

.PHONY: build
build: ## Build the manager to bin/.
	CGO_ENABLED=0 go build -trimpath -o bin/manager ./cmd

.PHONY: plugin
plugin: ## Build kubectl-atoll, the kubectl plugin, to bin/.
	@CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o bin/kubectl-atoll ./cmd/kubectl-atoll
	@cp cmd/kubectl-atoll/kubectl_complete-atoll bin/

.PHONY: run
run: ## Run the manager on this machine against the cluster of KUBECONFIG.
	go run ./cmd

.PHONY: generate
generate: codegen-modules ## Generate the deepcopy functions of the API types.
	$(CODEGEN) controller-gen object:headerFile=hack/boilerplate.go.txt paths=./api/...

.PHONY: manifests
manifests: codegen-modules ## Generate CRDs, RBAC, the API reference, dist (install.yaml and JSON Schemas) and the Helm chart's copies.
	$(CODEGEN) controller-gen crd paths=./api/... output:crd:dir=config/crd/bases
	$(CODEGEN) controller-gen rbac:roleName=manager-role paths=./internal/controller/... output:rbac:dir=config/rbac
	$(CODEGEN) crd-ref-docs --source-path=api/v1alpha1 --config=hack/tools/codegen/crd-ref-docs.yaml --renderer=markdown --output-path=docs/api.md --log-level=ERROR
	@# crd-ref-docs omits the CEL rules of fields. Omit those of items too: the messages say what they demand.
	sed 's/items:XValidation: .*<nil>\\} <br \/>//' docs/api.md > docs/api.md.new && mv docs/api.md.new docs/api.md
	go -C hack/chart run . -root $(CURDIR)

.PHONY: golden
golden: ## Regenerate the golden files in testdata, and the copies for GitOps; review the diff.
	go test ./internal/components -run TestGolden -update
	go test ./internal/graph ./cmd/kubectl-atoll -update
	go -C test/gitops test -count=1 . -run 'TestOneHealthCheck|TestConfigMap|TestShopCopies' -update

.PHONY: lint
lint: lint-modules ## Lint every module, and the shell scripts.
	@hack/packages.sh shellcheck
	shellcheck $$(git ls-files '*.sh' .ci/run cmd/kubectl-atoll/kubectl_complete-atoll)
	@for module in $(MODULES); do echo "lint $$module"; (cd $$module && $(LINT) run --config=$(CURDIR)/.golangci.yml); done

.PHONY: verify
verify: generate manifests lint ## Lint, and fail if a generated file differs from the committed one.
	@test -z "$$(git status --porcelain -- $(GENERATED))" || { git diff -- $(GENERATED); git status --short -- $(GENERATED); \
		echo "generated files differ; run make generate manifests and commit the changes" >&2; exit 1; }

.PHONY: bench
bench: cluster-modules ## Run the benchmarks: see docs/performance.md.
	@$(ASSETS_ENV); go test -run '^$$' -bench . -benchmem -timeout 30m ./test/bench/...

.PHONY: test-e2e
test-e2e: E2E_LABELS = !topology && !policies
test-e2e: run-e2e ## Run the end-to-end tests on a real cluster.

.PHONY: test-topology
test-topology: E2E_LABELS = topology
test-topology: run-e2e ## Change, break and scale a topology of eleven services under load, on a real cluster.

.PHONY: test-policies
test-policies: export ATOLL_NETWORK_POLICIES = enforce
test-policies: E2E_LABELS = policies
test-policies: run-e2e ## Try every connection of a topology, on a real cluster that enforces NetworkPolicies.

.PHONY: test-chart
test-chart: cluster-modules ## Test the Helm chart; install, upgrade, roll back and uninstall it under load, on a real cluster without Atoll.
	@hack/modules.sh test/chart hack/tools/golangci-lint
	@cd test/chart && $(LINT) run --config=$(CURDIR)/.golangci.yml
	@$(ASSETS_ENV); go -C test/chart test -count=1 -timeout 20m ./...
	@$(CLUSTER_TOOL) up
	@$(CLUSTER_ENV); go -C test/chart test -count=1 -timeout 20m -tags e2e -run TestLifecycle -v .

.PHONY: test-gitops
test-gitops: TOOLS = flux
test-gitops: cluster-modules ## Apply the GitOps samples with the controllers of Flux, on a real cluster without Atoll: 17 minutes, and 30 CPU minutes of builds the first time.
	@hack/modules.sh test/gitops/live hack/tools/golangci-lint
	@cd test/gitops/live && $(LINT) run --config=$(CURDIR)/.golangci.yml
	@$(CLUSTER_TOOL) up
	@$(CLUSTER_ENV); GITOPS="$$($(CLUSTER) gitops $(TOOLS))"; export GITOPS; \
		go -C test/gitops/live test -count=1 -timeout 60m -tags e2e -v . -ginkgo.v -ginkgo.label-filter="$$(sed 's/ / || /g' <<< "$(TOOLS)")"

.PHONY: test-monitoring
test-monitoring: cluster-modules ## Test the alerts and the dashboard with Prometheus.
	@hack/modules.sh test/monitoring hack/tools/golangci-lint
	@cd test/monitoring && $(LINT) run --config=$(CURDIR)/.golangci.yml
	@$(ASSETS_ENV); go -C test/monitoring test -count=1 -timeout 20m ./...

.PHONY: test-tutorials
test-tutorials: cluster-modules plugin ## Run the commands of the tutorials on the local cluster.
	@hack/packages.sh mmdebstrap npm
	@go test -count=1 -timeout 90m -tags e2e ./test/docs -run '^TestTutorials$$' -v

.PHONY: run-e2e
run-e2e: cluster-modules deploy
	@hack/modules.sh test/notes
	@$(CLUSTER_ENV); notes="$$($(CLUSTER) images notes)"; IMAGES="$$IMAGES $$notes" \
		go test -count=1 -timeout 40m -tags e2e ./test/e2e -v -ginkgo.v -ginkgo.label-filter='$(E2E_LABELS)'

.PHONY: modules
modules:
	@hack/modules.sh $(MODULES) hack/tools/gotestsum

.PHONY: cluster-modules
cluster-modules:
	@hack/modules.sh . hack/cluster services

.PHONY: codegen-modules
codegen-modules:
	@hack/modules.sh . hack/chart hack/tools/codegen

.PHONY: lint-modules
lint-modules:
	@hack/modules.sh $(MODULES) hack/tools/golangci-lint

.PHONY: test-packages
test-packages:
	@hack/packages.sh postgresql

##@ Deploy

.PHONY: deploy
deploy: cluster-modules ## Install only the operator, on the local cluster or, with IMAGE_REGISTRY, on that of KUBECONFIG.
	@$(CLUSTER_TOOL) up
	@$(CLUSTER_ENV); go run ./hack/demo operator

.PHONY: install
install: ## Install only the CRDs on the cluster of KUBECONFIG.
	kubectl apply --server-side -k config/crd

.PHONY: docker-build
docker-build: ## Build the operator's image as IMG with docker.
	docker build -t $(IMG) .

.PHONY: env
env: plugin ## Print the shell environment of the local cluster, with kubectl and its plugin: eval "$(make -s env)".
	@$(CLUSTER_TOOL) env
	@printf 'export PATH=%q:"$$PATH"\n' '$(CURDIR)/bin'

.PHONY: down
down: ## Stop the local cluster and delete its state.
	@$(CLUSTER_TOOL) down
