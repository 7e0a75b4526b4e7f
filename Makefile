# hayate's habits. `make demo` and `make test` do all set-up themselves; `make help` lists the rest.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Passed to pip, e.g. PIP_ARGS="--extra-index-url ..." to choose where torch comes from.
PIP_ARGS ?=
OUT ?= out
CODE := hayate tests benchmarks examples tools

.PHONY: help setup demo test test-all check format tiny bench bench-judge bench-farm evidence cheats clean
help:
	@echo 'make demo      set up, then train on dgemm, up to ten minutes; ends with a report'
	@echo 'make test      set up, then the quick tests, in each tier of the sandbox and as each kind of user'
	@echo 'make test-all  the slow tests as well'
	@echo 'make check     formatting, lint, types, import arrows'
	@echo 'make tiny      make the shipped tiny model again, from its seed'
	@echo 'make bench     measure what docs/performance.md quotes (says beforehand how long it takes)'
	@echo 'make cheats    write docs/cheats.md from the tests of the judge'
	@echo 'make bench-judge  measure the stopwatch: identical code, true differences (says how long)'
	@echo 'make bench-farm   load, kill and scale the farm: docs/scaling.md (says how long)'
	@echo 'make evidence  the two experiments of docs/evidence.md'

setup: $(VENV)/.ready
$(VENV)/.ready: pyproject.toml constraints.txt tools/setup.sh
	@PYTHON='$(PYTHON)' VENV='$(VENV)' PIP_ARGS='$(PIP_ARGS)' sh tools/setup.sh

demo: setup
	@$(BIN)/hayate train runs/demo.toml --out $(OUT)/demo --fresh --minutes 9

test: setup
	@$(BIN)/python tools/run_tests.py quick

test-all: setup
	@$(BIN)/python tools/run_tests.py all

check: setup
	@$(BIN)/ruff format --check $(CODE)
	@$(BIN)/ruff check $(CODE)
	@$(BIN)/python tools/check_types.py
	@$(BIN)/lint-imports

format: setup
	@$(BIN)/ruff format $(CODE)
	@$(BIN)/ruff check --fix $(CODE)

tiny: setup
	@$(BIN)/python -m hayate.policies.make_tiny --out hayate/policies/tiny

bench: setup
	@$(BIN)/python -m benchmarks.performance

bench-judge: setup
	@$(BIN)/python -m pip install --disable-pip-version-check --quiet $(PIP_ARGS) -c constraints.txt -e '.[rivals]'
	@$(BIN)/python -m benchmarks.stopwatch

bench-farm: setup
	@$(BIN)/python -m pip install --disable-pip-version-check --quiet $(PIP_ARGS) -c constraints.txt -e '.[parsl,serve,surrogate,postgres]'
	@$(BIN)/python -m benchmarks.farm

evidence: setup
	@$(BIN)/python -m benchmarks.evidence

cheats: setup
	@$(BIN)/python tests/cheats/catalogue.py

clean:
	rm -rf $(VENV) $(OUT) build *.egg-info
