"""How far a training has got, in one line; the trainings of one cell of a notebook share it.

"run 3 of 12: LSTMCell" is said where results/runs.json knows how many runs the cell makes, which is so for the cells of
the course; in a cell that a learner wrote or changed it is "run 3". The line turns green when a run has solved its
task, and nothing of it is left when the cell has ended.
"""

import hashlib
import json
import linecache
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

from tqdm.auto import tqdm

from course_lib.stop import cell_frames

RUNS = Path(__file__).parents[1] / "results" / "runs.json"
SOLVED = "green"
made = {}  # {cell: how many runs it made}, of this process
shared = None  # the Line of the cell that is being run


class Line:
    """The line of one run after the other.

    total    how many runs there will be; None where that is unknown, or it is one
    """

    def __init__(self, total=None):
        self.total, self.run, self.shown, self.busy, self.quiet = total, 0, None, False, True

    def begin(self, history, updates, quiet):
        """A run of so many updates begins; history has what was done of it before. It is not shown if quiet."""
        self.run, self.busy, self.quiet = self.run + 1, True, quiet
        if quiet:
            return
        words = history.settings["cell"]
        if self.total is not None and self.run <= self.total:
            words = f"run {self.run} of {self.total}: {words}"
        elif self.run > 1:
            words = f"run {self.run}: {words}"
        if self.shown is None:
            self.shown = tqdm(total=updates, initial=len(history.losses), leave=False, desc=words)
            return
        self.shown.colour = None
        self.shown.set_description(words, refresh=False)
        self.shown.reset(total=updates)
        self.shown.update(len(history.losses))

    def update(self, history):
        """An update of the run is done."""
        if not self.quiet:
            self.shown.update()
            self.shown.set_postfix(loss=f"{history.loss:.4f}", sequences=history.sequences, refresh=False)

    def end(self, history):
        """The run has ended."""
        self.busy = False
        if history.ended == "solved" and not self.quiet:
            self.shown.colour = SOLVED
            self.shown.refresh()

    def close(self):
        if self.shown is not None:
            self.shown.close()


def key(source):
    """The name of a cell in runs.json, by what is written in it."""
    return hashlib.sha256(source.strip().encode()).hexdigest()[:12]


@contextmanager
def line(history, updates, quiet):
    """The Line of a run, within which it is done: that of the cell of a notebook, or one of its own."""
    global shared
    frames = cell_frames(sys._getframe())
    alone = not frames or threading.current_thread() is not threading.main_thread() or shared and shared.busy
    if alone:
        one = Line()
    else:
        cell = key("".join(linecache.getlines(frames[-1].f_code.co_filename)))
        if shared is None:
            shared = Line(known().get(cell))
            sys.modules["IPython"].get_ipython().events.register("post_execute", forget)
        one = shared
        made[cell] = shared.run + 1
    one.begin(history, updates, quiet)
    try:
        yield one
    finally:
        one.end(history)
        if alone:
            one.close()


def forget():
    """The cell has ended."""
    global shared
    sys.modules["IPython"].get_ipython().events.unregister("post_execute", forget)
    ended, shared = shared, None
    ended.close()


def known():
    """{cell: how many runs it makes} of the course's own notebooks; {} where the file is not there."""
    try:
        return json.loads(RUNS.read_text())
    except (OSError, ValueError):
        return {}
