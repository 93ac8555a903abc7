"""Cells x tasks x lags x initialisations x seeds, one row each; can be stopped and started at any moment.

    python -m course_lib.sweep --cells LSTMCell GRUCell --lags 25 50 --seeds 0 1 2 --out results/mine.sqlite

>>> rows = sweep([LSTMCell, GRUCell], lags=[10], seeds=[0, 1], budget=50, jobs=1, progress=False)
>>> len(rows), rows[0]["ended"]
(4, 'budget')

Fair comparison
    size      every cell gets the hidden size at which its weights come closest to `parameters`, the readout not counted
    rate      --tune SEEDS runs every learning rate on those seeds at one lag, and each cell, with its initialisation,
              is then reported at its own best rate; a tuning seed may not be reported
    solved    the mean loss of 20 updates fell below the task's solved_at, within `budget` updates (training.below)
    censored  a run that did not solve, or diverged, says only that it needs more than its budget: `kaplan_meier` and
              `summary` use it as such, so that no median is a median over the lucky
    Adam, gradient norm clipped at 1, fresh sequences at every update: as in `training.train`.

The file
    SQLite, because it comes with Python and a row is in the file whole or not at all, even when the machine stops. The
    rows are unique by KEY, so that no run is there twice; a writer waits for another one up to a minute. There is no
    write-ahead log: a result stays one file, which can be copied, committed, and kept on a network disk.
    KEY holds the cell's own text (`code`), so that a cell that was edited is run again under its old name.
    Runs are taken seed by seed and in a random order within a seed: a sweep that was stopped early holds a fair sample,
    and two sweeps on one file share the work. To run a failed run again, delete its row (ended = 'error').

One machine or many
    Here: one process per core, each with one thread. With --scheduler ADDRESS: on a Dask cluster, which moves the runs
    of a lost machine to the others. Only the process that was started here writes to the file.

        pip install "dask[distributed]"
        dask scheduler                                               # on one machine; prints tcp://ADDRESS:8786
        dask worker tcp://ADDRESS:8786 --nworkers 8 --nthreads 1     # on each of the others, in this folder
        python -m course_lib.sweep ... --scheduler tcp://ADDRESS:8786
"""

import argparse
import ast
import hashlib
import inspect
import json
import os
import platform
import random
import shlex
import socket
import sqlite3
import textwrap
import threading
import traceback
from collections import defaultdict
from collections.abc import Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from joblib import Parallel, cpu_count, delayed
from tqdm.auto import tqdm

from course_lib import doors
from course_lib.cells import CELLS
from course_lib.cells import Cell as AnyCell
from course_lib.initialise import INITIALISATIONS, initialise
from course_lib.machine import cores
from course_lib.stats import kaplan_meier, wilson
from course_lib.stop import end_cell
from course_lib.tasks import TASKS
from course_lib.tasks import Task as AnyTask
from course_lib.training import SMOOTHING, count_parameters, drawn_from, hidden_size_for, train

KEY = (
    "role", "cell", "code", "task", "lag", "init", "parameters", "learning_rate", "batch_size", "budget", "seed",
)  # fmt: skip
RESULT = (
    "hidden_size", "weights", "threshold", "ended", "solved_at", "early_loss", "loss", "score", "seconds", "error",
    "versions", "command",
)  # fmt: skip
TIMED = 3  # updates timed for the estimate, after one that compiles
BAR = "{desc} {percentage:3.0f}%|{bar}| {elapsed} spent, {remaining} left{postfix}"
BUSY = 60  # seconds that a writer waits for another one, and a sweep for the first machine of its cluster
ANSWER = 5  # seconds within which a scheduler answers
MOST_JOBS = 1000
IDLE = 20  # seconds after which a process that has nothing to do ends, also one that outlives a killed sweep
ONE_AT_A_TIME = threading.Lock()  # weights are drawn from torch's global generator: a process trains one cell at a time


