"""Which runs a sweep stands for: cells, tasks and settings that go together, checked."""

import ast
import hashlib
import inspect
import random
import shlex
import textwrap
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from itertools import product

from course_lib import doors
from course_lib.cells import CELLS
from course_lib.cells import Cell as AnyCell
from course_lib.initialise import INITIALISATIONS, initialise
from course_lib.sweep.outcomes import best_rates
from course_lib.sweep.store import key
from course_lib.tasks import TASKS
from course_lib.tasks import Task as AnyTask
from course_lib.training import drawn_from

LADDER = [float(f"{step}e{power}") for power in range(-5, 0) for step in (1, 3)] + [1.0]  # rates to go on with


@dataclass
class Grid:
    """What to run: the arguments of `sweep`, checked, and the runs that they stand for.

    starts     [(cell, initialisation)] that go together; left_out: {(cell's name, initialisation): why not}
    """

    cells: list
    tasks: list
    lags: list
    inits: list
    seeds: list
    rates: list
    tune: list
    tune_lag: int | None
    parameters: int
    budget: int
    batch_size: int

    def __post_init__(self):
        self.cells = named("sweep", "cells", self.cells, AnyCell, CELLS)
        self.tasks = named("sweep", "tasks", self.tasks, AnyTask, TASKS)
        self.inits = [self.inits] if doors.is_a(str, self.inits) else doors.several("sweep", "inits", self.inits)
        for init in self.inits:
            doors.choice("sweep", "init", init, INITIALISATIONS)
        for name, least, few in (("lags", 1, 1), ("seeds", 0, 1), ("tune", 0, 0)):
            values = doors.several("sweep", name, getattr(self, name), least=few)
            setattr(self, name, [doors.whole("sweep", f"each of {name}", value, least=least) for value in values])
        self.tune_lag = self.lags[0] if self.tune_lag is None else self.tune_lag
        for name in ("tune_lag", "parameters", "budget", "batch_size"):
            setattr(self, name, doors.whole("sweep", name, getattr(self, name)))
        rates = doors.several("sweep", "rates", self.rates)
        self.rates = [doors.number("sweep", "each of rates", rate, above=0) for rate in rates]
        if both := set(self.tune) & set(self.seeds):
            raise ValueError(f"sweep needs other seeds to tune than to report; got {sorted(both)} in both")
        for Task, lag in product(self.tasks, [*self.lags, self.tune_lag]):
            Task(lag=lag)
        self.starts, self.left_out = [], {}
        for Cell, init in product(self.cells, self.inits):
            why_not = unsuitable(Cell, init, min([*self.lags, self.tune_lag]))
            if why_not:
                self.left_out[Cell.__name__, init] = why_not
            else:
                self.starts.append((Cell, init))
        if not self.starts:
            raise ValueError("sweep needs inits that suit a cell; got " + "; ".join(self.left_out.values()))

    def tuning(self, rows=()):
        """The runs that choose a rate, {key: (Cell, Task, setting)}: more as rows come in, until no best is at an end.

        Where the best of a cell's rates is the lowest or the highest that were tried, `beyond` has the next one.
        """
        done = {key(row): row for row in rows}
        tried = defaultdict(lambda: set(self.rates))
        while True:
            asked = self.runs("tune", [self.tune_lag], self.tune, lambda *start: sorted(tried[start]))
            open_places = {place(setting) for name, (*_, setting) in asked.items() if not settled(done.get(name))}
            best = best_rates(done[name] for name, (*_, setting) in asked.items() if place(setting) not in open_places)
            wider = {start: beyond(rate, tried[start]) for start, rate in best.items()}
            if not any(wider.values()):
                return asked
            for start, rates in wider.items():
                tried[start] |= rates

    def reported(self, rows):
        """The runs to report, at the rates chosen by the tuning rows among rows; at every rate without tuning."""
        tuning = self.tuning(rows)
        best = best_rates(row for row in rows if key(row) in tuning)
        rates = (lambda *start: [best.get(start, self.rates[0])]) if self.tune else lambda *start: self.rates
        return self.runs("report", self.lags, self.seeds, rates)

    def runs(self, role, lags, seeds, rates):
        """{key: (Cell, Task, setting)}, seed by seed, at the rates(cell, init, task), in random order within a seed."""
        found = {}
        for seed in seeds:
            places = list(product(self.starts, self.tasks, lags))
            for (Cell, init), Task, lag in random.Random().sample(places, len(places)):
                for rate in rates(Cell.__name__, init, Task.__name__):
                    setting = {
                        "role": role, "cell": Cell.__name__, "code": fingerprint(Cell), "task": Task.__name__,
                        "lag": lag, "init": init, "parameters": self.parameters, "learning_rate": rate,
                        "batch_size": self.batch_size, "budget": self.budget, "seed": seed,
                    }  # fmt: skip
                    found[key(setting)] = Cell, Task, setting
        return found

    def command(self, out):
        """The command line that asks for this grid, every choice spelled out."""
        words = []
        for flag in ("cells", "tasks", "lags", "inits", "seeds", "rates", "tune", "tune-lag", "parameters", "budget"):
            value = getattr(self, flag.replace("-", "_"))
            value = value if isinstance(value, list) else [value]
            words += [f"--{flag}", *(str(getattr(v, "__name__", v)) for v in value)] if value else []
        words += ["--batch-size", str(self.batch_size)] + (["--out", str(out)] if out else [])
        return "python -m course_lib.sweep " + shlex.join(words)


