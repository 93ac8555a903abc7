"""One network: its weights counted, the same cell as a plain RNN, and keep or replace by hand."""

import numpy as np
from numpy import maximum, stack, where

from course_lib.checks.by_hand import picture_of
from course_lib.checks.compare import Unreadable, numbers, plain
from course_lib.checks.draw import every_and_long, normal, one_of, several, sizes, uniform, whole
from course_lib.checks.judge import Essay, problem


@problem(
    cases=several(lambda generator: {"inputs": whole(generator, 2, 9), "hidden": whole(generator, 3, 40)}),
    hints=(
        "Count one affine map W x + U h + b first, then how many of them each cell has.",
        "An affine map has hidden · (input + hidden + 1) weights. The LSTM has four.",
        "The one network has two affine maps (m and o), V_m without a bias, and A_c with one.",
    ),
    planted=[
        (None, "hidden + 1)\n    dense", "hidden)\n    dense"),
        ("every affine map has two biases, as in torch.nn.LSTM", "hidden + 1)\n    dense", "hidden + 2)\n    dense"),
        ("the one network lacks V_m", " + hidden * hidden", ""),
        ("the one network lacks its output layer", " + dense}", "}"),
        ("the output layer lacks its bias", "dense = hidden * (hidden + 1)", "dense = hidden * hidden"),
        ("V_m has a bias", "hidden * hidden + dense", "dense + dense"),
        (None, "affine = hidden * (inputs + hidden + 1)", "affine = hidden"),
    ],
    mistakes={
        "every bias is left out": (
            "hidden * (inputs + hidden + 1)",
            "hidden * (inputs + hidden)",
            "2 * affine + hidden**2 + hidden * (hidden + 1)",
            "2 * affine + 2 * hidden**2",
        ),
        "every affine map has two biases, as in torch.nn.LSTM": ("hidden + 1)\n", "hidden + 2)\n"),
        "U is left out": ("inputs + hidden + 1)\n", "inputs + 1)\n"),
        "W is left out": ("(inputs + hidden + 1)", "(hidden + 1)"),
        "the LSTM has only its three gates": ("4 * affine", "3 * affine"),
        "the one network lacks V_m": ("2 * affine + hidden**2 +", "2 * affine +"),
        "the one network lacks its output gate": ("2 * affine", "affine"),
        "the one network lacks its output layer": (" + hidden * (hidden + 1)}", "}"),
        "the output layer lacks its bias": ("hidden * (hidden + 1)}", "hidden**2}"),
        "V_m has a bias": ("hidden**2 +", "hidden**2 + hidden +"),
        "units are counted instead of weights": (
            "hidden * (inputs + hidden + 1)",
            "hidden",
            "2 * affine + hidden**2 + hidden * (hidden + 1)",
            "3 * hidden",
        ),
    },
)
def count_weights(inputs, hidden):
    """The number of weights, biases included, of RNNCell, LSTMCell and OneNetworkCell."""
    affine = hidden * (inputs + hidden + 1)
    return {"RNN": affine, "LSTM": 4 * affine, "OneNetwork": 2 * affine + hidden**2 + hidden * (hidden + 1)}


def two_maps(generator):
    """A case with the weights of one dense layer on (x, h, c), split by what it reads and makes."""
    _, _, inputs, hidden = sizes(generator)
    case = {}
    for name in "hc":
        case |= {f"W_{name}": normal(generator, hidden, inputs), f"U_{name}": normal(generator, hidden, hidden)}
        case |= {f"V_{name}": normal(generator, hidden, hidden), f"b_{name}": normal(generator, hidden)}
    return case


