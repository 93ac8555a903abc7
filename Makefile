# `make lab` opens the course, `make test` checks it. Both install what they need into .venv first.
# Options: PYTHON=python3.12 the Python to build on; ARGS="..." handed to the command.

PYTHON ?= python3
PY := .venv/$(if $(filter Windows_NT,$(OS)),Scripts/python.exe,bin/python)
START := /lab/tree/notebooks/00_start_here.ipynb
QUIET := COURSE_QUIET=1 OMP_NUM_THREADS=1
ROOT_USER := $(if $(filter 0,$(shell id -u)),--allow-root)

.PHONY: help lab test bench notebooks exercises seeds measure readme format lock clean learner developer

help:  ## this list
	@sed -n 's/^\([a-z]*\):.*##/  make \1\t/p' $(MAKEFILE_LIST)

lab: learner  ## open the course in JupyterLab
	$(PY) -m jupyterlab --LabApp.default_url=$(START) $(ROOT_USER) $(ARGS)

test: developer  ## run every notebook and compare, then test the library, the exercises and the tools
	$(PY) -m pytest -n 2 --dist loadfile $(ARGS)

bench: learner  ## time the compiled cells on this machine
	$(PY) -m course_lib.bench $(ARGS)

notebooks: learner  ## run every notebook again and store its outputs
	$(QUIET) $(PY) -m tools.notebooks $(ARGS)

exercises: developer  ## write exercises/ anew from solutions/
	$(PY) -m tools.exercises

seeds: learner  ## run every notebook with 20 other seeds and count how often its verdicts hold
	$(QUIET) $(PY) -m tools.seeds $(ARGS)

measure: learner  ## seconds and peak memory of every notebook
	$(QUIET) $(PY) -m tools.measure $(ARGS)

readme: learner  ## write the tables of README.md anew
	$(PY) -m tools.readme

format: developer  ## format the code, then check it and the notebooks
	$(PY) -m ruff format .
	$(PY) -m ruff check --fix .

lock: developer  ## write constraints.txt anew
	$(PY) -m pip install --quiet uv
	$(PY) -m tools.lock $(ARGS)

clean:  ## remove what the commands made; answers.json stays
	rm -rf .venv build *.egg-info .pytest_cache .ruff_cache .hypothesis
	find . '(' -name __pycache__ -o -name .ipynb_checkpoints ')' -prune -exec rm -rf {} +

learner developer:
	@command -v $(PYTHON) > /dev/null || { echo "There is no $(PYTHON). Install Python 3.10 or newer."; exit 1; }
	@$(PYTHON) tools/setup.py $(if $(filter developer,$@),--dev)
