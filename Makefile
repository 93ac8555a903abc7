# `make lab` opens the course, `make test` checks it. Both install what they need into .venv first.
# Options: PYTHON=python3.12 the Python to build on; ARGS="..." handed to the command.

PYTHON ?= python3
ANEW := $(if $(filter file,$(origin PYTHON)),,--anew)
PY := .venv/$(if $(filter Windows_NT,$(OS)),Scripts/python.exe,bin/python)
QUIET := COURSE_QUIET=1 OMP_NUM_THREADS=1
ROOT_USER := $(if $(filter 0,$(shell id -u)),--allow-root)

# What the environment says for other Pythons and Jupyters does not hold here.
unexport PYTHONHOME PYTHONPATH PYTHONSAFEPATH PYTHONOPTIMIZE PYTHONWARNINGS PYTHONSTARTUP PYTHONPLATLIBDIR \
	VIRTUAL_ENV MPLBACKEND JUPYTER_PATH JUPYTER_PREFER_ENV_PATH
ifneq ($(OS),Windows_NT)
# A folder outside, always the same for this user and path, and of nobody else, who could put a Python into it.
OUTSIDE = folder="$${TMPDIR:-/tmp}/course-$$(id -u)-$$(printf %s "$$PWD" | cksum | tr -d ' ')"; \
	mkdir -m 700 "$$folder" 2> /dev/null || { test -O "$$folder" && test -d "$$folder" && test ! -L "$$folder"; } \
	|| folder=$$(mktemp -d)