@problem(
    cases=several(two_maps),
    axes=("row", "column"),
    hints=(
        "Join the states into s = [h, c], twice as long. What is the pre-activation of its first half?",
        "The first half of s' is W_h x + U_h h + V_h c + b_h: one row of blocks.",
        "U has four blocks: [[U_h, V_h], [U_c, V_c]]. torch.cat joins along dim 0 or 1.",
    ),
    planted=[
        (
            "U and V are exchanged",
            "[U_h, V_h], dim=1), torch.cat([U_c, V_c]",
            "[V_h, U_h], dim=1), torch.cat([V_c, U_c]",
        ),
        (
            "the rows of h and c are exchanged",
            "[U_h, V_h], dim=1), torch.cat([U_c, V_c]",
            "[U_c, V_c], dim=1), torch.cat([U_h, V_h]",
        ),
        (
            "the blocks are transposed: V_h and U_c have changed places",
            "[U_h, V_h], dim=1), torch.cat([U_c, V_c]",
            "[U_h, U_c], dim=1), torch.cat([V_h, V_c]",
        ),
        (
            "only the blocks on the diagonal are kept",
            "[U_h, V_h], dim=1), torch.cat([U_c, V_c]",
            "[U_h, 0 * V_h], dim=1), torch.cat([0 * U_c, V_c]",
        ),
        ("the two biases are added", "torch.cat([b_h, b_c])", "b_h + b_c"),
        ("the two W are added", "torch.cat([W_h, W_c])", "W_h + W_c"),
        (None, '"U": U, "b"', '"U": U.T, "b"'),
    ],
    mistakes={
        "c comes before h in the joined state": (
            "[W_h, W_c]",
            "[W_c, W_h]",
            "[[U_h, V_h], [U_c, V_c]]",
            "[[V_c, U_c], [V_h, U_h]]",
            "[b_h, b_c]",
            "[b_c, b_h]",
        ),
        "U and V are exchanged": ("[[U_h, V_h], [U_c, V_c]]", "[[V_h, U_h], [V_c, U_c]]"),
        "the rows of h and c are exchanged": ("[[U_h, V_h], [U_c, V_c]]", "[[U_c, V_c], [U_h, V_h]]"),
        "the blocks are transposed: V_h and U_c have changed places": (
            "[[U_h, V_h], [U_c, V_c]]",
            "[[U_h, U_c], [V_h, V_c]]",
        ),
        "h cannot see c: V_h is missing": ("[U_h, V_h]", "[U_h, 0 * V_h]"),
        "c cannot see h: U_c is missing": ("[U_c, V_c]", "[0 * U_c, V_c]"),
        "only the blocks on the diagonal are kept": ("[[U_h, V_h], [U_c, V_c]]", "[[U_h, 0 * V_h], [0 * U_c, V_c]]"),
        "the two biases are added": ("np.concatenate([b_h, b_c])", "b_h + b_c"),
        "the two W are added": ("np.concatenate([W_h, W_c])", "W_h + W_c"),
        "the biases are in the wrong order": ("[b_h, b_c]", "[b_c, b_h]"),
        "the two W are in the wrong order": ("[W_h, W_c]", "[W_c, W_h]"),
    },
)
def as_plain_rnn(W_h, U_h, V_h, b_h, W_c, U_c, V_c, b_c):
    """W, U, b of the plain RNN on s = [h, c] that equals one dense layer on (x, h, c)."""
    return {
        "W": np.concatenate([W_h, W_c]),
        "U": np.block([[U_h, V_h], [U_c, V_c]]),
        "b": np.concatenate([b_h, b_c]),
    }


def run_network(answer, case):
    """c of c' = A_c m + b_c with m = relu(W_m x + V_m c + b_m), from c = 0 with the weights of the answer."""
    return through(answer, numbers(case["x"]))[1]


def through(answer, x):
    """m (sequence, step, unit) and c (sequence, step) of the answer's network on x (sequence, step, 2)."""
    w = plain(answer())
    wanted = ["W_m", "V_m", "b_m", "A_c", "b_c"]
    if sorted(w) != sorted(wanted):
        raise Unreadable(f"needs the weights {wanted}; got {list(w)}")
    size = w["b_m"].size
    shapes = {"W_m": (size, 2), "V_m": (size, 1), "A_c": (1, size), "b_c": (1,)}
    wrong = [name for name, shape in shapes.items() if w[name].size != np.prod(shape)]
    if wrong:
        raise Unreadable(
            f"needs {wrong[0]} with the shape {shapes[wrong[0]]}, as b_m has {size}; got {w[wrong[0]].shape}"
        )
    W, V, A = w["W_m"].reshape(size, 2), w["V_m"].reshape(size, 1), w["A_c"].reshape(1, size)
    c, units, found = np.zeros((len(x), 1)), [], []
    for t in range(x.shape[1]):
        units.append(maximum(x[:, t] @ W.T + c @ V.T + w["b_m"].reshape(size), 0))
        c = units[-1] @ A.T + w["b_c"].reshape(1)
        found.append(c[:, 0])
    return stack(units, 1), stack(found, 1)


def units_and_memory(answer, x, output):
    """The units m[k] of the answer's network, eight at most, and its memory c, over the one sequence x."""
    m, c = through(answer, numbers(x))
    return {f"m[{k}]": one for k, one in enumerate(m[0].T[:8])} | {"c": c[0]}


run_network.picture = picture_of(units_and_memory)


