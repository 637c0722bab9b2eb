# Every target works on a machine that has Python 3.10 or newer and make: `tools/bootstrap.py` makes .venv.

BIN := .venv/bin

# The first Python that is new enough; if there is none, any, for bootstrap.py to say what is wrong.
PYTHON ?= $(shell for python in $(BIN)/python python3 python3.14 python3.13 python3.12 python3.11 python3.10 python; do \
    "$$python" -I -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null && echo "$$python" && exit; \
    done; echo python3)

# More than two processes pay on two cores: many tests wait for a server or a worker.
JOBS ?= 4
ARGS ?=

# An environment that happens to be active is not ours.
unexport PYTHONHOME PYTHONPATH VIRTUAL_ENV

.DEFAULT_GOAL := help
.PHONY: help demo test lint bench docs clean environment dev-environment

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' Makefile

demo: environment ## Check the example project, then show the fixes as a diff
	$(BIN)/celeryls check examples/shop --min-severity information --exit-zero
	$(BIN)/celeryls check examples/shop --diff --exit-zero

test: dev-environment ## Run the tests (ARGS="-k retry" narrows them)
	$(BIN)/pytest -n $(JOBS) --dist worksteal $(ARGS)

lint: dev-environment ## Check style, types and the lock file
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/pyright
	test ! -x $(BIN)/uv || $(BIN)/uv lock --check --quiet

bench: dev-environment ## Measure speed, beside other servers and linters
	$(BIN)/python bench/keystroke.py $(ARGS)
	$(BIN)/python bench/check.py $(ARGS)
	$(BIN)/python bench/workspace.py $(ARGS)
	$(BIN)/python bench/editing.py $(ARGS)

docs: dev-environment ## Regenerate the generated pages
	$(BIN)/python tools/generate_docs.py $(ARGS)

clean: ## Remove .venv, caches and builds
	rm -rf .venv dist build .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +

environment dev-environment:
	@python="$(PYTHON)"; command -v "$$python" >/dev/null || { \
	    echo "Python 3.10 or newer is needed; found no $$python." >&2; exit 1; }; \
	"$$python" -I tools/bootstrap.py $(if $(findstring dev,$@),--dev)
