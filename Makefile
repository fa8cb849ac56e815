# Needs Python 3.10-3.13 and nothing else; README.md gives the same as plain pip commands.
PYTHON ?= python3
BIN := .venv/bin

app: .venv/app.done
	$(BIN)/python app.py $(ARGS)

test: .venv/test.done
	$(BIN)/python tests/browser.py
	$(BIN)/ruff check .
	$(BIN)/python -m pytest $(ARGS)

.venv/app.done: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install -q -e '.[app]'
	touch $@

.venv/test.done: pyproject.toml tests/readers.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install -q -e '.[test]'
	$(BIN)/pip install -q --no-deps -r tests/readers.txt
	touch $@

.PHONY: app test
