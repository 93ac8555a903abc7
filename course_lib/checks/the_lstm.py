"""The LSTM: its gates, its step, PyTorch's weights, and a switch by hand."""

from functools import partial

import torch
from numpy import stack, tanh, where

from course_lib.cells import LSTMCell
from course_lib.checks.by_hand import set_by_hand
from course_lib.checks.draw import every_and_long, normal, one_of, one_step, several, sizes, whole
from course_lib.checks.judge import problem, sigmoid


@problem(
    cases=one_step("fiog"),
    axes=("batch", "unit"),
    hints=(
        "Four pre-activations, each W x + U h + b with its own letter.",
        "Three of them are gates, in (0, 1); the candidate may be negative.",
        'f = sigmoid(x @ W["f"].T + h @ U["f"].T + b["f"]); i and o likewise; g with tanh.',
    ),
    planted=[
        (
            "the gates go through tanh like the candidate",
            'sigmoid(a["f"]), "i": sigmoid(a["i"]), "o": sigmoid(a["o"])',
            'tanh(a["f"]), "i": tanh(a["i"]), "o": tanh(a["o"])',
        ),
        (
            "i and f are swapped",
            '"f": sigmoid(a["f"]), "i": sigmoid(a["i"])',
            '"f": sigmoid(a["i"]), "i": sigmoid(a["f"])',
        ),
        (
            "i and o are swapped",
            '"i": sigmoid(a["i"]), "o": sigmoid(a["o"])',
            '"i": sigmoid(a["o"]), "o": sigmoid(a["i"])',
        ),
        (None, 'tanh(a["g"])', 'a["g"]'),
        (None, 'return {"f": sigmoid(a["f"])', 'return {"f": 1 - sigmoid(a["f"])'),
    ],
    mistakes={
        "the candidate goes through σ like a gate": ('tanh(a["g"])', 'sigmoid(a["g"])'),
        "the gates go through tanh like the candidate": ("sigmoid(a[k])", "tanh(a[k])"),
        "the squashing functions are left out": ("sigmoid(a[k])", "a[k]", 'tanh(a["g"])', 'a["g"]'),
        "i and f are swapped": ('{"f": f, "i": i', '{"f": i, "i": f'),
        "i and o are swapped": ('"i": i, "o": o', '"i": o, "o": i'),
        "the old state is left out": (" + h @ U[k].T", ""),
        "the biases are left out": (" + b[k]", ""),
        "all four share the bias of f": ("b[k]", 'b["f"]'),
        "all four share the U of f": ("U[k]", 'U["f"]'),
        "all four share the W of f": ("W[k]", 'W["f"]'),
        "U is transposed": ("U[k].T", "U[k]"),
    },
)
def gates_and_candidate(x, h, W, U, b):
    """{"f", "i", "o", "g"}: the gates σ(W x + U h + b) and the candidate tanh(W x + U h + b)."""
    a = {k: x @ W[k].T + h @ U[k].T + b[k] for k in "fiog"}
    f, i, o = (sigmoid(a[k]) for k in "fio")
    return {"f": f, "i": i, "o": o, "g": tanh(a["g"])}


