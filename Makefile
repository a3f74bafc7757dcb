# Two commands for a newcomer: `make demo` and `make test`. Everything installs into .venv beside this file.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DATA ?= $(wildcard ../shared/data)

.PHONY: demo serve test check gate soak bench clean

demo: $(READY) ## the whole way of an article, on a fictional company; ONCE=1 ends instead of serving
	$(BIN)/sluis demo $(if $(ONCE),--once)

serve: $(READY) ## the API over your own data
	$(BIN)/sluis serve

test: $(READY) ## the suite, on SQLite and a real PostgreSQL, on all cores; ARGS="-n 0 FILE" debugs one
	$(BIN)/python -m pytest --numprocesses logical --maxprocesses 8 --dist worksteal $(if $(DATA),--data=$(DATA)) $(ARGS)

check: $(READY) ## style, types, floors
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

gate: $(READY) ## measured quality against the pinned floors
	$(BIN)/sluis bench gate $(if $(DATA),--data $(DATA))

soak: $(READY) ## long checks that do not belong in the suite
	$(BIN)/python -m pytest -m soak $(if $(DATA),--data=$(DATA)) $(ARGS)

bench: $(READY) ## our figures beside the peers', from one run
	$(BIN)/sluis bench all $(if $(DATA),--data $(DATA))

clean: ## forget the installation
	rm -rf $(VENV) *.egg-info build

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Sluis needs Python 3.11 or later: set PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "Cannot make a virtual environment: install Python's venv module (Debian: apt-get install python3-venv)"; exit 1; }
	@echo "Installing (a minute or two, once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@
