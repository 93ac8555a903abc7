"""What the parameters of the library's public functions are: right values, others that say the same, and wrong ones.

KINDS names them. A parameter has the kind of "function.parameter" where that is listed, else that of its name.
"""

import atexit
import io
import pickle
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from math import inf, nan
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

import matplotlib.pyplot as plt
import numpy as np
import torch
from torch import nn

from course_lib.cells import Cell, LSTMCell
from course_lib.data import load_weather
from course_lib.fuse import fuse
from course_lib.gradients import paths
from course_lib.ledger import CLAIMS
from course_lib.sweep.store import KEY, RESULT, create
from course_lib.tasks import Adding, Task
from course_lib.text import SYMBOLS
from course_lib.training import History, Network
from course_lib.unroll import unroll
from course_lib.widgets.gate_desk import MISSIONS, Mission


@dataclass(frozen=True)
class Kind:
    """good() makes a right value, same are functions of it that say the same otherwise, bad are wrong values."""

    good: object
    bad: tuple
    same: tuple = ()

    def but(self, *right, wrong=()):
        """The same kind, with some values that are right and some more that are wrong."""
        return Kind(self.good, (*(v for v in self.bad if not any(v is one for one in right)), *wrong), self.same)


# ---- Numbers ----

ODD = (
    "",
    "a",
    [],
    [1],
    {},
    (),
    object(),
    int,
    1j,
    b"1",
    print,
    np.array([1, 2]),
    torch.tensor([1.0, 2.0]),
    np.array([]),
)


def whole(good, least=1):
    bad = (least - 1, -1, -(10**9), 10**30, good + 0.5, float(good), nan, inf, -inf, True, np.bool_(True), None)
    return Kind(lambda: good, (*bad, np.float64(good), str(good), *ODD), (np.int64, np.int32))


def number(good, *bad):
    bad += (nan, inf, -inf, 10**400, True, np.bool_(True), None, str(good), *ODD)
    return Kind(lambda: good, bad, (np.float64,))


def series(good, *bad):
    """Numbers along one axis."""
    bad += ([], np.array([]), "a", ["a"], [[1.0], [1.0, 2.0]], [None], None, {}, object(), [1j], print, "1.5", 1j)
    bad += (["0.5", "0.5"], torch.tensor([0.5, 0.5], requires_grad=True), [nan, 0.5], [inf, 0.5])
    return Kind(lambda: good, bad, (np.array, torch.tensor, tuple))


def with_gaps(kind):
    """The same kind where NaN is a gap and not a mistake."""
    return Kind(kind.good, tuple(v for v in kind.bad if not isinstance(v, list) or "nan" not in str(v)), kind.same)


SEED = whole(3, 0).but(wrong=(2**64, -(2**63)))
FRACTION = number(0.5, -0.1, 1.1, 2, -1)
POSITIVE = number(0.5, 0, -1, -0.5)
GATES = series([0.5, 0.25], -0.1, 1.1, [0.5, 1.1], [-0.1, 0.5], True, [True, False])
FLAG = Kind(lambda: True, (None, 0, 1, "", "yes", [], nan, object(), bool), (np.bool_,))
LINE = series([0.5, 0.25], [[0.5, 0.25]], 0.5, [0.5], [0.5, 0.25, 0.1])  # as long as LINE is elsewhere in the call
ROWS = series([[0.5, 0.25], [0.1, 0.2]], [0.5, 0.25], 0.5, [[0.5, 0.25], [0.1]], [[]], [[nan, 0.5], [0.1, 0.2]])

# ---- Words, files and folders ----

NO_TEXT = (None, 0, 1.5, nan, True, [], {}, object(), str, b"a")


def choice(good):
    return Kind(lambda: good, (*NO_TEXT, "nonsense", "", good[:-1], good + " ", [good], (good,), good.encode()))


def words(good="what it is", *bad):
    return Kind(lambda: good, (*NO_TEXT, [good], *bad))