@problem(
    cases=one_step("fiog", states=("h", "c")),
    axes=("batch", "unit"),
    hints=(
        "Six lines: f, i, o, g, then c', then h'.",
        "c' comes from the old c, f, i and g. h' comes from o and the new c.",
        'c = f * c + i * g, then h = o * tanh(c); return {"h": h, "c": c}.',
    ),
    planted=[
        (
            "i and o are swapped",
            'W["i"].T + h @ U["i"].T + b["i"]',
            'W["o"].T + h @ U["o"].T + b["o"]',
            'o = sigmoid(x @ W["o"].T + h @ U["o"].T + b["o"])',
            'o = sigmoid(x @ W["i"].T + h @ U["i"].T + b["i"])',
        ),
        ("the candidate goes through σ like a gate", "g = tanh", "g = sigmoid"),
        (
            "the memory is read before it is updated",
            "c = f * c + i * g\n    h = o * tanh(c)",
            "h = o * tanh(c)\n    c = f * c + i * g",
        ),
        ("the memory is read without tanh", "h = o * tanh(c)", "h = o * c"),
        ("the output gate is left out", "h = o * tanh(c)", "h = tanh(c)"),
        ("all four share the bias of f", 'b["i"])', 'b["f"])', 'b["o"])', 'b["f"])', 'b["g"])', 'b["f"])'),
        ("h and c are exchanged.", '{"h": h, "c": c}', '{"h": c, "c": h}'),
        ("Only h is returned, without its name.", 'return {"h": h, "c": c}', "return h"),
        (None, 'return {"h": h, "c": c}', "return h, c"),
        ("U is transposed", 'U["f"].T', 'U["f"]', 'U["i"].T', 'U["i"]', 'U["o"].T', 'U["o"]', 'U["g"].T', 'U["g"]'),
        (
            "the old state h is left out",
            'h @ U["i"].T',
            "0",
            'h @ U["f"].T',
            "0",
            'h @ U["o"].T',
            "0",
            'h @ U["g"].T',
            "0",
        ),
    ],
    mistakes={
        "i and f are swapped": ("f * c + i * g", "i * c + f * g"),
        "i and o are swapped": ('in "fio"', 'in "foi"'),
        "f and o are swapped": ('in "fio"', 'in "oif"'),
        "the candidate goes through σ like a gate": ('tanh(a["g"])', 'sigmoid(a["g"])'),
        "the gates go through tanh": ("sigmoid(a[k])", "tanh(a[k])"),
        "the memory is read before it is updated": ("o * tanh(new)", "o * tanh(c)"),
        "the memory is read without tanh": ("o * tanh(new)", "o * new"),
        "the output gate is left out": ("o * tanh(new)", "tanh(new)"),
        "the input gate is left out": ("i * g", "g"),
        "the forget gate is left out": ("f * c", "c"),
        "the two gates are tied, i = 1 - f": ("i * g", "(1 - f) * g"),
        "the old state h is left out": (" + h @ U[k].T", ""),
        "all four share the bias of f": ("b[k]", 'b["f"]'),
        "the biases are left out": (" + b[k]", ""),
        "U is transposed": ("U[k].T", "U[k]"),
        "the new memory is squashed by tanh twice": ("f * c + i * g", "tanh(f * c + i * g)"),
        "the gates see the cell state instead of the hidden state": ("h @ U[k].T", "c @ U[k].T"),
    },
)
def lstm_step(x, h, c, W, U, b):
    """{"h": h', "c": c'}: one step of the LSTM."""
    a = {k: x @ W[k].T + h @ U[k].T + b[k] for k in "fiog"}
    f, i, o = (sigmoid(a[k]) for k in "fio")
    g = tanh(a["g"])
    new = f * c + i * g
    return {"h": o * tanh(new), "c": new}


def unstacked(order, weight_ih, weight_hh, bias_ih, bias_hh):
    """The twelve tensors by name, from weights that are stacked in an order."""
    parts = zip(order, weight_ih.chunk(4), weight_hh.chunk(4), (bias_ih + bias_hh).chunk(4))
    return {f"{name}_{k}": one for k, *three in parts for name, one in zip("WUb", three)}


def stacked(generator):
    """A case with the weights of a torch.nn.LSTM, as it stacks them."""
    _, _, inputs, hidden = sizes(generator)
    return {
        "weight_ih": normal(generator, 4 * hidden, inputs),
        "weight_hh": normal(generator, 4 * hidden, hidden),
        "bias_ih": normal(generator, 4 * hidden),
        "bias_hh": normal(generator, 4 * hidden),
    }