@problem(
    cases=lambda generator, largest: every_and_long(
        generator,
        [
            [value, mark]
            for value in (-largest, uniform(generator, -0.9, 0.9) * largest, largest)
            for mark in (0.0, 1.0)
        ],
        3,
    ),
    axes=("sequence", "step"),
    variant=lambda generator: {"largest": one_of(generator, [k / 2 for k in range(3, 20)])},
    default={"largest": 1.0},
    act=run_network,
    solve=lambda largest: (
        lambda: {
            "W_m": [[0, -2 * largest], [1, 2 * largest]],
            "V_m": [[1], [0]],
            "b_m": [largest, -largest],
            "A_c": [[1, 1]],
            "b_c": [-largest],
        }
    ),
    hints=(
        "relu can only pass or block. Add the largest value R, so that c + R is never negative.",
        "relu(c + R - 2R · mark) is c + R at mark 0 and 0 at mark 1, R being the largest value.",
        "Use a second unit for the value that opens at mark 1, add the two, and subtract R at the end.",
    ),
    planted=[
        (
            "an unmarked value replaces and a marked one does not",
            "[[0.0, -2.0], [1.0, 2.0]]",
            "[[0.0, 2.0], [1.0, -2.0]]",
            "[1.0, -1.0]",
            "[-1.0, 1.0]",
        ),
        (None, "[[0.0, -2.0], [1.0, 2.0]]", "[[0.0, 0.0], [1.0, 2.0]]"),
        (None, "[[0.0, -2.0], [1.0, 2.0]]", "[[0.0, -2.0], [1.0, 0.0]]"),
        (None, "torch.ones(1, 2)", "torch.zeros(1, 2)"),
        ("the stored value has the wrong sign", "[1.0, 2.0]]", "[-1.0, 2.0]]"),
        (None, "torch.tensor([-1.0])}", "torch.tensor([0.0])}"),
        ("an unmarked step clears the memory", "[[1.0], [0.0]]", "[[0.0], [0.0]]"),
        ("what is stored changes its sign at every unmarked step", "[[1.0], [0.0]]", "[[-1.0], [0.0]]"),
        (
            "negative values are lost at the rectifier",
            "[1.0, -1.0])",
            "[0.0, -2.0])",
            "torch.tensor([-1.0])}",
            "torch.tensor([0.0])}",
        ),
        (
            "the mark is stored instead of the value",
            "[0.0, -2.0], [1.0, 2.0]",
            "[0.0, -20.0], [0.0, 2.0]",
            "[1.0, -1.0])",
            "[1.0, 0.0]) ",
        ),
        (None, "[[1.0], [0.0]]", "[[0.0], [0.0]]", "[1.0, -1.0])", "[0.0, -1.0])"),
        (None, "[1.0, -1.0])", "[1.0, -2.0])", "torch.tensor([-1.0])}", "torch.tensor([-1.0])}"),
        (None, "[[0.0, -2.0], [1.0, 2.0]]", "[[0.0, -2.0], [-1.0, 2.0]]", "[1.0], [0.0]", "[-1.0], [0.0]"),
        ("nothing is ever stored", "[[0.0, -2.0], [1.0, 2.0]]", "[[0.0, 0.0], [0.0, 0.0]]"),
        (
            "every value is stored",
            "[[0.0, -2.0], [1.0, 2.0]]",
            "[[1.0, 0.0], [1.0, 0.0]]",
            "[[1.0], [0.0]]",
            "[[0.0], [0.0]]",
            "[1.0, -1.0])",
            "[1.0, 1.0])",
            "torch.ones(1, 2)",
            "torch.tensor([[0.5, 0.5]])",
        ),
        (None, "[[0.0, -2.0], [1.0, 2.0]]", "[[0.0, -2.0], [1.0, 2.0]]", "[[1.0], [0.0]]", "[[1.0], [1.0]]"),
        (
            None,
            "[[1.0], [0.0]]",
            "[[0.0], [0.0]]",
            "[1.0, -1.0])",
            "[0.0, -2.0])",
            "torch.tensor([-1.0])}",
            "torch.tensor([0.0])}",
        ),
        ("nothing is ever stored", "[[0.0, -2.0], [1.0, 2.0]]", "[[0.0, -2.0], [0.0, 2.0]]"),
    ],
    mistakes={
        "an unmarked value replaces and a marked one does not": ("mark == 1", "mark == 0"),
        "a marked value is added to what is stored": (", value, c", ", c + value, c"),
        "every value is stored": ("mark == 1", "mark == mark"),
        "nothing is ever stored": ("mark == 1", "mark == 2"),
        "negative values are lost at the rectifier": (", value, c", ", maximum(value, 0), c"),
        "positive values are lost at the rectifier": (", value, c", ", -maximum(-value, 0), c"),
        "the stored value has the wrong sign": (", value, c", ", -value, c"),
        "an unmarked step clears the memory": ("value, c)", "value, 0)"),
        "what is stored changes its sign at every unmarked step": ("value, c)", "value, -c)"),
        "the mark is stored instead of the value": (", value, c", ", mark, c"),
        "the largest value is stored, not the last": ("value, c)", "maximum(value, c), c)"),
    },
)
def keep_or_replace_network(x, largest):
    """The last marked value, at every step, from x = (value, mark), (sequence, step)."""
    c, found = 0 * x[:, 0, 0], []
    for t in range(x.shape[1]):
        value, mark = x[:, t, 0], x[:, t, 1]
        c = where(mark == 1, value, c)
        found.append(c)
    return stack(found, 1)


first_project = Essay(
    "Pick two cells of course_lib/cells.py that differ in one line. What should that line do to a lag of 50?",
    "Measure before you train: the gradient over the lag needs no training, and a memory set by hand none either.",
    "Say what you expect at each lag before you run it, and draw that into the same figure.",
)
