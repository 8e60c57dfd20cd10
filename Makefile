# Everything runs in a virtual environment that is made on first use. `make help` lists the commands.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# One more index, with builds of PyTorch for the CPU (README, "Platforms").
TORCH_INDEX ?=
# yes or no: whether to install builds for NVIDIA GPUs. Empty: if one is found.
CUDA_BUILD ?=
INSTALL := $(BIN)/python -P xbench/setup_environment.py --torch-index '$(TORCH_INDEX)' --cuda-build '$(CUDA_BUILD)'

.DEFAULT_GOAL := help
.PHONY: browser help jax bench test proofs platforms check format clean

help: ## Show this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

bench: $(STAMP) ## Measure the quick preset on this machine, then write the report
	$(BIN)/xbench run

test: $(STAMP) ## Run the tests, all but the long proofs
	$(BIN)/python -m pytest -q -n 2 --dist loadfile -m "not proof and not alone and not registry"
	$(BIN)/python -m pytest -q -m alone

proofs: $(STAMP) ## Run the long ones: planted slowdowns, equal sides, the whole kit, the self-test
	$(BIN)/python -m pytest -q -m proof

platforms: $(STAMP) ## Ask the package registry whether every promised platform has what is pinned
	$(BIN)/python -m pytest -q -s -m registry

check: $(STAMP) ## Lint, formatting, types, architecture rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/unit/test_architecture.py

jax: $(STAMP) ## Add JAX, the optional fourth backend, to the virtual environment
	$(INSTALL) jax

browser: ## Install Debian's Chromium, for the tests of the page (root, apt-get); elsewhere install any
	@command -v chromium >/dev/null || { apt-get update -qq && apt-get install -y -qq chromium >/dev/null; }

format: $(STAMP) ## Format the code and mend what the linter can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean: ## Remove the virtual environment and every cache; results stay
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .benchmarks

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit("xbench needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Set PYTHON=python3.12, say") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)
	$(INSTALL) cpu dev
	@touch $@
