"""The GRU and after: its step, two steps in one, the parallel scan, and minGRU as a scan."""

from functools import partial
from itertools import combinations

import torch
from numpy import stack, tanh

from course_lib.bare import bare
from course_lib.checks.compare import Unreadable
from course_lib.checks.draw import HORIZON, drawn_for, normal, one_of, one_step, several, sizes, whole
from course_lib.checks.judge import Essay, problem, sigmoid


def gru_case(generator):
    """A case of one step of the GRU."""
    case = one_step("rzn")(generator)[0]
    return {**case, "b_u": normal(generator, case["h"].shape[1])}


@problem(
    cases=several(gru_case),
    axes=("batch", "unit"),
    hints=(
        "Three lines: the two gates, the candidate, the mixture.",
        "In PyTorch's form the reset gate multiplies the finished product U_n h + b_u, inside tanh.",
        "z near 1 keeps: h' = z ⊙ h + (1 - z) ⊙ n.",
    ),
    planted=[
        (None, "return z * h + (1 - z) * n", 'return {"h": z * h + (1 - z) * n}'),
    ],
    mistakes={
        "z is the wrong way round: near 1 it replaces": ("z * h + (1 - z) * n", "(1 - z) * h + z * n"),
        "r acts before the product, as published by Cho": ('r * (h @ U["n"].T + b_u)', '(r * h) @ U["n"].T + b_u'),
        "r and z are swapped": ("z * h + (1 - z) * n", "r * h + (1 - r) * n", "r * (h", "z * (h"),
        "the reset gate is left out": ("r * (h", "(h"),
        "the inner bias b_u is outside the reset gate": ('r * (h @ U["n"].T + b_u)', 'r * (h @ U["n"].T) + b_u'),
        "the inner bias b_u is left out": (" + b_u", ""),
        "the reset gate multiplies W x too": (
            'x @ W["n"].T + b["n"] + r * (h @ U["n"].T + b_u)',
            'r * (x @ W["n"].T + b["n"] + h @ U["n"].T + b_u)',
        ),
        "the candidate is not squashed by tanh": ("n = tanh(", "n = ("),
        "the candidate goes through σ like a gate": ("n = tanh(", "n = sigmoid("),
        "the old state is not gated": ("z * h +", "h +"),
        "the candidate is not gated": ("(1 - z) * n", "n"),
        "the candidate does not see h": ('r * (h @ U["n"].T + b_u)', "r * b_u"),
    },
)
def gru_step(x, h, W, U, b, b_u):
    """h' of the GRU in PyTorch's form, (batch, hidden)."""
    r, z = (sigmoid(x @ W[k].T + h @ U[k].T + b[k]) for k in "rz")
    n = tanh(x @ W["n"].T + b["n"] + r * (h @ U["n"].T + b_u))
    return z * h + (1 - z) * n


@problem(
    cases=several(lambda generator: {name: normal(generator, 3) for name in ("a1", "b1", "a2", "b2")}),
    axes=("unit",),
    hints=(
        "Put x_1 = a1 x_0 + b1 into x_2 = a2 x_1 + b2 and multiply out.",
        "x_2 = a2 a1 x_0 + a2 b1 + b2.",
        "a is what stands before x_0; b is the rest.",
    ),
    planted=[
        ("the two a are added", "a2 * a1", "a2 + a1"),
        ("only the earlier a is kept", "a2 * a1", "a1"),
        ("only the later a is kept", "a2 * a1", "a2"),
        ("a and b are exchanged.", '{"a": a2 * a1, "b": a2 * b1 + b2}', '{"b": a2 * a1, "a": a2 * b1 + b2}'),
        (None, "a2 * b1 + b2", "a2 * b1 - b2"),
    ],
    mistakes={
        "the earlier b is not carried through the later a": ("a2 * b1 + b2", "b1 + b2"),
        "the two steps are in the wrong order": ("a2 * b1 + b2", "a1 * b2 + b1"),
        "the earlier b is carried through its own a": ("a2 * b1", "a1 * b1"),
        "the later b is left out": ("a2 * b1 + b2", "a2 * b1"),
        "the earlier b is left out": ("a2 * b1 + b2", "b2"),
        "the two a are added": ("a1 * a2", "a1 + a2"),
        "the later b is multiplied by a too": ("a2 * b1 + b2", "a2 * (b1 + b2)"),
        "only the earlier a is kept": ("a1 * a2", "a1"),
        "only the later a is kept": ("a1 * a2", "a2"),
        "the two b are multiplied": ("a2 * b1 + b2", "a2 * b1 * b2"),
    },
)
def two_steps_in_one(a1, b1, a2, b2):
    """{"a", "b"} of the one step x_2 = a x_0 + b that does step 1, then step 2."""
    return {"a": a1 * a2, "b": a2 * b1 + b2}