def place(setting):
    """What chooses a learning rate for itself: a cell, as it starts, on a task."""
    return setting["cell"], setting["init"], setting["task"]


def settled(row):
    """Whether a run has ended and can be compared."""
    return row is not None and row["ended"] != "error"


def beyond(rate, tried):
    """The rates to try next, a set: none while rate lies between two that were tried, or at an end of LADDER.

    >>> beyond(0.03, {0.003, 0.01, 0.03}), beyond(0.01, {0.003, 0.01, 0.03})
    ({0.1}, set())
    """
    lower, higher = [step for step in LADDER if step < rate], [step for step in LADDER if step > rate]
    return set(lower[-1:] if rate == min(tried) else []) | set(higher[:1] if rate == max(tried) else [])


@doors.looked_at
def named(who, name, things, kind, known):
    """The classes of a kind, AnyCell or AnyTask, that things, classes or names or "all", stand for."""
    choices = {thing.__name__: thing for thing in known}
    things = [things] if doors.is_a((str, type), things) else things
    listed = list(things) if doors.is_a((list, tuple, set), things) else []
    found = [choices.get(thing, thing) if doors.is_a(str, thing) else thing for thing in listed]
    found = list(known) if any(doors.is_a(str, thing) and thing == "all" for thing in found) else found
    if not found or not all(doors.is_class(thing, kind) for thing in found):
        wanted = f"a {kind.__name__} by class or name"
        raise ValueError(f"{who} needs {wanted}; got {doors.shown(things)}; choices: all, {', '.join(choices)}")
    return found


def unsuitable(Cell, init, lag):
    """Why init is not for Cell, or None. A Cell that cannot be built passes: its row will say what is wrong with it."""
    with drawn_from(0):
        try:
            cell = Cell(1, 4)
        except Exception:
            return None
        try:
            initialise(cell, init, lag=lag)
        except ValueError as error:
            return str(error)


@cache
def fingerprint(Cell):
    """Eight digits that change when the code of Cell's constructor or step does; comments and layout do not count."""
    text = ""
    for method in (Cell.__init__, Cell.step):
        try:
            text += ast.unparse(ast.parse(textwrap.dedent(inspect.getsource(method))))
        except OSError:  # typed at a bare Python prompt, which keeps no source
            pass
    return hashlib.sha256(text.encode()).hexdigest()[:8]
