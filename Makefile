# dRAGon's two commands are `make ask` and `make test`; the rest is for development.
# Everything lives in .venv; a stamp in it says what is installed, so that repeated calls are fast.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
DOCS   ?= examples/handbook
Q      ?= How many days of annual leave do new employees get?

# The shell gets them as they were typed: a question may hold quotes and dollars.
override DOCS := $(value DOCS)
override Q := $(value Q)
export DOCS Q

# Build isolation obeys the constraints only through the environment: old pips know the first name,
# new ones the second. A URL, because pip takes a blank in a path for the end of it.
EMPTY :=
export PIP_CONSTRAINT := file://$(subst $(EMPTY) ,%20,$(CURDIR))/constraints.txt
export PIP_BUILD_CONSTRAINT := $(PIP_CONSTRAINT)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# The packages are among them because the editable install only knows those that it found.
BUILD_INPUTS := pyproject.toml constraints.txt CMakeLists.txt $(wildcard native/*) \
                $(wildcard src/dragon/*/__init__.py)
PIP_INSTALL  := $(BIN)/python -m pip install --quiet --quiet

.PHONY: ask install test test-slow check format sanitize bench docs clean
.DEFAULT_GOAL := ask

ask: $(VENV)/.ask
	@$(BIN)/dragon ask --docs "$$DOCS" -- "$$Q"

install: $(VENV)/.dev

test: $(VENV)/.dev
	$(BIN)/python -m pytest -q

test-slow: $(VENV)/.dev
	$(BIN)/python -m pytest -q -m "slow and not gpu"

check: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy --strict src
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet

format: $(VENV)/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# The tests of the compiled kernels under AddressSanitizer and UndefinedBehaviorSanitizer, with GCC.
# Not in .venv's own Python: its editable install would win over the sanitized one.
sanitize: $(VENV)/.dev
	@echo "building sanitized kernels (some minutes)"
	@$(PIP_INSTALL) --upgrade --no-deps --target build/sanitized \
	  -C build-dir=build/sanitizing -C cmake.define.DRAGON_SANITIZE=ON .
	@python="$$($(BIN)/python -c 'import sys; print(sys._base_executable)')"; \
	site="$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"; \
	LD_PRELOAD="$$(for lib in libasan.so libubsan.so libstdc++.so.6; do gcc -print-file-name=$$lib; done | tr '\n' ' ')" \
	ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 \
	PYTHONPATH="$(CURDIR)/build/sanitized:$$site" \
	"$$python" -m pytest -q tests/engine/test_native.py tests/engine/test_cache.py \
	  tests/engine/test_layouts.py tests/engine/test_recurrent.py

bench: $(VENV)/.dev
	@set -e; for script in benchmarks/[!_]*.py; do echo "== $$script"; $(BIN)/python $$script; done

# The site, in build/site; a broken link is an error. Diagrams need npm, once; without it they stay code.
docs: $(VENV)/.dev
	@[ -d $(VENV)/mermaid ] || npm install --silent --no-save --no-audit --no-fund --ignore-scripts \
	  --prefix $(VENV)/mermaid mermaid@11.17.2 || echo "no npm: diagrams stay code"
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet
	@echo "look at it: $(BIN)/python -m http.server --directory build/site"

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null || \
	  { echo "error: $(PYTHON) is not Python 3.11, 3.12 or 3.13. Name one: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
	  { echo "error: $(PYTHON) has no venv module. Install it (Debian, Ubuntu: apt install python3-venv)." >&2; exit 1; }
	@echo "creating $(VENV)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.ask: $(BUILD_INPUTS) | $(BIN)/python
	@echo "installing dragon: what asking needs (about a minute)"
	@$(PIP_INSTALL) -e .
	@touch $@

# PyTorch first and by itself, so that nothing else chooses its version. The full install holds what
# asking needs, so its stamp serves for both.
$(VENV)/.dev: $(BUILD_INPUTS) | $(BIN)/python
	@echo "installing dragon with all that training and development need (some minutes)"
	@$(PIP_INSTALL) torch==2.13.0
	@$(PIP_INSTALL) -e ".[train,dev]"
	@touch $(VENV)/.ask $@

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage
