# Needs Python 3.10-3.13 and nothing else; the plain pip lines stand in README.md.
PYTHON ?= python3
BIN := .venv/bin

app: .venv/app.done
	$(BIN)/python app.py $(ARGS)

test: .venv/test.done
	$(BIN)/python tests/browser.py
	$(BIN)/ruff check .
	$(BIN)/python -m pytest $(ARGS)

.venv/app.done: requirements.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install -q -r requirements.txt
	touch $@

.venv/test.done: requirements.txt requirements-test.txt tests/readers.txt training/requirements.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install -q -r requirements-test.txt
	$(BIN)/pip install -q --no-deps -r tests/readers.txt
	touch $@

.PHONY: app test
