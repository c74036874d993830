# `make help` lists what this file does. It needs make and Python >= 3.11; it fetches the rest, pinned and hashed.

PYTHON ?= python3
# The product's environment stays lean; tests bring a browser driver, a type checker and more.
VENV := .venv
TEST_VENV ?= .venv-test
TEST_BIN := $(TEST_VENV)/bin
# Two more than the gate has cores: many tests wait, for a browser, a server that starts or a moment to pass.
TEST_PROCESSES ?= 4
PIP_INSTALL := pip install --quiet --disable-pip-version-check --require-hashes
LOCK := uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	--no-emit-index-url --quiet $(UPGRADE)
# Sets of which the gate asks a part name where that is decided, or strings of which it takes a part.
SOAKED = $(shell grep -rlE 'soak|nasty_strings' tests --include='test_*.py')
COMPILED := $(patsubst %.po,%.mo,$(wildcard survey_app/translations/*/LC_MESSAGES/*.po))

# Each server and command that a test starts would compile all it imports, each time anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help install run test install-tests soak bench coverage-study pictures fix messages lock clean

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-15s %s\n", $$1, $$2 }' Makefile

install: $(VENV)/installed $(COMPILED) ## Install what the service needs and compile its messages

run: install ## Serve on http://127.0.0.1:8000 with a demo (settings: README.md)
	@exec $(VENV)/bin/flask --app survey_app serve

test: $(TEST_VENV)/tests-installed ## Check format, lint, types and imports, then test on SQLite and PostgreSQL
	$(TEST_BIN)/ruff format --check .
	$(TEST_BIN)/ruff check .
	@# One process compiles the tests while types are checked: else each of those that test would do it again.
	$(TEST_BIN)/pytest --collect-only -q >/dev/null 2>&1 & $(TEST_BIN)/mypy; said=$$?; wait; exit $$said
	$(TEST_BIN)/lint-imports
	$(TEST_BIN)/pytest -n $(TEST_PROCESSES) --dist worksteal $(PYTEST_OPTIONS)

install-tests: $(TEST_VENV)/tests-installed

soak: $(TEST_VENV)/tests-installed ## Run the long sets whole: each page in every width and look, slow readers, crashes
	SOAK=yes $(TEST_BIN)/pytest tests/tour tests/survey_app/hostile tests/survey_app/collect/faults tests/survey_app/kills $(SOAKED)

bench: $(TEST_VENV)/tests-installed $(COMPILED) ## Measure: ratios against peers and raw limits, sizes (docs/performance.md, performance-analysis.md)
	$(TEST_BIN)/python -m benchmarks.collecting
	$(TEST_BIN)/python -m benchmarks.slow_disk
	$(TEST_BIN)/python -m benchmarks.phone
	$(TEST_BIN)/python -m benchmarks.posters
	$(TEST_BIN)/python -m benchmarks.letters
	$(TEST_BIN)/python -m benchmarks.exports
	$(TEST_BIN)/python -m benchmarks.national_frame
	$(TEST_BIN)/python -m benchmarks.raked_publication
	$(TEST_BIN)/python -m benchmarks.sheets
	$(TEST_BIN)/python -m benchmarks.results_pages
	$(TEST_BIN)/python -m benchmarks.analysis_speed

coverage-study: $(TEST_VENV)/tests-installed ## Measure how often the intervals cover, by simulation (docs/coverage.md, field-study.md)
	$(TEST_BIN)/python -m benchmarks.coverage_study
	$(TEST_BIN)/python -m benchmarks.field_study
	$(TEST_BIN)/python -m benchmarks.guide_pictures

pictures: $(TEST_VENV)/tests-installed $(COMPILED) ## Take the pictures of README and guide anew
	$(TEST_BIN)/python -m tests.pictures
	$(TEST_BIN)/python -m benchmarks.guide_pictures

fix: $(TEST_VENV)/tests-installed ## Format the sources and mend what the linter can mend
	$(TEST_BIN)/ruff check --fix .
	$(TEST_BIN)/ruff format .

messages: $(TEST_VENV)/tests-installed ## Bring all message catalogues up to date; new Vietnamese is left to write
	$(TEST_BIN)/python -m tests.catalogues

lock: ## Pin the lists of pyproject.toml anew (needs uv; UPGRADE=--upgrade takes new versions)
	$(LOCK) --group pyproject.toml:service --output-file requirements.txt
	$(LOCK) --group pyproject.toml:test --output-file tests/requirements.txt

clean: ## Remove what was installed, compiled and cached; the data folder stays
	rm -rf $(VENV) .venv-test .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis build
	find survey_app analysis migrations tests -name __pycache__ -prune -exec rm -rf {} +
	rm -f $(COMPILED)

define make_environment
@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	|| { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11" >&2; exit 1; }
@$(PYTHON) -c 'import ensurepip, venv' \
	|| { echo "Python lacks its venv module. On Debian or Ubuntu: apt-get install python3-venv" >&2; exit 1; }
$(PYTHON) -m venv $(@D)
endef

# Each stamp is newer than the list it was installed from, so a second run installs nothing.
$(VENV)/installed: requirements.txt
	$(make_environment)
	$(VENV)/bin/$(PIP_INSTALL) -r requirements.txt
	@touch $@

# What is imported is compiled then, and kept; to compile all that is installed takes twice as long.
$(TEST_VENV)/tests-installed: tests/requirements.txt
	$(make_environment)
	$(TEST_BIN)/$(PIP_INSTALL) --no-compile -r tests/requirements.txt
	@touch $@

%.mo: %.po | $(VENV)/installed
	@$(VENV)/bin/pybabel --quiet compile --input-file $< --output-file $@