def sweep(
    cells: str | type[AnyCell] | Sequence[str | type[AnyCell]], *,
    tasks: str | type[AnyTask] | Sequence[str | type[AnyTask]] = ("Adding",), lags: Sequence[int] = (100,),
    inits: str | Sequence[str] = ("default",), seeds: Sequence[int] = range(5), rates: Sequence[float] = (3e-3,),
    tune: Sequence[int] = (), tune_lag: int | None = None, parameters: int = 4300, budget: int = 3000,
    batch_size: int = 32, out: str | Path | None = None, jobs: int | None = None, scheduler: str | None = None,
    plan_only: bool = False, progress: bool = True,
) -> list[dict]:  # fmt: skip
    """Train every cell on every task, lag and seed, and return the rows of this grid, a list of dicts.

    cells, tasks      classes, your own too, or their names in CELLS and TASKS, or "all"
    lags, inits       lags, and names for `initialise`; a cell is left out of an initialisation that is not for it
    seeds, rates      seeds and learning rates; every rate is run, unless tune is given
    tune, tune_lag    seeds, and a lag (the first of lags when omitted), at which each cell, with its initialisation and
                      on its task, first chooses one of the rates; seeds are run at that rate alone
    parameters        the number of weights that each cell comes closest to
    budget            updates after which a run counts as not solved; batch_size: sequences in an update
    out               the file of the rows; runs that it holds are not done again. Nothing is kept when omitted
    jobs              processes, one per core when omitted; scheduler: the address of a Dask cluster to use instead
    plan_only         print the plan and its estimate, and run nothing

    A row holds KEY, what was asked, and RESULT, what came of it:

    role              "report", or "tune" for the runs that chose a rate; code: a fingerprint of the cell's text
    weights           how many the cell has; threshold: the task's solved_at
    ended             "solved", "budget", "diverged", or "error" with the exception in `error`
    solved_at         updates until it was solved, None if it was not
    early_loss        the mean loss of the first 20 updates: another processor gives most of them to five digits
    loss, score       the means of the last 20 updates, on sequences never seen before
    seconds           of training, on one thread; versions: of Python, packages and machine; command: what asked for it

    Ctrl-C loses no finished run: with out they are in the file, without it they are returned.
    Raises ValueError for unknown names, a lag too short for its task, tuning seeds that are reported too, and numbers
    that cannot be used.
    """
    grid = Grid(cells, tasks, lags, inits, seeds, rates, tune, tune_lag, parameters, budget, batch_size)
    quiet = not doors.flag("sweep", "progress", progress) or "COURSE_QUIET" in os.environ
    doors.flag("sweep", "plan_only", plan_only)
    if out is not None:
        doors.target("sweep", "out", out)
    if jobs is not None:
        jobs = doors.whole("sweep", "jobs", jobs, most=MOST_JOBS)
    with TemporaryDirectory() as folder, cluster(scheduler) as client:
        path = Path(out or Path(folder, "runs.sqlite"))
        jobs = sum(client.nthreads().values()) if client else jobs or min(cpu_count(only_physical_cores=True), cores())
        create(path)
        try:
            cost, total = plan(grid, path, jobs, client, quiet)
            with tqdm(total=total, disable=plan_only or not total, desc="runs", bar_format=BAR) as bar:
                for runs in () if plan_only else (grid.tuning, grid.reported):
                    for row in everywhere(run, missing(runs(read(path)), path), jobs, client):
                        add(path, row | {"command": grid.command(out)})
                        bar.set_postfix_str("{cell} {init} {lag}: {ended}".format(**row), refresh=False)
                        bar.update(min(cost.get(place(row), 0), bar.total - bar.n))
        except KeyboardInterrupt:
            if out is not None:
                raise
            end_cell()
        rows = read(path)
        asked = grid.reported(rows)
        return [row for row in rows if key(row) in asked]


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
        self.cells, self.tasks = named(AnyCell, CELLS, self.cells), named(AnyTask, TASKS, self.tasks)
        self.inits = [self.inits] if isinstance(self.inits, str) else doors.several("sweep", "inits", self.inits)
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
        """The runs that choose a rate, {key: (Cell, Task, setting)}."""
        return self.runs("tune", [self.tune_lag], self.tune, lambda *start: self.rates)

    def reported(self, rows):
        """The runs to report, at the rates chosen by the tuning rows among rows; at every rate without tuning."""
        tuning = self.tuning()
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