FOLDER = Path(mkdtemp())
atexit.register(rmtree, FOLDER)


def file(name, content):
    (FOLDER / name).write_bytes(content)
    return FOLDER / name


def saved(thing):
    content = io.BytesIO()
    torch.save(thing, content)
    return content.getvalue()


GARBAGE = (
    file("empty", b""),
    file("text", b"not what it should be\n"),
    file("zip", b"PK\x03\x04" + bytes(60)),
    file("pickle", pickle.dumps({"a": 1})),
    file("code", pickle.dumps(print)),
    file("torch", saved([1, 2])),
    file("state", saved(nn.Linear(2, 2).state_dict())),
    file("short", saved(nn.Linear(9, 9).state_dict())[:500]),
    file("json", b'{"cells": 3}'),
    file("list", b"[1, 2"),
    file("sqlite", b"SQLite format 3\x00" + bytes(84)),
    file("latin", "Größe".encode("latin-1")),
)
PATHS = (3, True, [], {}, object(), "", b"a", nan, print, FOLDER, FOLDER / "text" / "below")
NO_FILE = (None, "no such file", FOLDER / "none")
NOTEBOOK = file("01_a.ipynb", b'{"cells": [{"outputs": [{"data": {"text/markdown": "**Verdict A1.** It is so."}}]}]}')

# ---- Cells, what they run over, and what is done to them ----

INPUTS, HIDDEN, BATCH, STEPS = 2, 4, 3, 5
TASK = Adding(lag=STEPS)


