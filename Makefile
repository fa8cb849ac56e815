# Needs Python 3.10-3.13 and nothing else; README.md gives the same as plain pip commands.
PYTHON ?= python3
BIN := .venv/bin
# Processes of the tests, one thread of the network each; each takes up to 2 GB of memory.
JOBS ?= $(shell $(PYTHON) -c "import os; print(min(4, os.cpu_count()))")

app: .venv/app.done ## start the page
	$(BIN)/python app.py $(ARGS)

test: .venv/test.done ## everything: linters, all tests, the page in a browser
	@$(MAKE) --no-print-directory -j2 lint browser
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile $(ARGS)

test-fast: lint ## linters and tests of a moment, without a browser
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile -m "not slow and not browser" $(ARGS)

lint: .venv/test.done ## linters and types; JavaScript where npm is installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	@if ! command -v npm >/dev/null; then echo "npm is not installed: the JavaScript is NOT linted."; \
	elif npm install --silent --no-audit --no-fund; then npm run --silent lint; \
	else echo "npm could not install the linter: the JavaScript is NOT linted."; fi

browser: .venv/test.done ## the programs that the tests drive, where the system allows it
	$(BIN)/python tests/browser.py

format: .venv/test.done ## write everything in the format that the linters want
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	@if command -v npm >/dev/null; then npm install --silent --no-audit --no-fund && npm run --silent format; fi

.venv/app.done: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install -q -e '.[app]'
	touch $@

.venv/test.done: pyproject.toml tests/readers.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install -q -e '.[test]'
	$(BIN)/pip install -q --no-deps -r tests/readers.txt
	touch $@

help:
	@sed -n 's/^\([a-z-]*\):.* ## /\1: /p' Makefile

.PHONY: app test test-fast lint browser format help