def named(kind, known, things):
    """The classes of a kind, AnyCell or AnyTask, that things, classes or names or "all", stand for."""
    choices = {thing.__name__: thing for thing in known}
    things = [things] if isinstance(things, (str, type)) else things
    listed = list(things) if isinstance(things, (list, tuple, set)) else []
    found = [choices.get(thing, thing) if isinstance(thing, str) else thing for thing in listed]
    found = list(known) if "all" in found else found
    if not found or not all(
        isinstance(thing, type) and issubclass(thing, kind) and thing is not kind for thing in found
    ):
        wanted = f"a {kind.__name__} by class or name"
        raise ValueError(f"sweep needs {wanted}; got {doors.shown(things)}; choices: all, {', '.join(choices)}")
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


# ---- One run ----


def run(Cell, Task, setting):
    """Train once, as setting says, and return the row; what goes wrong is the row's error."""
    row = dict.fromkeys(RESULT) | setting | {"versions": versions()}
    with ONE_AT_A_TIME, one_thread():
        try:
            history = start(Cell, Task, setting, updates=setting["budget"])
        except Exception:
            return row | {"ended": "error", "error": traceback.format_exc(limit=-2)}
    return row | {
        "hidden_size": history.settings["hidden_size"],
        "weights": sum(weight.numel() for weight in history.network.cell.parameters()),
        "threshold": Task(lag=setting["lag"]).solved_at,
        "ended": history.ended,
        "solved_at": history.solved_at,
        "early_loss": float(np.mean(history.losses[:SMOOTHING])) if history.losses else None,
        "loss": history.loss,
        "score": float(np.mean(history.scores[-SMOOTHING:])) if history.scores else None,
        "seconds": history.seconds,
    }


def start(Cell, Task, setting, *, updates):
    """Train a new network of Cell for some updates."""
    task = Task(lag=setting["lag"])
    return train(
        Cell, task, hidden_size=hidden_size_for(Cell, task.input_size, setting["parameters"]), init=setting["init"],
        updates=updates, batch_size=setting["batch_size"], learning_rate=setting["learning_rate"], seed=setting["seed"],
        progress=False,
    ).finished()  # fmt: skip


def speed(Cell, Task, setting):
    """setting, with the seconds of one update, its hidden_size and weights; no seconds where the run will fail."""
    with ONE_AT_A_TIME, one_thread():
        try:
            network = start(Cell, Task, setting, updates=1).network
            task, size = Task(lag=setting["lag"]), network.cell.hidden_size
            history = train(network, task, updates=TIMED, batch_size=setting["batch_size"], progress=False)
            history.finished()
        except Exception:
            return setting | {"seconds": None}
    return setting | {"seconds": history.seconds / TIMED, "hidden_size": size,
                      "weights": count_parameters(Cell, task.input_size, size)}  # fmt: skip