def scan_case(generator):
    """A case with the coefficients of a linear recurrence."""
    batch, _, _, hidden = sizes(generator)
    shape = batch, whole(generator, 2, 9), hidden
    return {"a": normal(generator, *shape), "b": normal(generator, *shape)}


def long_scan_case(generator):
    """A case with as many steps as the horizon, whose product of all a is too small for any number; some a are 0."""
    shape = 2, HORIZON, 2
    a = torch.tanh(normal(generator, *shape))
    a[0, 1 + whole(generator, 0, HORIZON - 40) :: 37] = 0
    return {"a": a, "b": normal(generator, *shape)}


@problem(
    cases=several(scan_case, long_scan_case),
    axes=("batch", "time", "unit"),
    variant=lambda generator: {"start": one_of(generator, (-3.0, -2.0, -1.0, 0.5, 2.0, 3.0))},
    default={"start": 0.0},
    solve=lambda start: partial(one_by_one, start),
    hints=(
        "start goes into the first b. Combine neighbours as in the problem before, then 2 apart, then 4 apart.",
        "After a round with distance d, entry t holds the combination of steps t - 2d + 1 to t.",
        "Shift by d with zeros for b and ones for a: b = a * shifted b + b, then a = a * shifted a; d = 1, 2, 4, ...",
    ),
    planted=[
        ("b is left out after the first step", "    distance = 1", "    b = b.clone(); b[:, 1:] = 0\n    distance = 1"),
        ("a is left out: the b are only added up", "    distance = 1", "    return b.cumsum(1)\n    distance = 1"),
        ("the state is left out: every step is b alone", "while distance < b.shape[1]", "while False"),
        ("b passes its own a", "    distance = 1", "    b = a * b\n    distance = 1"),
        ("a and b are exchanged", "    distance = 1", "    a, b = b, a\n    distance = 1"),
        ("time is read backwards", "    distance = 1", "    a, b = a.flip(1), b.flip(1)\n    distance = 1"),
        ("the scan reaches only one step back", "while distance < b.shape[1]", "while distance < 2"),
        (
            "the scan reaches only three steps back: the last doublings are missing",
            "while distance < b.shape[1]",
            "while distance < 4",
        ),
        (
            "the states are one step late: x_0 stands first",
            "    return b",
            "    return torch.cat([0 * b[:, :1], b[:, :-1]], dim=1)",
        ),
        ("Time runs backwards: the last step comes first.", "    return b", "    return b.flip(1)"),
        (
            "the a of the step before is used",
            "    distance = 1",
            "    a = torch.cat([a[:, :1], a[:, :-1]], dim=1)\n    distance = 1",
        ),
        (None, "    return b", "    return a"),
        ("a is left out: the b are only added up", "a * before_b + b", "before_b + b"),
        ("x_0 is 1", "    distance = 1", "    b = b.clone(); b[:, 0] += a[:, 0]\n    distance = 1"),
    ],
    mistakes={
        "b is left out after the first step": ("a[:, t] * x + b[:, t]", "a[:, t] * x + b[:, t] * (t == 0)"),
        "a is left out: the b are only added up": ("a[:, t] * x", "x"),
        "the state is left out: every step is b alone": ("a[:, t] * x + b[:, t]", "0 * x + b[:, t]"),
        "the a of the step before is used": ("a[:, t]", "a[:, max(t - 1, 0)]"),
        "b passes its own a": ("a[:, t] * x + b[:, t]", "a[:, t] * (x + b[:, t])"),
        "a and b are exchanged": ("a[:, t] * x + b[:, t]", "b[:, t] * x + a[:, t]"),
        "x_0 is 1": ("x = start + 0 * b[:, 0]", "x = 1 + 0 * b[:, 0]"),
        "time is read backwards": ("a[:, t] * x + b[:, t]", "a[:, -1 - t] * x + b[:, -1 - t]"),
        "the state is subtracted": ("a[:, t] * x + b[:, t]", "b[:, t] - a[:, t] * x"),
        "the states are one step late: x_0 stands first": (
            "states = []",
            "states = [x]",
            "stack(states",
            "stack(states[:-1]",
        ),
        "the scan reaches only one step back": ("a[:, t] * x + b[:, t]", "a[:, t] * b[:, t - 1] * (t > 0) + b[:, t]"),
        "the scan reaches only three steps back: the last doublings are missing": (
            "a[:, t] * x + b[:, t]",
            "sum(np.prod(a[:, s + 1 : t + 1], 1) * b[:, s] for s in range(max(t - 3, 0), t + 1))",
        ),
    },
)
def parallel_scan(a, b, start):
    """x_t = a_t ⊙ x_{t-1} + b_t from x_0 = start, for every t, (batch, time, hidden)."""
    x = start + 0 * b[:, 0]
    states = []
    for t in range(b.shape[1]):
        x = a[:, t] * x + b[:, t]
        states.append(x)
    return stack(states, 1)


