"""Right and wrong figures, claims, grids of a sweep and its rows."""

import sqlite3
from contextlib import closing
from math import inf, nan

import matplotlib.pyplot as plt
import numpy as np
import torch
from things import NO_THING, TASK, cell
from torch import nn
from values import FLAG, FOLDER, NO_TEXT, Kind, words

from course_lib.cells import Cell, LSTMCell
from course_lib.claims import CLAIMS
from course_lib.sweep.store import KEY, RESULT, create
from course_lib.tasks import Adding, Task
from course_lib.widgets.gate_desk import MISSIONS, Mission

AXES = plt.Figure().subplots()  # one for all, since making one takes longer than drawing
AX = Kind(lambda: AXES, (*NO_THING, plt.Figure(), plt, plt.Axes))
FIGURE = Kind(lambda: plt.figure(), (*NO_THING, plt, plt.Figure))
CAPTION = words("what it is", "$\\frac{$")
NAME = CAPTION.but(None)
BARS = Kind(
    lambda: {"forget": [0.5, 0.25]},
    (*NO_TEXT[:6], [0.5], {"a": None}, {"a": "b"}, {"a": [2.0]}, {"a": [nan]}, {"a": []}, {1: [0.5]}, {"a": [[0.5]]}),
)
TEXTS = Kind(lambda: ["a", "b"], (*NO_TEXT, [1], ["a", None], "", [b"a"]), (tuple, "".join))
BELIEVED = Kind(lambda: {"0": "A textbook."}, (None, "", "x", nan, object(), {"1": "x"}, {"5": "x"}, [1], 3))
CHOICES = Kind(lambda: ["one", "two"], (*NO_TEXT, "ab", ["one"], ["one", "one"], ["one", 2]), (tuple,))
NUMBERS = Kind(lambda: ("01",), (*NO_TEXT, (), ["01"], "01", (1,), (None,)))
CLAIM = Kind(lambda: CLAIMS[0], (*NO_THING, "A1", type(CLAIMS[0])))
HOLDS = FLAG.but(wrong=(torch.tensor([True, False]), np.array([True]), torch.tensor(1.0), 1.0, inf, "True"))

LISTED = (None, "", 3, nan, True, {}, object(), [None], [object()], [np.zeros(2)], [torch.zeros(2, 2)])
CELLS = Kind(
    lambda: [LSTMCell],
    (*LISTED, [], "LTSM", ["LTSM"], Cell, [Cell], nn.LSTM, cell(), [cell()], Adding),
    (tuple, lambda _: "LSTMCell"),
)
TASKS = Kind(lambda: [Adding], (*LISTED, [], "Adder", Task, TASK, [TASK], LSTMCell), (tuple, lambda _: "Adding"))
INITS = Kind(
    lambda: ["default"], (*LISTED, [], "xavier", ["default", "xavier"], [["default"]]), (tuple, lambda _: "default")
)


def listed(good, *bad):
    """Whole numbers, or rates, in a list."""
    return Kind(
        lambda: good,
        (*LISTED, "10", ["10"], [nan], [inf], [True], [-1], [1j], [[10]], range(10**9), range(10**30), *bad),
        (tuple, np.array),
    )


def database(name, *commands):
    with closing(sqlite3.connect(FOLDER / name)) as db, db:
        for command in commands:
            db.execute(command)
    return FOLDER / name


DATABASES = (
    database("others", "CREATE TABLE people (name)"),
    database("runs", "CREATE TABLE runs (name)"),
    database("both", f"CREATE TABLE people ({', '.join(KEY + RESULT)})"),
)
create(FOLDER / "rows.sqlite")
ROW = dict.fromkeys(KEY + RESULT, 1) | {
    "role": "report", "cell": "LSTMCell", "init": "default", "task": "Adding", "ended": "solved", "learning_rate": 0.01,
}  # fmt: skip
RUNS = Kind(
    lambda: [ROW, ROW | {"cell": "GRUCell", "solved_at": 5}],
    (
        None,
        "rows",
        3,
        nan,
        object(),
        ROW,
        [None],
        [3],
        [[]],
        [{}],
        [{"role": "report"}],
        [ROW, {}],
        [ROW | {"code": {}}],
        [ROW | {"solved_at": np.zeros(2)}],
    ),
    (tuple, lambda rows: (row for row in rows)),
)
ROWED = Kind(lambda: ROW, (None, "row", 3, [], {}, {"role": "report"}, object()))
NOWHERE = (
    None,
    "LSTMCell",
    3,
    [],
    {},
    ("LSTMCell",),
    ("LSTMCell", 3),
    ("LSTMCell", "default", 1),
    ["LSTMCell", "default"],
)
PLACE = Kind(lambda: ("LSTMCell", "default"), NOWHERE)
ELSEWHERE = Kind(lambda: ("GRUCell", "default"), NOWHERE)
SCHEDULER = Kind(lambda: None, (3, True, [], "", "a", "tcp://127.0.0.1:1", "tcp://127.0.0.1", "127.0.0.1:a", object()))
PIECES = Kind(
    lambda: ["carry", "forget gate"],
    (*NO_TEXT[:5], object(), str, b"a", "carry", ["carrying"], [1], [None], [[]]),
    (tuple, set),
)
MISSION = Kind(lambda: MISSIONS["stay silent"], (*NO_THING, "count", Mission))
GATE = [0.5] * 16
DRAWN = Kind(
    lambda: {"forget": GATE, "input": GATE, "output": GATE},
    (
        *NO_THING,
        GATE,
        {"forget": GATE},
        *(
            {"forget": GATE, "input": GATE, "output": bad}
            for bad in (
                None,
                0.5,
                "a",
                [],
                GATE[1:],
                [GATE],
                ["0.5"] * 16,
                [1.1] * 16,
                [-0.1] * 16,
                [nan] * 16,
                [None] * 16,
            )
        ),
    ),
    (lambda gates: {name: np.array(values) for name, values in gates.items()},),
)