@contextmanager
def one_thread():
    """Let torch, and the kernels that follow it, use one thread: the other cores have runs of their own."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def versions():
    """Of what a number can depend on, as JSON."""
    packages = {name: version(name) for name in ("torch", "numpy", "llvmlite") if find_spec(name)}
    machine = f"{platform.system()} {platform.machine()}, {cores()} cores"
    return json.dumps({"python": platform.python_version(), **packages, "machine": machine})


# ---- Many runs ----


@contextmanager
def cluster(address):
    """A client of the Dask cluster at address; None without an address."""
    if address is None:
        yield None
        return
    try:
        from distributed import Client  # wanted by few, so not among the course's requirements
    except ImportError:
        raise ValueError('sweep needs Dask for a scheduler: run `pip install "dask[distributed]"`') from None
    host, _, port = doors.text("sweep", "scheduler", address).rpartition("//")[2].rpartition(":")
    try:
        socket.create_connection(
            (host.strip("[]"), int(port)), timeout=ANSWER
        ).close()  # Dask would try for half a minute
        client = Client(address, timeout=ANSWER)
    except (OSError, ValueError, OverflowError) as error:
        raise ValueError(f"sweep needs a scheduler that answers; got {doors.shown(address)} ({error})") from None
    with client:
        try:
            client.wait_for_workers(1, timeout=BUSY)
        except TimeoutError:
            raise ValueError(f"sweep needs a worker at {address}; got none in {BUSY} s") from None
        yield client


def everywhere(function, calls, jobs, client):
    """function(*call) for every call, in processes here or on the cluster, yielded in the order in which they end."""
    if client is None:
        parallel = Parallel(n_jobs=jobs, batch_size=1, return_as="generator_unordered", idle_worker_timeout=IDLE)
        yield from parallel(delayed(function)(*call) for call in calls)
        return
    from distributed import KilledWorker, as_completed

    futures = {client.submit(function, *call, pure=False): call for call in calls}
    for future in as_completed(futures):
        try:
            yield future.result()
        except KilledWorker as error:  # it took every machine that tried it down
            yield dict.fromkeys(RESULT) | futures[future][2] | {"ended": "error", "error": str(error)}


def missing(asked, path):
    """The calls of asked that path does not hold, each looked up at its turn: another sweep may have done it."""
    return (call for name, call in asked.items() if not holds(path, name))


def place(row):
    """What decides how long an update takes."""
    return row["code"], row["task"], row["lag"]


def plan(grid, path, jobs, client, quiet):
    """Time every cell, print what will be done, and return {place: seconds of a run} and the seconds of all runs.

    A run is counted with its whole budget, which is what it takes when it does not solve its task.
    """
    if quiet:
        return {}, 0
    asked = grid.tuning() | grid.reported(read(path))
    todo = list(missing(asked, path))
    print(
        f"{len(asked)} runs of at most {grid.budget} updates: {len(asked) - len(todo)} in the file, {len(todo)} to do."
    )
    for (cell, init), why_not in grid.left_out.items():
        print(f"  left out: {cell} {init} ({why_not})")
    timed = {place(setting): (Cell, Task, setting) for Cell, Task, setting in todo}
    speeds = tqdm(everywhere(speed, timed.values(), jobs, client), total=len(timed), leave=False, desc="timing")
    speeds = [row for row in speeds if row["seconds"] is not None]
    cells = defaultdict(list)
    for row in sorted(speeds, key=place):
        cells["{task:<16} {cell:<20} {hidden_size} units, {weights} weights".format(**row)].append(row)
    for cell, rows in cells.items():
        print(
            f"  {cell}: " + ", ".join(f"{1000 * row['seconds']:.1f} ms an update at lag {row['lag']}" for row in rows)
        )
    seconds = {place(row): row["seconds"] * grid.budget / jobs for row in speeds}
    total = sum(seconds.get(place(setting), 0) for _, _, setting in todo)
    print(f"At most {clock(total)} on {jobs} processes; a run that solves its task ends sooner.")
    return seconds, total


def clock(seconds):
    """Seconds as people say them."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


# ---- The file ----


def connect(path):
    """A connection that closes itself, and waits while another process writes."""
    return closing(sqlite3.connect(path, timeout=BUSY))