def one_by_one(start, a, b):
    """The states of the recurrence, step by step."""
    states = [start + 0 * b[:, 0]]
    for t in range(b.shape[1]):
        states.append(a[:, t] * states[-1] + b[:, t])
    return torch.stack(states[1:], 1)


def mingru_case(generator):
    """A case with observations and the weights of minGRU."""
    batch, _, inputs, hidden = sizes(generator)
    x = normal(generator, batch, whole(generator, 2, 5), inputs)
    W, b = ({k: normal(generator, *shape) for k in "zn"} for shape in ((hidden, inputs), (hidden,)))
    return {"x": x, "W": W, "b": b}


@problem(
    cases=several(mingru_case),
    axes=("batch", "time", "unit"),
    hints=(
        "Compare h' = z ⊙ h + (1 - z) ⊙ n with x' = a ⊙ x + b. What stands before the old state?",
        "a = z and b = (1 - z) ⊙ n; both come from the observations alone, for all steps at once.",
        'z = sigmoid(x @ W["z"].T + b["z"]) works on (batch, time, input) as it stands.',
    ),
    planted=[
        ("a and b are exchanged.", '{"a": z, "b": (1 - z) * n}', '{"b": z, "a": (1 - z) * n}'),
        (None, '{"a": z, "b": (1 - z) * n}', "z, (1 - z) * n"),
    ],
    mistakes={
        "z is the wrong way round: near 1 it replaces": ('"a": z, "b": (1 - z) * n', '"a": 1 - z, "b": z * n'),
        "the candidate is not gated": ("(1 - z) * n", "n"),
        "the candidate gets the gate that keeps": ("(1 - z) * n", "z * n"),
        "a is what is written, 1 - z": ('"a": z', '"a": 1 - z'),
        "the gate is left without σ": ('sigmoid(x @ W["z"].T + b["z"])', 'x @ W["z"].T + b["z"]'),
        "the candidate is squashed by tanh": ('n = x @ W["n"].T + b["n"]', 'n = tanh(x @ W["n"].T + b["n"])'),
        "the gate goes through tanh": ("z = sigmoid(", "z = tanh("),
        "the biases are left out": (' + b["z"]', "", ' + b["n"]', ""),
        "gate and candidate are exchanged": (
            'W["z"].T + b["z"]',
            'W["n"].T + b["n"]',
            'n = x @ W["n"].T + b["n"]',
            'n = x @ W["z"].T + b["z"]',
        ),
        "a is 1: nothing is ever forgotten": ('"a": z', '"a": 1 + 0 * z'),
    },
)
def mingru_as_scan(x, W, b):
    """{"a", "b"} of minGRU written as h_t = a_t ⊙ h_{t-1} + b_t, each (batch, time, hidden)."""
    z = sigmoid(x @ W["z"].T + b["z"])
    n = x @ W["n"].T + b["n"]
    return {"a": z, "b": (1 - z) * n}