@problem(
    cases=several(stacked),
    variant=lambda generator: {"order": one_of(generator, ("ogif", "gfio", "foig", "oigf", "gofi", "goif"))},
    default={"order": "ifgo"},
    solve=lambda order: partial(unstacked, order),
    axes=("row", "column"),
    hints=(
        "Four matrices lie on top of each other, in your own order.",
        "Each block is hidden rows high. chunk(4) cuts a tensor into four blocks.",
        "The two biases are always added, so b is their sum.",
    ),
    planted=[
        ("U is transposed", "U[k],", "U[k].T,"),
        (
            "W and U are transposed",
            'f"W_{letter}": W[k], f"U_{letter}": U[k]',
            'f"W_{letter}": W[k].T, f"U_{letter}": U[k].T',
        ),
        (None, '"ifgo"', '"ogfi"'),
    ],
    mistakes={
        "the order is taken as f, i, g, o": ("enumerate(order)", 'enumerate("figo")'),
        "the order is taken as i, f, o, g": ("enumerate(order)", 'enumerate("ifog")'),
        "the order is taken as f, i, o, g": ("enumerate(order)", 'enumerate("fiog")'),
        "the order is taken as i, g, f, o": ("enumerate(order)", 'enumerate("igfo")'),
        "the order is taken as i, o, f, g (Keras and others differ from PyTorch too)": (
            "enumerate(order)",
            'enumerate("iofg")',
        ),
        "only the first of the two biases is taken": ("bias_ih + bias_hh", "bias_ih"),
        "only the second of the two biases is taken": ("bias_ih + bias_hh", "bias_hh"),
        "the biases are averaged instead of added": ("bias_ih + bias_hh", "(bias_ih + bias_hh) / 2"),
        "the biases are subtracted": ("bias_ih + bias_hh", "bias_ih - bias_hh"),
        "W and U are transposed": ("weight_ih[rows]", "weight_ih[rows].T", "weight_hh[rows]", "weight_hh[rows].T"),
        "U is transposed": ("weight_hh[rows]", "weight_hh[rows].T"),
        "the rows are dealt out one by one (0, 4, 8, ...) instead of in blocks": (
            "slice(k * size, (k + 1) * size)",
            "slice(k, None, 4)",
        ),
    },
)
def from_torch(weight_ih, weight_hh, bias_ih, bias_hh, order):
    """{"W_f", "U_f", "b_f", "W_i", ...} from stacked weights; the order of torch.nn.LSTM is i, f, g, o."""
    size, found = weight_hh.shape[1], {}
    for k, letter in enumerate(order):
        rows = slice(k * size, (k + 1) * size)
        found[f"W_{letter}"], found[f"U_{letter}"] = weight_ih[rows], weight_hh[rows]
        found[f"b_{letter}"] = (bias_ih + bias_hh)[rows]
    return found


def switches(generator):
    """An instance: how many symbols there are, and which is the switch."""
    symbols = whole(generator, 3, 5)
    return {"symbol": whole(generator, 0, symbols - 1), "symbols": symbols}


