"""Reading memory: two ways to read, their slopes, and a memory that speaks only when asked."""

from itertools import permutations

import torch
from numpy import stack, tanh, where

from course_lib.cells import LSTMCell
from course_lib.checks.by_hand import level, set_by_hand
from course_lib.checks.draw import every_and_long, gates, normal, one_of, several, sizes
from course_lib.checks.judge import Essay, problem, sigmoid


def reading_case(generator):
    """A case with a memory, an output gate, and a hidden state made elsewhere."""
    batch, _, _, hidden = sizes(generator)
    return {
        "c": 2 * normal(generator, batch, hidden),
        "o": gates(generator, batch, hidden),
        "q": torch.tanh(normal(generator, batch, hidden)),
    }


@problem(
    cases=several(reading_case),
    axes=("batch", "unit"),
    hints=(
        "In each form one factor is a gate, in (0, 1), and the other carries a sign. Which factor is c in?",
        "The LSTM: the memory carries the sign, o is the gate. The page: q carries the sign, the memory is the gate.",
        "h' = o ⊙ tanh(c) and h' = q ⊙ σ(c).",
    ),
    planted=[
        (
            "LSTM and page are exchanged.",
            '{"LSTM": o * tanh(c), "page": q * sigmoid(c)}',
            '{"page": o * tanh(c), "LSTM": q * sigmoid(c)}',
        ),
        ("Only LSTM is returned, without its name.", '{"LSTM": o * tanh(c), "page": q * sigmoid(c)}', "o * tanh(c)"),
    ],
    mistakes={
        "tanh and σ have changed places": ("o * tanh(c)", "o * sigmoid(c)", "q * sigmoid(c)", "q * tanh(c)"),
        "o and q have changed places": ("o * tanh(c)", "q * tanh(c)", "q * sigmoid(c)", "o * sigmoid(c)"),
        "the LSTM reads without tanh": ("o * tanh(c)", "o * c"),
        "the page's cell reads without σ": ("q * sigmoid(c)", "q * c"),
        "the output gate is left out": ("o * tanh(c)", "tanh(c)"),
        "the page's h_int is left out": ("q * sigmoid(c)", "sigmoid(c)"),
        "the output gate is inside tanh": ("o * tanh(c)", "tanh(o * c)"),
        "q is inside σ": ("q * sigmoid(c)", "sigmoid(q * c)"),
        "the two factors of the LSTM are added": ("o * tanh(c)", "o + tanh(c)"),
        "the two factors of the page are added": ("q * sigmoid(c)", "q + sigmoid(c)"),
        "σ is applied to the output gate once more": ("o * tanh(c)", "sigmoid(o) * tanh(c)"),
        "tanh is applied to q once more": ("q * sigmoid(c)", "tanh(q) * sigmoid(c)"),
    },
)
def two_readings(c, o, q):
    """{"LSTM": o ⊙ tanh(c), "page": q ⊙ σ(c)}."""
    return {"LSTM": o * tanh(c), "page": q * sigmoid(c)}


