# The commands of the project. Everything is installed into .venv, nothing anywhere else.
#
#   make site    install what is needed, compile the posts, build the site into site/
#   make test    the same, and run every test
#   make help    all of them

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
export NO_MKDOCS_2_WARNING := 1
export DISABLE_MKDOCS_2_WARNING := true

.DEFAULT_GOAL := help
.PHONY: help site serve test audit check fresh format screenshots clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

site: $(VENV)/.site ## Build the site into site/ (installs into .venv the first time)
	$(BIN)/mkdocs build --strict
	@echo "The site is in site/; 'make serve' shows it while you write."

serve: $(VENV)/.site ## Show the site on http://127.0.0.1:8000 and follow edits
	$(BIN)/mkdocs serve $(ARGS)

test: $(VENV)/.dev ## Run every test, posts and smoke runs included (ARGS="-k name" narrows it; ARGS="-n0 --pdb" to debug)
	$(BIN)/python -m pytest -n auto --dist loadfile $(ARGS)

audit: $(VENV)/.dev ## Run the long checks: mutants of the fingerprint and of the tests, thousands of forged packs
	$(BIN)/python -m pytest -m audit -s tests

check: $(VENV)/.dev ## Lint, types, layers, workflows; executes no post and no experiment
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/zizmor --offline --quiet .github
	@export PATH="$(BIN):$$PATH"; if command -v actionlint >/dev/null; then \
	  actionlint; \
	else \
	  echo "actionlint is not on the PATH: the workflows were checked by zizmor alone"; \
	fi

fresh: $(VENV)/.site ## Fail if anything on the site is stale, missing or broken; executes nothing
	$(BIN)/mlblog check

format: $(VENV)/.dev ## Format the Python code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

screenshots: $(VENV)/.dev ## Photograph the site's pages into screenshots/ (needs chromium)
	$(BIN)/python tests/browser/screenshots.py screenshots

clean: ## Remove what was built; keeps .venv, the records and their copies in .mlblog/
	rm -rf site screenshots .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find mlblog tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

# What is installed depends on these two files alone; the stamps make a second call free.
$(VENV)/.site: pyproject.toml constraints.txt $(VENV)/.python
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[torch,site]'
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt $(VENV)/.python
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[torch,site,ray,refs,dev]'
	@touch $@ $(VENV)/.site

$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11, 5))' || { \
	  echo "mlblog needs Python 3.11.5 or newer, and '$(PYTHON)' is $$($(PYTHON) --version 2>&1)."; \
	  echo "Name another one: make site PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@