CLAIMS = {  # as they stand in textbooks and reviews: the measurement that could refute each
    "the reset gate is what makes the GRU learn": "train the gru with r fixed at 1",
    "gates must see the old state": "train a cell whose gates see x alone",
    "a forget gate near 1 makes gradients vanish more slowly": "measure the gradient over the lag at several biases",
    "the lstm learns long lags because it has more weights": "give the rnn as many weights as the lstm",
    "the hidden units of a trained lstm store single bits": "clamp one unit at a time and measure the loss",
}


def in_order(seed):
    """{number of the claim: letter of its measurement} of an instance."""
    order = torch.randperm(len(CLAIMS), generator=drawn_for("claims", str(seed))).tolist()
    return {str(k + 1): "ABCDE"[order.index(k)] for k in range(len(CLAIMS))}


def claims_and_measurements(seed):
    """What the learner reads: the claims by number and the measurements by letter."""
    order, measured = in_order(seed), list(CLAIMS.values())
    by_letter = {order[str(k + 1)]: measured[k] for k in range(len(CLAIMS))}
    return {str(k + 1): claim for k, claim in enumerate(CLAIMS)} | dict(sorted(by_letter.items()))


def matched(answer, case):
    """{claim: letter} of an answer, whatever the keys and letters are written like."""
    found = {str(number).strip(): str(letter).strip().upper() for number, letter in dict(bare(answer())).items()}
    if sorted(found) != list("12345") or not set(found.values()) <= set("ABCDE"):
        raise Unreadable(f"needs a letter from A to E for each of 1 to 5; got {found}")
    return found


def moved(found, one, other):
    """The same matches, with those of two claims exchanged."""
    return found | {one: found[other], other: found[one]}


@problem(
    cases=lambda generator, seed: [{}],
    variant=lambda generator: {"seed": whole(generator, 0, 10**6)},
    default={"seed": 0},
    key=lambda given: in_order(given["seed"]),
    show=claims_and_measurements,
    act=matched,
    form='a dict of five letters, {"1": "B", ...}',
    solve=lambda seed: lambda: in_order(seed),
    hints=(
        "For each claim ask: what would I see if it were false? Only one measurement could show that.",
        "A claim about a part is refuted by taking that part away, one about size by making sizes equal.",
        "One claim is about what is stored, and needs an intervention; one is about gradients, and needs no training.",
    ),
    planted=[
        (
            f"the measurements of claims {one} and {other} are exchanged",
            f'"{one}":',
            "X",
            f'"{other}":',
            f'"{one}":',
            "X",
            f'"{other}":',
        )
        for one, other in combinations("12345", 2)
    ],
    mistakes={
        f"the measurements of claims {one} and {other} are exchanged": (
            "return found",
            f"return moved(found, {one!r}, {other!r})",
        )
        for one, other in combinations("12345", 2)
    },
)
def what_would_refute(seed):
    """{claim: letter of the measurement that could refute it}."""
    found = in_order(seed)
    return found


textbook_experiment = Essay(
    "Which word of the sentence can be measured? A path where the gradient can flow has a length and a size.",
    "What does the sentence leave out: who sets the factor on the path, and what comes back through h?",
    "Name a cell with the self-loop, a start at which its path should carry a gradient, and what would refute that.",
)