@problem(
    cases=several(reading_case),
    axes=("batch", "unit"),
    hints=(
        "Differentiate with respect to c; o and q do not depend on it in this step.",
        "The slope of tanh is 1 - tanh², that of σ is σ (1 - σ).",
        "o ⊙ (1 - tanh²(c)) and q ⊙ σ(c) ⊙ (1 - σ(c)).",
    ),
    planted=[
        ("the slope of σ is 1 - σ²", "q * S * (1 - S)", "q * (1 - S**2)"),
        ("q is left out", "q * S * (1 - S)", "S * (1 - S)"),
        ("the slopes are left out", 'o * (1 - tanh(c) ** 2), "page": q * S * (1 - S)', 'o, "page": q'),
        ("σ is taken for its own slope", "S * (1 - S)", "S"),
        ("o and q have changed places", 'o * (1 - tanh(c) ** 2), "page": q', 'q * (1 - tanh(c) ** 2), "page": o'),
        (
            "LSTM and page are exchanged.",
            '"LSTM": o * (1 - tanh(c) ** 2), "page": q * S * (1 - S)',
            '"page": o * (1 - tanh(c) ** 2), "LSTM": q * S * (1 - S)',
        ),
        (None, "q * S * (1 - S)", "-q * S * (1 - S)"),
        (
            "the slopes of tanh and σ have changed places",
            'o * (1 - tanh(c) ** 2), "page": q * S * (1 - S)',
            'o * S * (1 - S), "page": q * (1 - tanh(c) ** 2)',
        ),
    ],
    mistakes={
        "the slope of tanh is 1 - tanh instead of 1 - tanh²": ("tanh(c) ** 2", "tanh(c)"),
        "the slope of σ is 1 - σ²": ("sigmoid(c) * (1 - sigmoid(c))", "(1 - sigmoid(c) ** 2)"),
        "the output gate is left out": ("o * (1 - tanh", "(1 - tanh"),
        "q is left out": ("q * sigmoid", "sigmoid"),
        "the slopes are left out": ("o * (1 - tanh(c) ** 2)", "o", "q * sigmoid(c) * (1 - sigmoid(c))", "q"),
        "tanh is taken for its own slope": ("(1 - tanh(c) ** 2)", "tanh(c)"),
        "σ is taken for its own slope": ("sigmoid(c) * (1 - sigmoid(c))", "sigmoid(c)"),
        "c is taken as already squashed": ("tanh(c) ** 2", "c**2", "sigmoid(c) * (1 - sigmoid(c))", "c * (1 - c)"),
        "o and q have changed places": ("o * (1", "q * (1", "q * sigmoid", "o * sigmoid"),
        "the slopes of tanh and σ have changed places": (
            "(1 - tanh(c) ** 2)",
            "sigmoid(c) * (1 - sigmoid(c))",
            "q * sigmoid(c) * (1 - sigmoid(c))",
            "q * (1 - tanh(c) ** 2)",
        ),
        "only the factor without c is differentiated": (
            "o * (1 - tanh(c) ** 2)",
            "tanh(c) * o * (1 - o)",
            "q * sigmoid(c) * (1 - sigmoid(c))",
            "sigmoid(c) * (1 - q**2)",
        ),
    },
)
def reading_slopes(c, o, q):
    """d h' / d c of both readings, unit by unit."""
    return {"LSTM": o * (1 - tanh(c) ** 2), "page": q * sigmoid(c) * (1 - sigmoid(c))}


ORDERS = list(permutations(("value", "store", "ask")))


def question_sequences(generator, columns):
    """Sequences of triples of a value, store and ask, in the order of columns."""
    symbols = [{"value": v, "store": s, "ask": a} for v in (-1.0, 1.0) for s in (0.0, 1.0) for a in (0.0, 1.0)]
    return every_and_long(generator, [[symbol[name] for name in columns] for symbol in symbols], 3)