@problem(
    cases=lambda generator, symbol, symbols: every_and_long(generator, torch.eye(symbols).tolist(), 8 - symbols),
    axes=("sequence", "step"),
    variant=switches,
    default={"symbol": 0, "symbols": 3},
    act=set_by_hand(LSTMCell, 3, read=lambda h: where(h > 0.25, 1, 0)),
    solve=lambda symbol, symbols: (
        lambda: {
            "W_f": [-20 * (k == symbol) for k in range(symbols)],
            "b_f": 10,
            "U_g": -10,
            "b_g": 3,
            "b_o": 10,
            "W_i": [20 * (k == symbol) for k in range(symbols)],
            "b_i": -10,
        }
    ),
    hints=(
        "Let c near +1 mean 1. At the symbol the cell must forget and write the opposite of what it showed; else keep.",
        "The opposite of what it showed: U_g about -10 makes g the reverse of h. f and i depend on the symbol alone.",
        "From c = 0 the first write must be +1: b_g about +3. Weights of 20 and biases of 10 make gates sharp.",
    ),
    planted=[
        (
            "every symbol toggles",
            '"W_f": [-20, 0, 0], "b_f": 10',
            '"W_f": [0, 0, 0], "b_f": -10',
            '"W_i": [20, 0, 0], "b_i": -10',
            '"W_i": [0, 0, 0], "b_i": 10',
        ),
        ("the bit is set once and never toggled back", '"U_g": -10, "b_g": 3', '"U_g": 0, "b_g": 3'),
        ("another symbol resets the bit", '"W_f": [-20, 0, 0], "b_f": 10', '"W_f": [20, 0, 0], "b_f": -10'),
        ("the bit is always 0", '[20, 0, 0], "b_i": -10', '[20, 0, 0], "b_i": -100'),
        (None, '"b_g": 3', '"b_g": -3'),
        ("the next symbol toggles", "[-20, 0, 0]", "[0, -20, 0]", "[20, 0, 0]", "[0, 20, 0]"),
        ("the symbol before it toggles", "[-20, 0, 0]", "[0, 0, -20]", "[20, 0, 0]", "[0, 0, 20]"),
        ("the bit is always 0", '"b_o": 10', '"b_o": -10'),
        ("another symbol resets the bit", '"b_f": 10', '"b_f": -30'),
        ("the bit is set once and never toggled back", '"U_g": -10', '"U_g": 10'),
        (
            "the other symbols toggle",
            '[20, 0, 0], "b_i": -10',
            '[-20, 0, 0], "b_i": 10',
            '"W_f": [-20, 0, 0], "b_f": 10',
            '"W_f": [20, 0, 0], "b_f": -10',
        ),
        (
            "the bit is always 1",
            '"W_f": [-20, 0, 0], "b_f": 10',
            '"W_f": [0, 0, 0], "b_f": -10',
            '"W_i": [20, 0, 0], "b_i": -10',
            '"W_i": [0, 0, 0], "b_i": 10',
            '"U_g": -10, "b_g": 3',
            '"U_g": 0, "b_g": 3',
        ),
        (
            "the bit only shows whether the symbol is there now",
            '"W_f": [-20, 0, 0], "b_f": 10',
            '"W_f": [0, 0, 0], "b_f": -10',
            '"W_i": [20, 0, 0], "b_i": -10',
            '"W_i": [0, 0, 0], "b_i": 10',
            '"U_g": -10, "b_g": 3',
            '"W_g": [40, 0, 0], "b_g": -20',
        ),
        (
            "the symbol clears the bit and the others set it",
            '"W_f": [-20, 0, 0], "b_f": 10',
            '"W_f": [0, 0, 0], "b_f": -10',
            '"W_i": [20, 0, 0], "b_i": -10',
            '"W_i": [0, 0, 0], "b_i": 10',
            '"U_g": -10, "b_g": 3',
            '"W_g": [-40, 0, 0], "b_g": 20',
        ),
    ],
    mistakes={
        "every symbol toggles": ("x[:, t, symbol] == 1", "bit == bit"),
        "the other symbols toggle": ("== 1", "== 0"),
        "the bit is set once and never toggled back": (", 1 - bit, bit)", ", 1, bit)"),
        "the bit only shows whether the symbol is there now": (", 1 - bit, bit)", ", 1, 0)"),
        "another symbol resets the bit": (", 1 - bit, bit)", ", 1 - bit, 0)"),
        "the bit starts at 1": ("bit, bits = 0 *", "bit, bits = 1 + 0 *"),
        "the bit is always 0": (", 1 - bit, bit)", ", 0, bit)"),
        "the bit is always 1": ("bits.append(bit)", "bits.append(1 + 0 * bit)"),
        "the bit changes one step too late": (
            "bits = 0 * x[:, 0, 0], []",
            "bits = 0 * x[:, 0, 0], [0 * x[:, 0, 0]]",
            "stack(bits, 1)",
            "stack(bits[:-1], 1)",
        ),
        "the symbol clears the bit and the others set it": (", 1 - bit, bit)", ", 0, 1)"),
        "the next symbol toggles": ("x[:, t, symbol]", "x[:, t, (symbol + 1) % symbols]"),
        "the symbol before it toggles": ("x[:, t, symbol]", "x[:, t, symbol - 1]"),
    },
)
def toggle(x, symbol, symbols):
    """1 after an odd number of the symbol, else 0, at every step, (sequence, step)."""
    bit, bits = 0 * x[:, 0, 0], []
    for t in range(x.shape[1]):
        bit = where(x[:, t, symbol] == 1, 1 - bit, bit)
        bits.append(bit)
    return stack(bits, 1)
