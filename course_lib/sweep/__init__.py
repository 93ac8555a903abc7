"""Cells x tasks x lags x initialisations x seeds, one row each; can be stopped and started at any moment.

    python -m course_lib.sweep --cells LSTMCell GRUCell --lags 25 50 --seeds 0 1 2 --out results/mine.sqlite

>>> rows = sweep([LSTMCell, GRUCell], lags=[10], seeds=[0, 1], budget=50, jobs=1, progress=False)
>>> len(rows), rows[0]["ended"]
(4, 'budget')

Fair comparison
    size      every cell gets the hidden size at which its weights come closest to `parameters`, the readout not counted
    rate      --tune SEEDS runs every learning rate on those seeds at one lag, and each cell, with its initialisation,
              is then reported at its own best rate; a tuning seed may not be reported. A rate that is the best, and the
              lowest or highest tried, says only that the grid is too narrow: the next of 1, 3, 10, 30 ... (1e-5 to 1)
              is tried as well, until the best lies between two others
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

import os
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from joblib import cpu_count
from tqdm.auto import tqdm

from course_lib import doors
from course_lib.cells import Cell as AnyCell
from course_lib.machine import cores
from course_lib.stop import end_cell
from course_lib.sweep.estimate import missing, plan, timed_as
from course_lib.sweep.grid import Grid
from course_lib.sweep.many import cluster, everywhere
from course_lib.sweep.one import run
from course_lib.sweep.store import add, create, key, read
from course_lib.tasks import Task as AnyTask

BAR = "{desc} {percentage:3.0f}%|{bar}| {elapsed} spent, {remaining} left{postfix}"
MOST_JOBS = 1000


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
                      on its task, first chooses one of the rates, or one beyond them where the best is at their end;
                      seeds are run at that rate alone
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
                for asked in () if plan_only else rounds(grid, path):
                    for row in everywhere(run, missing(asked, path), jobs, client):
                        add(path, row | {"command": grid.command(out)})
                        bar.set_postfix_str("{cell} {init} {lag}: {ended}".format(**row), refresh=False)
                        bar.update(min(cost.get(timed_as(row), 0), bar.total - bar.n))
        except KeyboardInterrupt:
            if out is not None:
                raise
            end_cell()
        rows = read(path)
        asked = grid.reported(rows)
        return [row for row in rows if key(row) in asked]


def rounds(grid, path):
    """The runs to do, {key: (Cell, Task, setting)}, one part after the other: each rests on the rows before it."""
    while any(missing(asked := grid.tuning(read(path)), path)):
        yield asked
    yield grid.reported(read(path))