def create(path):
    """Make path, and the folders above it, unless it is there. ValueError if it is there and is something else."""
    path.parent.mkdir(parents=True, exist_ok=True)
    columns, unique = ", ".join(KEY + RESULT), ", ".join(KEY)
    try:
        with connect(path) as file, file:
            tables = [name for (name,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            if not tables:
                file.execute(f"CREATE TABLE runs ({columns}, UNIQUE ({unique}))")
            elif not ours(file):
                raise sqlite3.DatabaseError(f"it holds {', '.join(tables)}")
    except sqlite3.DatabaseError as error:
        raise ValueError(f"sweep needs out as a new file, or one that it wrote; got {str(path)!r} ({error})") from None


def ours(file):
    """Whether a connection is to a file that `sweep` wrote."""
    return [column[1] for column in file.execute("PRAGMA table_info(runs)")] == [*KEY, *RESULT]


def add(path, row):
    """Write a row, unless one of that key is there."""
    names = KEY + RESULT
    command = f"INSERT INTO runs ({', '.join(names)}) VALUES ({', '.join('?' * len(names))}) ON CONFLICT DO NOTHING"
    with connect(path) as file, file:
        file.execute(command, [row[name] for name in names])


def holds(path, name):
    """Whether path has a row of that key."""
    where = " AND ".join(f"{column} = ?" for column in KEY)
    with connect(path) as file:
        return file.execute(f"SELECT count(*) FROM runs WHERE {where}", name).fetchone()[0] > 0


def read(path):
    """Every row of a file that `sweep` wrote, as a list of dicts, ordered by KEY. ValueError where there is none."""
    if not Path(doors.path("read", "path", path)).is_file():
        raise ValueError(f"read needs a file that course_lib.sweep wrote; got {str(path)!r}, which does not exist")
    try:
        with connect(path) as file:
            if not ours(file):
                raise sqlite3.DatabaseError("it has no such table of runs")
            file.row_factory = sqlite3.Row
            return [dict(row) for row in file.execute(f"SELECT * FROM runs ORDER BY {', '.join(KEY)}")]
    except sqlite3.DatabaseError as error:
        raise ValueError(f"read needs a file that course_lib.sweep wrote; got {str(path)!r} ({error})") from None


def key(row):
    """What tells a run from every other."""
    return tuple(row[name] for name in KEY)


# ---- What the rows say ----


def checked(who, rows):
    """rows as a list, or a ValueError unless each is a row as `read` and `sweep` give it."""
    rows = doors.several(who, "rows", rows, least=0)
    for row in rows:
        if not isinstance(row, dict) or not row.keys() >= {*KEY, *RESULT}:
            doors.refuse(who, "rows as read and sweep give them", row)
    return rows


def spent(row):
    """Updates until solved, or the whole budget: a run that diverged would not have solved it with what was left."""
    (row,) = checked("spent", [row])
    return row["solved_at"] if row["ended"] == "solved" else row["budget"]


def best_rates(rows):
    """{(cell, init, task): learning rate}: most solved, then fewest updates, then least loss, then lowest rate."""
    tried = defaultdict(list)
    for row in checked("best_rates", rows):
        tried[row["cell"], row["init"], row["task"], row["learning_rate"]].append(row)
    best = {}
    for (*place, rate), runs in sorted(tried.items()):
        losses = [row["loss"] if row["ended"] in ("solved", "budget") else float("inf") for row in runs]
        badness = -sum(row["ended"] == "solved" for row in runs), sum(map(spent, runs)), sum(losses)
        best[tuple(place)] = min(best.get(tuple(place), (badness, rate)), (badness, rate))
    return {place: rate for place, (_, rate) in best.items()}


def removal(rows, whole, without):
    """What it costs to take a part out: the updates that `without` needs more than `whole`, {(task, lag): (seed,)}.

    whole, without   each (cell's name, initialisation), such as ("LSTMCell", "default") and ("LSTM1997Cell", "default")

    Runs are paired by their seed, for which the task shows both cells the same sequences. A run that did not solve its
    task counts with its budget: where `without` alone failed, the cost is at least so much; where both did, it is 0. A
    place is left out unless both ran there, on the same seeds. Raises ValueError where there is no place, and where one
    seed ran twice at a place, as at two learning rates.
    """
    for name, start in (("whole", whole), ("without", without)):
        if not isinstance(start, tuple) or list(map(type, start)) != [str, str]:
            doors.refuse("removal", f"{name} as (cell's name, initialisation)", start)
    times = {whole: defaultdict(dict), without: defaultdict(dict)}
    for row in checked("removal", rows):
        start, place, seed = (row["cell"], row["init"]), (row["task"], row["lag"]), row["seed"]
        if row["role"] == "report" and row["ended"] != "error" and start in times:
            if seed in times[start][place]:
                raise ValueError(
                    f"removal needs one run of each seed at a place; got two of {start}, {place}, seed {seed}"
                )
            times[start][place][seed] = spent(row)
    before, after = times[whole], times[without]
    places = [place for place in before if before[place].keys() == after.get(place, {}).keys()]
    if not places:
        raise ValueError(f"removal needs runs of both on the same task, lag and seeds; got {whole} and {without}")
    return {
        place: np.array([after[place][seed] - before[place][seed] for seed in sorted(before[place])])
        for place in places
    }


def summary(rows):
    """One dict for each group of rows that differ in their seeds alone.

    It has KEY but seed, and: runs, how many ended; errors, how many did not, which count neither way; solved, rate,
    low, high, the successes, their rate and its 95 % Wilson interval; median, the updates by which half of the runs had
    solved it, by `kaplan_meier`, None where fewer than half did within the budget.
    """
    groups = defaultdict(list)
    for row in checked("summary", rows):
        groups[tuple(row[name] for name in KEY[:-1])].append(row)
    return [dict(zip(KEY[:-1], group, strict=True)) | outcome(rows) for group, rows in groups.items()]


def outcome(rows):
    """The results of rows that differ in their seeds alone; see `summary`."""
    ended = [row for row in rows if row["ended"] != "error"]
    solved = [row["ended"] == "solved" for row in ended]
    found = {"runs": len(ended), "errors": len(rows) - len(ended), "solved": sum(solved)}
    if not ended:
        return found | {"rate": None, "low": 0.0, "high": 1.0, "median": None}
    low, high = wilson(sum(solved), len(ended))
    updates, unsolved = kaplan_meier([spent(row) for row in ended], solved)
    half = updates[unsolved <= 0.5]
    return found | {"rate": sum(solved) / len(ended), "low": float(low), "high": float(high),
                    "median": int(half[0]) if len(half) else None}  # fmt: skip


def main(arguments=None):
    """The command line: run the grid and print its summary."""
    parser = argparse.ArgumentParser("python -m course_lib.sweep", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    add = parser.add_argument
    add("--cells", nargs="+", default=["all"], metavar="CELL", help="names in cells.CELLS; all when omitted")
    add("--tasks", nargs="+", default=["Adding"], metavar="TASK", help="names in tasks.TASKS, or all")
    add("--lags", nargs="+", type=int, default=[100], metavar="N")
    add("--inits", nargs="+", default=["default"], metavar="INIT", help=", ".join(INITIALISATIONS))
    add("--seeds", nargs="+", type=int, default=[0, 1, 2, 3, 4], metavar="N")
    add("--rates", nargs="+", type=float, default=[3e-3], metavar="RATE", help="learning rates")
    add("--tune", nargs="+", type=int, default=[], metavar="SEED", help="seeds on which each cell chooses its rate")
    add("--tune-lag", type=int, metavar="N", help="the lag at which it does; the first of --lags when omitted")
    add("--parameters", type=int, default=4300, metavar="N", help="weights of every cell")
    add("--budget", type=int, default=3000, metavar="N", help="updates after which a run counts as not solved")
    add("--batch-size", type=int, default=32, metavar="N")
    add("--out", required=True, metavar="FILE", help="where the rows are kept, such as results/mine.sqlite")
    add("--jobs", type=int, metavar="N", help="processes; one per core when omitted")
    add("--scheduler", metavar="ADDRESS", help="a Dask cluster to run on instead")
    add("--plan-only", action="store_true", help="print the plan and its estimate, and run nothing")
    try:
        rows = sweep(**vars(parser.parse_args(arguments)))
    except ValueError as error:
        parser.error(str(error))
    except KeyboardInterrupt:
        parser.exit(130, "\nStopped. Every finished run is in the file; the same command does the rest.\n")
    for group in summary(rows):
        print("{task} {lag:<6} {cell:<20} {init:<12} rate {learning_rate:<7g} solved {solved} of {runs}, "
              "95 % {low:.2f} to {high:.2f}, median {median}, errors {errors}".format(**group))  # fmt: skip


if __name__ == "__main__":
    # Under python -m this file is the module __main__, whose functions travel to other processes as text. The same file
    # imported by its name travels as a name.
    from course_lib.sweep import main

    main()
