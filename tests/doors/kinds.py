"""What the parameters of the library's public functions are: right values, others that say the same, and wrong ones.

KINDS names them. A parameter has the kind of "function.parameter" where that is listed, else that of its name.
"""

from math import inf, nan
from pathlib import Path

import numpy as np
import torch
from shown import (
    AX,
    BARS,
    CELLS,
    CHOICES,
    CLAIM,
    DATABASES,
    DRAWN,
    ELSEWHERE,
    FIGURE,
    HOLDS,
    INITS,
    MISSION,
    NAME,
    NUMBERS,
    PIECES,
    PLACE,
    ROWED,
    RUNS,
    SCHEDULER,
    TASKS,
    TEXTS,
    listed,
)
from things import (
    A_BATCH,
    A_TASK,
    AT,
    BATCH,
    CELL,
    CELL_OR_CLASS,
    CLASS,
    CODES,
    GENERATOR,
    HIDDEN,
    INPUTS,
    NETWORK,
    NO_CELL,
    NO_THING,
    OVERRIDE,
    STEPS,
    UNTIL,
    WEIGHTS,
    X,
    Y,
    batch,
    cell,
    network,
    output,
    start,
    tensors,
    unlooked,
)
from values import (
    FLAG,
    FOLDER,
    FRACTION,
    GARBAGE,
    GATES,
    LINE,
    NO_FILE,
    NO_TEXT,
    NOTEBOOK,
    PATHS,
    POSITIVE,
    ROWS,
    SEED,
    Kind,
    choice,
    number,
    series,
    whole,
    with_gaps,
    words,
)

from course_lib.cells import LSTMCell
from course_lib.data import load_weather
from course_lib.fuse import fuse
from course_lib.gradients import paths
from course_lib.ledger import SAID
from course_lib.training import Network
from course_lib.unroll import unroll

KINDS = {
    # cells, unroll, initialise, gradients, scan, fuse
    "input_size": whole(INPUTS), "hidden_size": whole(HIDDEN), "batch_size": whole(3), "seed": SEED,
    "cell": CELL, "Cell": CLASS, "x": X, "override": OVERRIDE, "start": start("h", "c"), "every": FLAG,
    "diagram.cell": CELL_OR_CLASS, "diagram.against": CELL_OR_CLASS.but(None), "diagram.steps": whole(2),
    "equations.cell": CELL_OR_CLASS, "docstring": words("h' = tanh(W x)\n"),
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
    "solution.name": choice("rnn_step"), "figure.name": choice("rnn_step"),
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
    "bench.read.path": Kind(lambda: Path("results/bench.json"), (*PATHS[:-1], *GARBAGE[:8], *GARBAGE[9:])),
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
    "Claim.verdict": choice("true"), "notebooks": NUMBERS, "limited": choice("the claim").but(""),
    "overturn": words("so"),
    "printed.path": Kind(lambda: NOTEBOOK, (*PATHS, *NO_FILE, *GARBAGE)),
    "verdict.claim": words("A1", ""), "attack.claim": words("A1", ""), "claim": CLAIM, "narrows": FLAG,
    "file": Kind(lambda: SAID, (*PATHS[:-2], *NO_FILE, *GARBAGE)),
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
    r"lesson\.settle": "a part of verdict and attack",
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
    r"diagram\.(?!diagram$).*": "made by diagram, and its parts",
    r"script\.(?!script$).*": "made by script",
    r"machine\..*": "takes nothing of a learner",
    r"server\..*": "called by Jupyter",
    r"stop\..*": "the ways of Ctrl-C; nothing of a learner comes in",
    r"lesson\.(doctor|step_seconds|stored_answers)": "takes nothing",
    r"lesson\.(store_answer|Prediction\.on_choice)": "called by a widget",
    r"checks\.(?!hint$|solution$|figure$|given$|find$|judge\.token$).*": "judges answers, in its own words: NotRight",
    r"widgets\.(every|\w+\.(make_\w+|one_unit|recall_test|warp_cells|swept|script))": "takes nothing of a learner",
    r"widgets\.\w+\.(Mission|Attempt|Recall|Following)": "made by the functions beside it",
    r"widgets\.time_warp\.follow": "trains two units, then gives all it got to warp and warped",
    r"widgets\.\w+\.(recall_of|fewest|some|shut|attempt|restored|listed|kept|keep|draw_\w+)": "a part of the widget",
    r"widgets\.\w+\.(StandIn|Browser|Panel|Dial)(\..*)?": "what a widget is made from",
    r"widgets\.\w+\.(GateDesk|GradientMicroscope|BuildTheLSTM|HalfLifeDial|TimeWarp)(\..*)?": "its settings are traits",
    r"widgets\.\w+\.[A-Z]\w+\.\w+": "called by the widget and by its tests",
    r"sweep\.(grid|one|many|estimate|__main__)\..*": "parts of sweep",
    r"sweep\.store\.(key|connect|create|ours|add|holds)|sweep\.outcomes\.outcome": "parts of read, sweep and summary",
    r"bench\.(?!read$).*": "a command, which looks at its words before it measures, and its parts",
    r"rivals\..*": "a command, and what takes seconds; its own test tries what it refuses",
}
