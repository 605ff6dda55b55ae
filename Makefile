# The commands of the project. Everything is installed into .venv, nothing anywhere else.
#
#   make site    install what is needed, compile the posts, build the site into site/
#   make test    the same, and run every test
#   make help    all of them

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
# in the order of tests/conftest.py
PYTEST = $(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder
export NO_MKDOCS_2_WARNING := 1
export DISABLE_MKDOCS_2_WARNING := true

.DEFAULT_GOAL := help
.PHONY: help site serve test audit check fresh ci coverage format screenshots clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

site: $(VENV)/.site ## Build the site into site/ (installs into .venv the first time)
	$(BIN)/mkdocs build --strict
	@echo "The site is in site/; 'make serve' shows it while you write."

serve: $(VENV)/.site ## Show the site on http://127.0.0.1:8000 and follow edits
	$(BIN)/mkdocs serve $(ARGS)

test: $(VENV)/.dev ## Build the site and run every test, smoke runs included (ARGS="-k name" narrows it; ARGS="-n0 --pdb" to debug)
ifeq ($(ARGS),)
ifndef MLBLOG_SITE
	@# the posts run here and browsers look at this site; tests of cells are skipped where the outputs still hold
	env -u SITE_URL MLBLOG_EXPERIMENTS=never $(BIN)/mkdocs build --strict
endif
	MLBLOG_SITE=$(or $(MLBLOG_SITE),$(CURDIR)/site) $(PYTEST) --changed-only
else
	$(PYTEST) $(ARGS)
endif

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

ci: $(VENV)/.dev ## Run all that must be green; what .ci/run and the workflow do
	env -u SITE_URL $(MAKE) --jobs=2 check site
	$(MAKE) fresh
	$(MAKE) test MLBLOG_SITE=$(CURDIR)/site

coverage: $(VENV)/.dev ## Run every test and write coverage.txt: the lines that none of them reaches
	rm -f .coverage .coverage.* coverage.txt
	@# whether tests pass is for `make test` to say: some watch which files are opened, and coverage opens files itself
	-$(BIN)/coverage run -m pytest -n auto --dist loadfile $(ARGS)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report > coverage.txt
	@tail -n 1 coverage.txt

format: $(VENV)/.dev ## Format the Python code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

screenshots: $(VENV)/.dev ## Photograph the site's pages into screenshots/ (needs chromium)
	$(BIN)/python tests/browser/screenshots.py screenshots

clean: ## Remove what was built; keeps .venv, the records and their copies in .mlblog/
	rm -rf site screenshots coverage.txt .coverage .coverage.*
	rm -rf .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find mlblog tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

# What is installed depends on these two files alone; the stamps make a second call free.
$(VENV)/.site: pyproject.toml constraints.txt $(VENV)/.python
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[torch,site,charts]'
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt $(VENV)/.python
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[torch,site,charts,onnx,ray,refs,dev]'
	@touch $@ $(VENV)/.site

$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11, 5))' || { \
	  echo "mlblog needs Python 3.11.5 or newer, and '$(PYTHON)' is $$($(PYTHON) --version 2>&1)."; \
	  echo "Name another one: make site PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@
