# What people run. Only python3 (3.11 or later) is needed; `make` alone lists the targets.

PYTHON ?= python3
UV_VERSION := 0.13.8
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/python -m uv
# Says what is being downloaded, without the list of every package; fails when uv fails.
UV_INSTALL = rm -f $(VENV)/.failed; \
  { VIRTUAL_ENV=$(VENV) $(UV) pip install --system-certs $(1) 2>&1 || touch $(VENV)/.failed; } \
  | $(BIN)/python -c 'import sys; [print(" ", line, end="", flush=True) for line in sys.stdin if line[0:3] not in (" + ", " - ", " ~ ")]'; test ! -e $(VENV)/.failed
# One version of every package for every Python: what runs on the oldest is what all get.
LOCK := --universal --python-version 3.11 --fork-strategy fewest -c constraints.txt --generate-hashes --no-emit-index-url --no-annotate --no-header --quiet

.DEFAULT_GOAL := help
# What Python has compiled is kept, wherever it is told otherwise: each server and each test process would compile it all again.
export PYTHONDONTWRITEBYTECODE :=
# Files of tests are shared out among so many processes, each with databases of its own; many tests wait for servers.
TEST_PROCESSES ?= 3

.PHONY: help install run test test-all clients check format lock sbom audit licences fold bench drill shell clean

help:  ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(VENV)/.installed  ## Install what `make run` needs into .venv

run: $(VENV)/.installed  ## Start everything: databases, Bedrock simulator, web, gateway, worker, beat
	@exec $(BIN)/python manage.py run

test: $(VENV)/.installed-dev  ## Run the tests of every commit; ARGS='-k budgets' to choose, a path for all in it
	@$(BIN)/python -m pytest -n $(TEST_PROCESSES) --dist loadfile --no-loadscope-reorder --tier quick $(ARGS)

test-all: $(VENV)/.installed-dev  ## Run all tests: those that need a stack, a browser or time, too
	@$(BIN)/python -m pytest -n $(TEST_PROCESSES) --dist loadfile --no-loadscope-reorder --tier all $(ARGS)

clients: $(VENV)/.installed-dev  ## Run clients as their users start them; ARGS=--newest for their newest versions, a name for one
	@$(BIN)/python -m tests.clients $(ARGS)

check: $(VENV)/.installed-dev  ## Lint, format, types, import rules, migrations, Django's checks
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .
	$(BIN)/lint-imports
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/python manage.py check

format: $(VENV)/.installed-dev  ## Format the code and sort its imports
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: $(VENV)/.uv  ## Pin and hash all dependencies of pyproject.toml; ARGS=--upgrade for newer ones
	$(UV) pip compile pyproject.toml $(LOCK) $(ARGS) --extra embedded -o requirements.txt
	$(UV) pip compile pyproject.toml $(LOCK) -c requirements.txt -o requirements-production.txt
	$(UV) pip compile pyproject.toml $(LOCK) $(ARGS) --extra embedded --group dev -c requirements.txt -o requirements-dev.txt

sbom: $(VENV)/.installed-dev  ## List the packages of production, with hashes, as CycloneDX: sbom.json
	@$(BIN)/python -m tests.supply sbom

audit: $(VENV)/.installed-dev  ## Look up known vulnerabilities of the packages of production; says so where there is no network
	@$(BIN)/python -m tests.supply audit

licences: $(VENV)/.installed-dev  ## List the licences of all packages; fails on GPL and non-commercial ones
	@$(BIN)/python -m tests.supply licences

fold: $(VENV)/.installed-dev  ## Fold the migrations of each app into its first, before there is a release
	@PYTHONPATH=.:platform DJANGO_SETTINGS_MODULE=config.settings $(BIN)/python -m tests.fold

bench: $(VENV)/.installed-dev  ## Measure what a call costs
	@$(BIN)/python -m tests.bench $(ARGS)

drill: $(VENV)/.installed-dev  ## Let things go wrong on an instance of its own, and tell what became of calls; ARGS='--only NAME', --list, --phases, '--soak 60'
	@$(BIN)/python -m tests.drill $(ARGS)

shell: $(VENV)/.installed  ## Django's shell, on the services of a running `make run`
	@$(BIN)/python manage.py shell

clean:  ## Remove .venv and caches; the data in .data stays
	rm -rf $(VENV) staticfiles .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamps are newer than what they were made from, so that nothing is installed twice.
$(VENV)/.uv: Makefile
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "Gatehouse needs Python 3.11 or later, and $(PYTHON) is: $$($(PYTHON) --version 2>&1). Use make PYTHON=/path/to/python3.11." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "Python's venv module is missing: install the package python3-venv." >&2; exit 1; }
	@test -x $(BIN)/python || { echo "Making the virtual environment $(VENV)"; $(PYTHON) -m venv $(VENV); }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip >/dev/null
	@echo "Installing uv $(UV_VERSION), which installs the rest"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input uv==$(UV_VERSION)
	@touch $@

$(VENV)/.installed: $(VENV)/.uv requirements.txt pyproject.toml
	@echo "Installing $$(grep -c '^[a-z].*==' requirements.txt) packages, checked against requirements.txt"
	@$(call UV_INSTALL,--require-hashes -r requirements.txt)
	@$(call UV_INSTALL,--no-deps -e .)
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed requirements-dev.txt
	@echo "Installing the tools for tests and checks, checked against requirements-dev.txt"
	@$(call UV_INSTALL,--require-hashes -r requirements-dev.txt)
	@touch $@
