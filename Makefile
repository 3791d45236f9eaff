# `make` alone lists the targets. PYTHON names the interpreter: make demo PYTHON=python3.12
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
# The extra `kerberos` is compiled: Debian has what that needs in gcc, python3-dev and libkrb5-dev.
KERBEROS := $(shell command -v krb5-config >/dev/null && command -v cc >/dev/null && echo ,kerberos)
.DEFAULT_GOAL := help
.PHONY: help env demo test check lab lab-down bench docs

help:  ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1~\2/p' $(MAKEFILE_LIST) | awk -F'~' '{ printf "%-16s %s\n", $$1, $$2 }'

env: $(VENV)/.ready-test  ## make the environment, with all that tests and checks need

# A stamp for each set of packages: made again when pyproject.toml changes.
$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "mailjobs needs Python 3.11 or later: make PYTHON=python3.11 $(MAKECMDGOALS)"; exit 1; }
	@echo "Making $(VENV) ..."
	@$(PYTHON) -m venv $(VENV) || { echo "Debian has the venv module in the package python3-venv."; exit 1; }
	@touch $@

$(VENV)/.ready-demo: pyproject.toml $(VENV)/.made
	@echo "Installing mailjobs into $(VENV) ..."
	@$(PIP) -e '.[sandbox,html]'
	@touch $@

$(VENV)/.ready-test: pyproject.toml $(VENV)/.made
	@echo "Installing mailjobs, and what tests and checks need, into $(VENV) ..."
	@$(PIP) -e '.[sandbox,test,check$(KERBEROS)]'
	@touch $(VENV)/.ready-demo $@

demo: $(VENV)/.ready-demo  ## run two examples against a capture server, and show what arrived
	@$(BIN)/python examples/demo.py

test: $(VENV)/.ready-test  ## run the tests; those that need real servers too, where `make lab` has started them
	@$(BIN)/python -m pytest --numprocesses=auto --maxprocesses=4 --dist=loadfile

check: $(VENV)/.ready-test  ## ruff, mypy --strict, the layers, and whether schema, model and docs agree
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m pytest --quiet tests/job/test_schema.py tests/docs

docs: $(VENV)/.ready-test  ## write docs/reference.md anew from the schema
	@$(BIN)/python docs/make_reference.py

lab:  ## install and start real mail servers on loopback (root, Debian)
	@bash tests/lab/lab.sh up

lab-down:  ## stop them
	@bash tests/lab/lab.sh down

# Every program is run, whatever those before it have missed.
BENCHMARKS := same_messages startup one_connection compiled rows_memory large_attachment batch_speed batch_limit \
  batch_latency batch_tls batch_rate batch_memory batch_growth many_recipients attachments \
  queue_speed queue_soak

$(VENV)/.ready-bench: benchmarks/peers/package.json $(VENV)/.ready-test
	@command -v npm >/dev/null || { echo "npm is missing; Debian has it in the package npm."; exit 1; }
	@echo "Installing the peers of the benchmarks ..."
	@$(PIP) -e '.[bench]'
	@npm install --prefix benchmarks/peers --no-package-lock --no-audit --no-fund --silent
	@touch $@

bench: $(VENV)/.ready-bench  ## measure speed and memory beside peers (what it needs: benchmarks/README.md)
	@status=0; for name in $(BENCHMARKS); do echo "== $$name"; $(BIN)/python benchmarks/$$name.py || status=1; done; \
	  exit $$status