# A user without a home, as in a container started for an unknown user id, has one here.
ifneq ($(shell test -w "$$HOME" && echo yes),yes)
export HOME := $(shell mkdir -p .venv/home 2> /dev/null && test -w .venv/home && echo "$$PWD/.venv/home" || { $(OUTSIDE); echo "$$folder"; })
endif
# Jupyter finds its widgets by patterns, and none under a path that reads like one: .venv gets another name.
ifneq ($(findstring [,$(CURDIR))$(findstring *,$(CURDIR))$(findstring ?,$(CURDIR)),)
PY := $(shell $(OUTSIDE); link="$$folder/venv"; \
	test "$$(readlink "$$link")" = "$$PWD/.venv" || ln -sfn "$$PWD/.venv" "$$link"; echo "$$link")/bin/python
endif
endif

.PHONY: help lab playground book pdf proof slides test bench notebooks exercises grade collect return concepts seeds measure room sweep readme format lock clean learner developer publisher host

help:  ## this list
	@sed -n 's/^\([a-z]*\):.*##/  make \1\t/p' $(MAKEFILE_LIST)

lab: learner  ## open the course in JupyterLab
	$(PY) -m tools.lab $(ROOT_USER) $(ARGS)

playground: learner  ## write build/playground.html, where networks train in the browser
	$(PY) -m course_lib.page build $(ARGS)

book: publisher  ## write build/book, the course as a site; needs node and npm
	$(PY) -m tools.book $(ARGS)

pdf: developer book  ## write build/gates.pdf, the whole course to print or to hand out; needs Chromium too
	$(PY) -m tools.book.pdf

proof: developer publisher  ## write the book, and read every page of it in a browser
	$(PY) -m pytest tests/book $(ARGS)

slides: developer  ## write build/slides, slides of every lesson; needs node and npm
	$(PY) -m tools.slides $(ARGS)

update:  ## bring the next version; a notebook that was only run is no obstacle
	@$(PYTHON) tools/update.py

test: developer  ## run every notebook and compare, then test the library, the exercises and the tools
	$(PY) -m pytest -n auto --dist loadfile $(ARGS)

bench: learner  ## time the compiled cells on this machine
	$(PY) -m course_lib.bench $(ARGS)

notebooks: learner  ## run every notebook again and store its outputs
	$(QUIET) $(PY) -m tools.authoring.notebooks $(ARGS)

exercises: developer  ## write exercises/ anew from solutions/
	$(PY) -m tools.authoring.exercises

grade: developer  ## grade what is in grading/submitted/; see docs/teaching.md
	@$(PY) -m tools.grading $(ARGS)

collect: developer  ## bring in what Canvas, Moodle or nbgrader's exchange gave: ARGS="FILE.zip --set SET"
	@$(PY) -m tools.grading.collect $(ARGS)

return: developer  ## write points and pages for Canvas and Moodle into grading/back/
	@$(PY) -m tools.grading.give_back $(ARGS)

concepts: developer  ## write the test before and after into build/concepts, or say what a class answered: ARGS=class.csv
	@$(PY) -m tools.concepts $(ARGS)

seeds: learner  ## run every notebook with 20 other seeds and count how often its verdicts hold
	$(QUIET) $(PY) -m tools.authoring.seeds $(ARGS)

measure: learner  ## seconds and peak memory of every notebook
	$(QUIET) $(PY) -m tools.authoring.measure $(ARGS)

room: developer host  ## as root: try the JupyterHub of docs/room.md here, with a class, and store what it used and kept out
	$(PY) -m tools.room.trial $(ARGS)

# results/gates.sqlite: every cell as PyTorch starts it, then with the starts that are for it; 5.4 hours on one core.
# results/more_seeds.sqlite: ten seeds more, where five cannot tell; results/equal_units.sqlite: cells that have fewer or
# more units than those they are compared with, at as many. results/far_rates.sqlite: tuned at lag 80, where a rate beside
# that of lag 20 solved (python -m tools.authoring.next_rates). results/digits.sqlite: two cells on real images, tuned at
# every lag. 0.6, 0.7, 0.3 and 0.4 hours.
TASKS := Adding KeepOrReplace TemporalOrder Counting
SWEEP := $(PY) -m course_lib.sweep
TUNED := --rates 3e-3 1e-2 3e-2 --tune 1000 1001 --tune-lag 20 --budget 1500
GATES := --lags 10 20 40 80 $(TUNED) --parameters 1200 --out results/gates.sqlite $(ARGS)
SEEDS := --lags 10 20 40 80 $(TUNED) --parameters 1200 --seeds 5 6 7 8 9 10 11 12 13 14 --out results/more_seeds.sqlite $(ARGS)
FAR := --lags 80 --rates 3e-3 1e-2 3e-2 --tune 1000 1001 --tune-lag 80 --budget 1500 --parameters 1200 --out results/far_rates.sqlite $(ARGS)
UNITS := --lags 20 80 $(TUNED) --out results/equal_units.sqlite $(ARGS)
DIGITS := --cells LSTMCell RNNCell --inits default chrono orthogonal --tasks Digits --rates 1e-3 3e-3 1e-2 3e-2 \
	--tune 1000 1001 --parameters 3000 --budget 1500 --out results/digits.sqlite $(ARGS)
sweep: learner  ## train what the stored tables do not hold yet, after a plan with an estimate
	$(SWEEP) --tasks $(TASKS) Copying $(GATES)
	$(SWEEP) --tasks $(TASKS) --inits chrono identity $(GATES)
	$(SWEEP) --cells LSTMCell NoInputGateCell --tasks $(TASKS) --inits chrono $(SEEDS)
	$(SWEEP) --cells LSTMCell LSTM1997Cell --tasks $(TASKS) $(SEEDS)
	$(SWEEP) --cells OneNetworkCell ResidualCell SmallStepCell --tasks $(TASKS) --parameters 2277 $(UNITS)
	$(SWEEP) --cells NoInputGateCell NoOutputGateCell CoupledLSTMCell --tasks $(TASKS) --inits chrono --parameters 912 $(UNITS)
	$(SWEEP) --cells LSTM1997Cell --tasks $(TASKS) --parameters 912 $(UNITS)
	$(SWEEP) --cells MinGRUCell --tasks $(TASKS) --inits default chrono --parameters 138 $(UNITS)
	$(SWEEP) --cells AffineReadoutCell ChoGRUCell NoSquashCell --tasks TemporalOrder --inits chrono $(FAR)
	$(SWEEP) --cells AddedGateCell JANETCell LSTM1997Cell PageCell SmallStepCell --tasks TemporalOrder $(FAR)
	$(SWEEP) --cells ReLURNNCell --tasks Adding TemporalOrder --inits identity $(FAR)
	$(SWEEP) --cells RNNCell --tasks Counting --inits identity $(FAR)
	$(SWEEP) --cells NetworkReadoutCell ReLURNNCell --tasks Counting $(FAR)
	$(SWEEP) --cells ChoGRUCell GRUCell --tasks KeepOrReplace $(FAR)
	$(SWEEP) --cells NoOutputGateCell --tasks Adding $(FAR)
	$(foreach lag,3 20 60 120,$(SWEEP) --lags $(lag) $(DIGITS) &&) true

readme: learner  ## write what is generated in README.md and docs/ anew
	$(PY) -m tools.authoring.readme
	$(PY) -m tools.authoring.compiled_path

format: developer  ## format the code, then check it and the notebooks
	$(PY) -m ruff format .
	$(PY) -m ruff check --fix .

lock: developer  ## write constraints.txt anew
	$(PY) -m tools.authoring.lock $(ARGS)

clean:  ## remove what the commands made; answers.json stays
	rm -rf .venv build *.egg-info .pytest_cache .ruff_cache .hypothesis
	find . '(' -name __pycache__ -o -name .ipynb_checkpoints ')' -prune -exec rm -rf {} +

learner developer publisher host:
	@command -v $(PYTHON) > /dev/null || { echo "There is no $(PYTHON). Install Python 3.10 or newer."; exit 1; }
	@$(PYTHON) tools/setup.py $(ANEW) $(if $(filter developer,$@),--dev)$(if $(filter publisher,$@),--book)$(if $(filter host,$@),--room)