def drawn(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def cell():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return LSTMCell(INPUTS, HIDDEN)


def network():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return Network(LSTMCell(INPUTS, HIDDEN), 1)


def batch_of(task, size=BATCH):
    return task.batch(size, generator=torch.Generator().manual_seed(0))


def leaf(x):
    """The same numbers, but their gradient is wanted."""
    return x.detach().clone().requires_grad_()


def tensors(*shape):
    """A float32 tensor of this shape, (batch, time, ...) or (batch, ...)."""
    good = drawn(*shape)
    bad = (None, 1.0, "a", [], object(), dict, torch.Tensor, torch.tensor(1.0), good.tolist(), good.numpy(), good[0])
    bad += (good[None], good[..., None], good[:0], good[:, :0], torch.cat([good, good], dim=-1), good * nan, good / 0)
    return Kind(good.clone, bad + tuple(good.to(kind) for kind in OTHER), (leaf,))


OTHER = (torch.float64, torch.float16, torch.int32, torch.int64, torch.bool, torch.complex64)


def unlooked(kind):
    """The same kind of tensor where no number is looked at: NaN in, NaN out."""
    finite = (v for v in kind.bad if not torch.is_tensor(v) or v.dtype != torch.float32 or torch.isfinite(v).all())
    return Kind(kind.good, tuple(finite), kind.same)


def start(*names):
    """A state {name: (batch, hidden)}."""
    good = {name: 0.1 * drawn(BATCH, HIDDEN, seed=k) for k, name in enumerate(names)}
    some = good[names[0]]
    no_state = (
        some[0],
        some[:1],
        some[None],
        some * nan,
        some / 0,
        some.numpy(),
        some.tolist(),
        None,
        0.0,
        "a",
        some.T,
    )
    no_state += tuple(some.to(kind) for kind in OTHER)
    bad = ({}, [some], [some, some], some, "h", 1.0, True, {**good, "z": some}, {names[0]: some, "z": some}, dict, ())
    return Kind(
        lambda: {name: value.clone() for name, value in good.items()},
        (*bad, *({**good, names[0]: other} for other in no_state)),
        (lambda state: {name: leaf(value) for name, value in state.items()},),
    )


def rule(new):
    """An override of the forget gate."""
    return {"forget": new}


NO_RULES = (1.0, "forget", ["forget"], [("forget", 0.5)], True, nan, object(), dict, {"forget"})
NO_GATES = ({"reset": 0.5}, {"": 0.5}, {0: 0.5}, {None: 0.5}, {"Forget": 0.5}, {("forget",): 0.5})
NO_FUNCTIONS = (lambda: 0.5, lambda t: 0.5, lambda t, old, more: old, int, *FRACTION.bad)
NO_GATE = (
    lambda t, old: None,
    lambda t, old: "a",
    lambda t, old: 0.5,
    lambda t, old: old.numpy(force=True),
    lambda t, old: old.tolist(),
    lambda t, old: old[0],
    lambda t, old: old[:1],
    lambda t, old: old[..., None],
    lambda t, old: old.T,
    lambda t, old: old[:, :1],
    lambda t, old: old + 1,
    lambda t, old: old - 1,
    lambda t, old: old * nan,
    lambda t, old: old / 0,
    lambda t, old: old.double(),
    lambda t, old: old > 0.5,
    lambda t, old: (10 * old).int(),
    lambda t, old: torch.tensor(0.5),
    lambda t, old: old if t < STEPS - 1 else old + 1,
)
OVERRIDE = Kind(
    lambda: rule(0.5),
    (*NO_RULES, *NO_GATES, *(rule(new) for new in NO_FUNCTIONS if new is not print), *map(rule, NO_GATE)),
    (lambda _: rule(np.float64(0.5)), lambda _: rule(np.float32(0.5)), lambda _: rule(torch.tensor(0.5))),
)
NO_THING = (None, "LSTMCell", 3, [], {}, object(), print, torch.zeros(2, 2))
NO_CELL = (*NO_THING, LSTMCell, Cell, nn.LSTM(INPUTS, HIDDEN), nn.Linear(INPUTS, HIDDEN), TASK)
CELL = Kind(cell, (*NO_CELL, network()))
CLASS = Kind(lambda: LSTMCell, (*NO_THING, LSTMCell(INPUTS, HIDDEN), Cell, nn.LSTM, nn.Module, int, [LSTMCell], Adding))
NETWORK = Kind(network, (*NO_CELL, cell(), Network(LSTMCell(INPUTS + 1, HIDDEN), 1), Network))
A_TASK = Kind(lambda: TASK, (*NO_THING, Adding, Task, cell(), [TASK], "Adding"))
X = tensors(BATCH, STEPS, INPUTS)
A_BATCH = Kind(lambda: batch_of(TASK), (*NO_THING, X.good(), (X.good(), None), Adding, TASK, TASK.batch))
GENERATOR = Kind(lambda: torch.Generator().manual_seed(0), (*NO_THING, torch.Generator, np.random.default_rng(0)))
AT = Kind(
    lambda: "last",
    ("frist", "", "LAST", None, 0, -1, True, nan, [], [0, 1, 2], {}, object(), str, np.zeros(BATCH, dtype=int))
    + (torch.zeros(BATCH), torch.zeros(BATCH + 1).long(), torch.tensor(0), torch.zeros(BATCH, 1).long())
    + (torch.full((BATCH,), STEPS), torch.full((BATCH,), -1), torch.zeros(BATCH).int()),
)
SQUARE = [[0.5] * HIDDEN] * HIDDEN
WEIGHTS = Kind(
    lambda: SQUARE,
    (None, "a", "1.5", [], [[]], {}, object(), print, True, nan, inf, 1j, 10**400, [[0.5]], SQUARE[:1], SQUARE[0])
    + ([*SQUARE, SQUARE[0]], [[0.5], [0.5, 0.5]], [["a"] * HIDDEN] * HIDDEN, [[None] * HIDDEN] * HIDDEN)
    + ([[nan] * HIDDEN] * HIDDEN, torch.zeros(HIDDEN, HIDDEN, dtype=torch.complex64)),
    (np.array, torch.tensor, lambda rows: 0.5, lambda rows: np.float64(0.5), lambda rows: leaf(torch.tensor(rows))),
)


def output(task):
    """What a network says about a batch of a task."""
    y = batch_of(task).y
    good = y.nan_to_num(0.0) if y.is_floating_point() else torch.eye(task.output_size)[y]
    bad = (
        None,
        1.0,
        "a",
        [],
        object(),
        torch.Tensor,
        torch.tensor(1.0),
        good.tolist(),
        good.numpy(),
        good[0],
        good[None],
    )
    bad += (good[..., None], good[:1], torch.cat([good, good], dim=-1), good.flatten(), y.int(), good.mT)
    return Kind(good.clone, bad + tuple(good.to(kind) for kind in OTHER[2:]), (leaf, lambda x: x.double()))


def batch(task):
    return Kind(lambda: batch_of(task), (*A_BATCH.bad, batch_of(task, BATCH + 1)))


UNTIL = Kind(
    lambda: lambda history: False,
    (*NO_THING[1:5], True, nan, lambda: False, lambda a, b: False, History),
)
Y = Kind(
    lambda: torch.zeros(BATCH, 1),
    (*NO_THING, torch.zeros(BATCH), torch.zeros(1, 1), torch.zeros(BATCH, 1).long(), torch.zeros(BATCH).int())
    + (np.zeros((BATCH, 1)), torch.zeros(BATCH, STEPS).long(), torch.zeros(BATCH, 1, 1), torch.tensor(1.0)),
)
CODES = Kind(
    lambda: torch.tensor([1, 2]),
    (*NO_THING, torch.tensor([-1]), torch.tensor([len(SYMBOLS) + 1]), torch.tensor([1.0]), torch.tensor(3), [1])
    + (torch.tensor([]).long(), torch.tensor([1]).int(), torch.tensor([True]), np.array([1])),
)

# ---- What is drawn, and what is claimed ----

AXES = plt.Figure().subplots()  # one for all, since making one takes longer than drawing
AX = Kind(lambda: AXES, (*NO_THING, plt.Figure(), plt, plt.Axes))
FIGURE = Kind(lambda: plt.figure(), (*NO_THING, plt, plt.Figure))
NAME = words().but(None)
BARS = Kind(
    lambda: {"forget": [0.5, 0.25]},
    (*NO_TEXT[:6], [0.5], {"a": None}, {"a": "b"}, {"a": [2.0]}, {"a": [nan]}, {"a": []}, {1: [0.5]}, {"a": [[0.5]]}),
)
TEXTS = Kind(lambda: ["a", "b"], (*NO_TEXT, [1], ["a", None], "", [b"a"]), (tuple, "".join))
CHOICES = Kind(lambda: ["one", "two"], (*NO_TEXT, "ab", ["one"], ["one", "one"], ["one", 2]), (tuple,))
NUMBERS = Kind(lambda: ("01",), (*NO_TEXT, (), ["01"], "01", (1,), (None,)))
CLAIM = Kind(lambda: CLAIMS[0], (*NO_THING, "A1", type(CLAIMS[0])))
HOLDS = FLAG.but(wrong=(torch.tensor([True, False]), np.array([True]), torch.tensor(1.0), 1.0, inf, "True"))

LISTED = (None, "", 3, nan, True, {}, object(), [None], [object()])
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
        lambda: good, (*LISTED, "10", ["10"], [nan], [inf], [True], [-1], [1j], [[10]], *bad), (tuple, np.array)
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
    (None, "rows", 3, nan, object(), ROW, [None], [3], [[]], [{}], [{"role": "report"}], [ROW, {}]),
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

KINDS = {
    # cells, unroll, initialise, gradients, scan, fuse
    "input_size": whole(INPUTS), "hidden_size": whole(HIDDEN), "batch_size": whole(3), "seed": SEED,
    "cell": CELL, "Cell": CLASS, "x": X, "override": OVERRIDE, "start": start("h", "c"), "every": FLAG,
    "equations.cell": Kind(lambda: LSTMCell, (*NO_THING, Cell, nn.LSTM, Adding, TASK), (lambda Cls: Cls(2, 3),)),
    "docstring": words("h' = tanh(W x)\n"),
    "by_hand.cell": Kind(cell, NO_CELL), "named_weights.cell": Kind(cell, NO_CELL), "weights": WEIGHTS,
    "Trace.__getitem__.name": choice("forget"), "gate": choice("forget"), "of": choice("c"), "wrt": choice("h"),
    "how": choice("default"), "initialise.bias": number(1.0), "initialise.lag": whole(10, 3),
    "half_life.gate": GATES, "time_constant.gate": GATES, "network": NETWORK, "task": A_TASK, "batch": A_BATCH,
    "a": tensors(BATCH, STEPS, HIDDEN), "b": tensors(BATCH, STEPS, HIDDEN),
    "scan_steps.start": tensors(BATCH, HIDDEN), "scan_parallel.start": tensors(BATCH, HIDDEN),
    # tasks, data, text
    "lag": whole(22), "generator": GENERATOR, "split": choice("train"), "by": choice("row"), "at": AT, "Batch.y": Y,
    "Batch.x": unlooked(Kind(X.good, tuple(x for x in X.bad if not torch.is_tensor(x) or x.shape != (BATCH, STEPS, 4)
                                                and x.dtype != torch.float64))),
    "loss.output": output, "score.output": output, "loss.batch": batch, "score.batch": batch,
    "series": Kind(load_weather, (*NO_THING, load_weather().values, load_weather, type(load_weather()))),
    "horizon": whole(3), "read.name": choice("digits_8x8.csv"), "codes": CODES,
    "encode.text": words("x = 1\n"), "structure.text": words("x = 1\n", "f(((", "'"),
    "load_model.path": Kind(lambda: Path("results/source_model.npz"), (*PATHS, *NO_FILE, *GARBAGE)),
    # training
    "output_size": whole(1), "hidden": unlooked(tensors(BATCH, STEPS, HIDDEN)), "init": choice("default"),
    "build.bias": number(1.0), "build.lag": whole(10), "parameters": whole(100, 16), "threshold": number(0.5),
    "train.Cell": CLASS.but(wrong=(Network,)), "train.bias": number(1.0), "updates": whole(2), "sequences": whole(10),
    "learning_rate": POSITIVE, "clip": POSITIVE.but(None), "until": UNTIL, "progress": FLAG,
    "checkpoint": Kind(lambda: FOLDER / "run.pt", (*PATHS, *GARBAGE)),
    # checks
    "hint.name": choice("rnn_step"), "given.name": choice("rnn_step"), "find.name": choice("rnn_step"),
    "learner": words("ada", ""), "secret": words("key", ""),
    # widgets
    "longest_lag.gate": FRACTION, "noise": POSITIVE, "clear": POSITIVE, "fading.gate": FRACTION,
    "fading.noise": number(0.5, -0.5, -1), "fading.lags": series([1, 5], -1, [-1, 5], [inf]), "steps": POSITIVE,
    "gate_of_bias.bias": number(0.5), "bias_of_gate.gate": number(0.5, 0, 1, -0.1, 1.1),
    "gradient_by_lag.name": choice("LSTM"), "gradient_by_lag.bias": number(0.5), "scale": number(0.5),
    "gradient_by_lag.lag": whole(3), "pieces": PIECES, "mission": MISSION, "gates": DRAWN,
    "stretch": number(1.0, 0, -1, 1e9), "unevenness": number(0.5, -0.1, 1.1), "pace": series([0.5, 0.25], [-0.5], 0.5),
    "clamps": OVERRIDE, "look_inside.gate": choice("forget").but(None), "value": FRACTION.but(None),
    "symbols": TEXTS.but(wrong=(["a"],)), "GateLens.sequences": whole(3, 2),
    # sweep
    "cells": CELLS, "tasks": TASKS, "inits": INITS, "sweep.lags": listed([10, 20], [10.0], [0], [10**30], []),
    "seeds": listed([3, 4], [1.5], [2**64], []), "rates": listed([0.01, 0.1], [0.0], ["a"], []),
    "tune": listed([7], [1.5], [3, 7]), "tune_lag": whole(10), "budget": whole(5), "jobs": whole(1), "plan_only": FLAG,
    "out": Kind(lambda: FOLDER / "rows.sqlite", (*PATHS, *GARBAGE[1:], *DATABASES)), "scheduler": SCHEDULER,
    "read.path": Kind(lambda: FOLDER / "rows.sqlite", (*PATHS, *NO_FILE, *GARBAGE, *DATABASES)),
    "sweep.parameters": whole(100), "sweep.rows": RUNS, "row": ROWED, "whole": PLACE, "without": ELSEWHERE,
    # plots, stats
    "ax": AX, "plots.of": words(), "name": NAME, "thing": words(), "title": NAME, "text": words(),
    "columns": whole(2), "rows": whole(2), "width": POSITIVE, "height": POSITIVE,
    "label.x": words(), "label.y": words(), "label.legend": FLAG.but(wrong=("abvoe",)),
    "line.x": with_gaps(LINE), "line.y": with_gaps(LINE), "runs.x": with_gaps(LINE), "runs.y": with_gaps(ROWS),
    "dots.y": with_gaps(series([0.5, 0.25], [[0.5]], 0.5)), "dots.at": number(1.0), "success.x": with_gaps(LINE),
    "success.wins": series([1, 2], [3, 4], [-1, 2], [1, 2, 2], [True, True]),
    "success.tries": series([2, 2], [0, 2], [-1, 2], [1, 2, 2], 0),
    "wilson.wins": series([1, 2], [3, 4], [-1, 2], [1, 2, 2]), "wilson.tries": series([2, 2], [0, 2], [1, 2, 2], 0),
    "z": POSITIVE, "times": series([5, 9], [5], [-1, 2], 5, [[5, 9]]),
    "solved": Kind(lambda: [True, False], (*NO_THING, [True], [1, 2], ["a", "b"], [nan, 1.0], True, [[True, False]])),
    "costs": ROWS, "draws": whole(20), "level.y": number(1.0), "point.x": number(1.0), "point.y": number(1.0),
    "side": choice("right"), "bars.rows": BARS, "values": with_gaps(ROWS), "colours": choice("viridis"),
    "low": number(0.5).but(None), "high": number(0.5).but(None), "texts": TEXTS, "letters.text": words("ab"),
    "letters.values": with_gaps(LINE), "most": POSITIVE,
    # ledger, lesson
    "Claim.name": words("A1", ""), "says": words("so", ""), "expected": words("so", ""), "limits": words("so"),
    "Claim.verdict": choice("true"), "notebooks": NUMBERS,
    "printed.path": Kind(lambda: NOTEBOOK, (*PATHS, *NO_FILE, *GARBAGE)),
    "verdict.claim": words("A1", ""), "claim": CLAIM, "folder": Kind(lambda: FOLDER, (*PATHS[:-2], *NO_FILE)),
    "holds": HOLDS, "sentence": words("It is so.", ""), "count": whole(3), "skip": whole(3, 0), "figure": FIGURE,
    "show.text": words("A curve.", "", " "),
    "source.thing": Kind(lambda: LSTMCell, (*NO_TEXT, print, 3, np, torch.tanh)),
    "question": words("Which?"), "choices": CHOICES, "answer": whole(1, 0).but(wrong=(2, -1)), "because": words(),
}  # fmt: skip
WITH = {  # "function.parameter": what else must be given for the parameter to matter
    "build.bias": {"init": "forget_bias"},
    "initialise.bias": {"how": "forget_bias"},
    "initialise.lag": {"how": "chrono"},
    "train.bias": {"init": "forget_bias"},
    "look_inside.value": {"gate": "forget"},
}
USUAL = {  # what is given in every call
    "sweep": {"plan_only": True, "progress": False, "lags": [10], "seeds": [3], "jobs": 1},
    "train": {"updates": 2, "progress": False, "hidden_size": HIDDEN},
    "evidence": {"folder": FOLDER},
    "page": {"folder": FOLDER},
}
KEYWORD = {"by_hand.weights": "U_f"}  # "function.**parameter": the keyword under which a value is tried
MADE_BY = {  # classes whose instances are not made by their constructor, or not the same each time
    "Network": network,
    "Series": load_weather,
    "Fused": lambda: fuse(cell()),
    "Trace": lambda: unroll(cell(), X.good()),
    "Paths": lambda: paths(cell(), X.good()),
}
NOT_DOORS = {  # pattern: why what is public by name is not where a learner's values come in
    r"doors\..*|.*\.(check_?\w*|checked|as_rule|fraction|on|pair)": "a check of a door",
    r"cells\.\w+\.step": "written by the author of a cell; runs inside the loop over time",
    r"cells\.Affine.*": "a part of a step",
    r"cells\.\w+Cell\.\w+": "inherited from Cell",
    r"cells\.Cell\.(affine|of_input|of_state|per_unit|uniform)": "what an author makes a constructor of",
    r"initialise\.(named_weight|weights_of|memory_biases)": "parts of initialise and of gate_bias",
    r"unroll\.(Trace|Steps\b.*)": "made by unroll",
    r"gradients\.Paths": "made by paths",
    r"tasks\.\w+\.(draw|solve|ask)|text\.\w+\.draw": "written by the author of a task; `batch` is the door",
    r"tasks\.(Task|Choice)(\..*)?": "what a task inherits; tried with every task",
    r"tasks\.all_digits|text\.read_once|data\.load_\w+": "takes nothing that a learner gives",
    r"data\.Series": "made by load_weather",
    r"text\.NextCharacter\b.*": "as the other tasks, and reads all of Python's library first",
    r"text\.make_model": "a command; build and train look at what it is given",
    r"training\.(History|update|proceed|save|load|drawn_from)\b.*": "parts of train, and what it returns",
    r"files\.write": "raises what open raises",
    r"fuse\.(?!fuse$|Fused).*": "inside the compiler; reached through fuse",
    r"fuse\.Fused\.program": "inside the compiler",
    r"latex\.(Equations?|written|inside|bracketed|symbol|text|escaped)(\..*)?": "made by equations, and its parts",
    r"script\.(?!script$).*": "made by script",
    r"machine\..*": "takes nothing of a learner",
    r"server\..*": "called by Jupyter",
    r"stop\..*": "the ways of Ctrl-C; nothing of a learner comes in",
    r"lesson\.(doctor|step_seconds|stored_answers)": "takes nothing",
    r"lesson\.(store_answer|Prediction\.on_choice)": "called by a widget",
    r"checks\.(?!hint$|given$|find$|judge\.token$).*": "judges answers, in words of its own: NotRight",
    r"widgets\.(every|\w+\.(make_\w+|one_unit|recall_test|warp_cells|swept|script))": "takes nothing of a learner",
    r"widgets\.\w+\.(Mission|Attempt|Recall|Following)": "made by the functions beside it",
    r"widgets\.time_warp\.follow": "trains two units, then gives all it got to warp and warped",
    r"widgets\.\w+\.(recall_of|fewest|some|shut|attempt|restored|listed|kept|keep|draw_\w+)": "a part of the widget",
    r"widgets\.\w+\.(StandIn|Browser|Panel|Dial)(\..*)?": "what a widget is made from",
    r"widgets\.\w+\.(GateDesk|GradientMicroscope|BuildTheLSTM|HalfLifeDial|TimeWarp)(\..*)?": "its settings are traits",
    r"widgets\.\w+\.[A-Z]\w+\.\w+": "called by the widget and by its tests",
    r"sweep\.(grid|one|many|estimate|__main__)\..*": "parts of sweep",
    r"sweep\.store\.(key|connect|create|ours|add|holds)|sweep\.outcomes\.outcome": "parts of read, sweep and summary",
    r"bench\..*": "a command; argparse and train look at what it is given",
}