@problem(
    cases=question_sequences,
    axes=("sequence", "step"),
    variant=lambda generator: {"columns": list(one_of(generator, ORDERS))},
    act=set_by_hand(LSTMCell, 3, read=level),
    solve=lambda columns: (
        lambda: {
            "W_f": [-20 * (name == "store") for name in columns],
            "b_f": 10,
            "b_i": -10,
            "b_o": -10,
            "W_i": [20 * (name == "store") for name in columns],
            "W_o": [20 * (name == "ask") for name in columns],
            "W_g": [5 * (name == "value") for name in columns],
        }
    ),
    hints=(
        "Three jobs, three gates: f and i listen to store, o listens to ask, g copies the value.",
        "At store: f near 0 and i near 1. Otherwise f near 1 and i near 0. o near 0 unless asked.",
        "Weights of ±20 with biases of ∓10 make a sharp gate. W_g about 5 on the value.",
    ),
    planted=[
        ("the cell speaks all the time", '"W_o": [0, 0, 20], "b_o": -10', '"W_o": [0, 0, 0], "b_o": 10'),
        ("the cell never speaks", '"b_o": -10', '"b_o": -50'),
        ("the cell speaks when it is not asked", '"W_o": [0, 0, 20], "b_o": -10', '"W_o": [0, 0, -20], "b_o": 10'),
        (
            "every value is stored",
            '"W_f": [-20, 0, 0], "b_f": 10',
            '"W_f": [0, 0, 0], "b_f": -10',
            '"W_i": [20, 0, 0], "b_i": -10',
            '"W_i": [0, 0, 0], "b_i": 10',
        ),
        (
            "nothing is ever stored but the value of the moment",
            '"W_f": [-20, 0, 0], "b_f": 10',
            '"W_f": [0, 0, 0], "b_f": -10',
        ),
        (
            "the store mark is the wrong way round",
            '"W_f": [-20, 0, 0], "b_f": 10',
            '"W_f": [20, 0, 0], "b_f": -10',
            '"W_i": [20, 0, 0], "b_i": -10',
            '"W_i": [-20, 0, 0], "b_i": 10',
        ),
        ("the answer has the wrong sign", "[0, 5, 0]", "[0, -5, 0]"),
        (
            "store and ask are exchanged",
            '"W_f": [-20, 0, 0]',
            '"W_f": [0, 0, -20]',
            '"W_i": [20, 0, 0]',
            '"W_i": [0, 0, 20]',
            '"W_o": [0, 0, 20]',
            '"W_o": [20, 0, 0]',
        ),
        ("it speaks at the step that stores", '"W_o": [0, 0, 20]', '"W_o": [20, 0, 0]'),
        ("nothing is ever stored but the value of the moment", '"W_f": [-20, 0, 0]', '"W_f": [-20, 0, -20]'),
        (None, "[0, 5, 0]", "[0, 0.3, 0]"),
        ("the cell never speaks", '"b_i": -10', '"b_i": -100'),
        (None, '"b_o": -10', '"b_o": 0'),
        (None, '"W_f": [-20, 0, 0]', '"W_f": [-20, 0, 20]'),
    ],
    mistakes={
        "the cell speaks all the time": ("where(ask == 1, kept, 0)", "kept"),
        "the cell never speaks": ("where(ask == 1, kept, 0)", "0 * kept"),
        "the cell speaks when it is not asked": ("ask == 1", "ask == 0"),
        "every value is stored": ("store == 1", "abs(value) == 1"),
        "nothing is ever stored but the value of the moment": ("store == 1, value, kept", "store == 1, value, 0"),
        "the store mark is the wrong way round": ("store == 1", "store == 0"),
        "the answer has the wrong sign": ("where(ask == 1, kept, 0)", "where(ask == 1, -kept, 0)"),
        "the first value is kept for ever": ("store == 1", "(store == 1) & (kept == 0)"),
        "store and ask are exchanged": (
            "where(store == 1",
            "where(ask == 1",
            "append(where(ask == 1",
            "append(where(store == 1",
        ),
        "it speaks at the step that stores": ("append(where(ask == 1", "append(where(store == 1"),
        "being asked clears the memory": (
            "states.append(where(ask == 1, kept, 0))",
            "states.append(where(ask == 1, kept, 0))\n        kept = where(ask == 1, 0, kept)",
        ),
        "the answer to a question in the storing step is the old value": (
            "states.append(where(ask == 1, kept, 0))",
            "states.append(where(ask == 1, old, 0))",
            "kept = where(",
            "old, kept = kept, where(",
        ),
    },
)
def silent_memory(x, columns):
    """The last stored value at steps that ask, 0 at all others, (sequence, step)."""
    kept, states = 0 * x[:, 0, 0], []
    for t in range(x.shape[1]):
        value, store, ask = (x[:, t, columns.index(name)] for name in ("value", "store", "ask"))
        kept = where(store == 1, value, kept)
        states.append(where(ask == 1, kept, 0))
    return stack(states, 1)


second_project = Essay(
    "Which gate do you take away, and what takes its place: 1, one half, or another gate?",
    "A gate that is gone changes the start as well: give both cells the same memory at the first update.",
    "Look inside with unroll: does the part that is left do the work of the part that is gone?",
)
