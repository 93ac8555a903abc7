"""The checks of the exercises: `checks.lstm_step(lstm_step)` says what is right, what is not, and which mistake it is.

One problem is one function, the slow and plain reference that an answer is compared with. Weights are given by the
letter of their gate: W["f"] (hidden, input), U["f"] (hidden, hidden), b["f"] (hidden,), as in `cells`.

A new exercise: write its reference here, its cells in solutions/, wrong answers to it in tests/planted.py, and run
`make exercises`. How an answer is judged is in `mistakes`.
"""

from itertools import permutations

import numpy as np
import torch
from numpy import exp, eye, log, log10, maximum, mean, sign, stack, tanh, where

from course_lib import mistakes
from course_lib.cells import JANETCell, LSTMCell, RNNCell
from course_lib.initialise import by_hand, named_weights
from course_lib.mistakes import Problem, Unreadable, plain, problem, several
from course_lib.unroll import unroll


def sigmoid(a):
    """The logistic sigmoid 1 / (1 + exp(-a))."""
    return 1 / (1 + exp(-a))


# ---- Hints and instances ----

asked = {}  # how many hints of each problem have been shown


def hint(name):
    """Print the next hint of a problem; after the last one it starts again. ValueError for an unknown name."""
    hints = find(name).hints
    k = asked.get(name, 0) % len(hints)
    asked[name] = k + 1
    print(f"{name}, hint {k + 1} of {len(hints)}: {hints[k]}")


def given(name):
    """The constants {name: value} of your own instance. ValueError for an unknown name and for a mystery."""
    if find(name) is which_clamp:
        raise ValueError("which_clamp keeps its instance to itself; mystery_cell() shows what it did")
    return find(name).given(mistakes.TOKEN)


def find(name):
    """The Problem of that name; ValueError with the choices for another."""
    if name not in PROBLEMS:
        raise ValueError(f"checks has no problem {name!r}; choices: {', '.join(PROBLEMS)}")
    return PROBLEMS[name]


# ---- What cases are drawn from ----


def whole(generator, low, high):
    """A whole number from low to high."""
    return int(torch.randint(low, high + 1, (), generator=generator))


def uniform(generator, low, high):
    """A number between low and high."""
    return low + (high - low) * torch.rand((), generator=generator).item()


def one_of(generator, choices):
    """One of choices, each equally likely."""
    return choices[whole(generator, 0, len(choices) - 1)]


def normal(generator, *shape):
    """A tensor of independent standard normal numbers."""
    return torch.randn(*shape, generator=generator)


def gates(generator, *shape):
    """Values in (0, 1)."""
    return torch.sigmoid(normal(generator, *shape))


def sizes(generator):
    """batch, steps, inputs, hidden: small and often different."""
    return (whole(generator, 1, 3), whole(generator, 1, 5), whole(generator, 1, 3), whole(generator, 2, 4))


def weights(generator, inputs, hidden, letters):
    """{"W": {letter: ...}, "U": ..., "b": ...}; without letters, one tensor each."""
    shapes = {"W": (hidden, inputs), "U": (hidden, hidden), "b": (hidden,)}
    if not letters:
        return {name: normal(generator, *shape) for name, shape in shapes.items()}
    return {name: {k: normal(generator, *shape) for k in letters} for name, shape in shapes.items()}


def one_step(letters, *, states=("h",)):
    """Cases of one step: x, the old states, and weights for the letters."""

    def draw(generator):
        batch, _, inputs, hidden = sizes(generator)
        old = {name: torch.tanh(normal(generator, batch, hidden)) for name in states}
        return {"x": normal(generator, batch, inputs), **old, **weights(generator, inputs, hidden, letters)}

    return several(draw)


def every_sequence(symbols, longest):
    """All sequences over symbols, of every length up to longest: one case {"x": ...} for each length."""
    symbols = torch.tensor(symbols)
    places = torch.arange(len(symbols))
    return [
        {"x": symbols[torch.cartesian_prod(*[places] * steps).reshape(-1, steps)]} for steps in range(1, longest + 1)
    ]


# ---- Weights that were set by hand ----


def set_by_hand(cell_class, input_size, *, read, state="h"):
    """act for a problem whose answer is {"W_f": ..., "U_f": ..., "b_f": ...}: run the cell, one unit, over x."""

    def act(answer, case):
        x = case["x"] if case["x"].dim() == 3 else case["x"][..., None]
        cell = cell_class(input_size, 1)
        known, found = named_weights(cell), plain(answer())
        for name in known.keys() & found.keys():
            if found[name].size == known[name].numel():  # one unit: a row may be given flat
                found[name] = found[name].reshape(known[name].shape)
        try:
            by_hand(cell, **found)
        except ValueError as error:
            raise Unreadable(f"cannot use these weights: {error}") from None
        with torch.no_grad():
            return read(unroll(cell, x)[state][..., 0].numpy().astype(float))

    return act


def level(h):
    """1 above 0.5, -1 below -0.5, 0 within ±0.05; anything between is left as it is, and so is wrong."""
    return where(abs(h) > 0.5, sign(h), where(abs(h) < 0.05, 0, h))


def nearest(c):
    """The nearest whole number where c is within 0.1 of it; anything else is left as it is."""
    return where(abs(c - np.round(c)) < 0.1, np.round(c), c)


# ---- 01 Recurrence ----


@problem(
    cases=one_step(""),
    axes=("batch", "unit"),
    mistakes={
        "tanh is missing": ("tanh(x @ W.T + h @ U.T + b)", "x @ W.T + h @ U.T + b"),
        "σ stands where tanh should": ("tanh(", "sigmoid("),
        "the old state is left out": (" + h @ U.T", ""),
        "the observation is left out": ("x @ W.T + ", ""),
        "the bias is left out": (" + b", ""),
        "the bias is subtracted": ("+ b", "- b"),
        "the bias is added after tanh": (" + b)", ") + b"),
        "U is transposed": ("h @ U.T", "h @ U"),
        "the products of W and U are subtracted": ("+ h @ U.T", "- h @ U.T"),
        "the old state is added after tanh": ("tanh(x @ W.T + h @ U.T + b)", "h + tanh(x @ W.T + h @ U.T + b)"),
    },
    hints=(
        "There are three terms inside tanh: one from x, one from h, one constant.",
        "x is (batch, input) and W is (hidden, input): which product of the two is (batch, hidden)?",
        "x @ W.T is W x for every sequence of the batch.",
    ),
)
def rnn_step(x, h, W, U, b):
    """h' = tanh(W x + U h + b), (batch, hidden)."""
    return tanh(x @ W.T + h @ U.T + b)


def series(generator):
    """A case with a short series x, a first state h, and the weights of an RNN."""
    batch, _, inputs, hidden = sizes(generator)
    x = normal(generator, batch, whole(generator, 2, 5), inputs)
    return {"x": x, "h": torch.tanh(normal(generator, batch, hidden)), **weights(generator, inputs, hidden, "")}


@problem(
    cases=several(series),
    axes=("batch", "time", "unit"),
    mistakes={
        "the state never advances: every step starts from the first h": ("h = tanh", "new = tanh", "d(h)", "d(new)"),
        "every step sees the first observation": ("x[:, t]", "x[:, 0]"),
        "the given h is ignored and the start is zeros": ("states = []", "states, h = [], 0 * h"),
        "the old state does not enter the new one": (" + h @ U.T", ""),
        "the observations are read backwards": ("x[:, t]", "x[:, -1 - t]"),
        "the state is stored before it is updated": (
            "states = []",
            "states = [h]",
            "stack(states",
            "stack(states[:-1]",
        ),
        "the first h is stored as well": ("states = []", "states = [h]"),
        "the last state fills every step": ("stack(states, 1)", "stack([h] * len(states), 1)"),
        "time is the first axis of the result": ("stack(states, 1)", "stack(states, 0)"),
        "the last observation is never read": ("range(x.shape[1])", "range(x.shape[1] - 1)"),
        "tanh is missing": ("tanh(x[:, t] @ W.T + h @ U.T + b)", "x[:, t] @ W.T + h @ U.T + b"),
    },
    hints=(
        "Print h after each step. Which h does step 2 start from?",
        "The result of a step has to become the h of the next step.",
        "Assign the new state to h inside the loop, then append h.",
    ),
)
def run_through_time(x, h, W, U, b):
    """Every state h_1 to h_T, (batch, time, hidden)."""
    states = []
    for t in range(x.shape[1]):
        h = tanh(x[:, t] @ W.T + h @ U.T + b)
        states.append(h)
    return stack(states, 1)


@problem(
    cases=several(lambda generator: {"x": normal(generator, whole(generator, 3, 9), whole(generator, 2, 4))}),
    mistakes={
        "the differences are not squared": ("(x[1:] - x[:-1]) ** 2", "x[1:] - x[:-1]"),
        "the differences are taken without sign instead of squared": ("(x[1:] - x[:-1]) ** 2", "abs(x[1:] - x[:-1])"),
        "the squares are added up instead of averaged": ("mean(", "np.sum("),
        "the root of the mean is taken": ("** 2)", "** 2) ** 0.5"),
        "the forecast is the mean of the series": ("x[:-1]", "mean(x, 0)"),
        "the forecast is two steps old": ("x[1:]", "x[2:]", "x[:-1]", "x[:-2]"),
        "the forecast is zero": ("x[1:] - x[:-1]", "x[1:]"),
        "the channels are compared instead of the steps": ("x[1:] - x[:-1]", "x[:, 1:] - x[:, :-1]"),
        "the sum is divided by all steps, also the first": ("mean((", "np.sum((", "** 2)", "** 2) / x.size"),
        "only the last step is judged": ("x[1:]", "x[-1:]", "x[:-1]", "x[-2:-1]"),
    },
    hints=(
        "Persistence says: the next observation equals this one.",
        "x[1:] is what came next; x[:-1] is what was seen.",
        "Square, then take the mean over steps and channels.",
    ),
)
def persistence_loss(x):
    """The mean squared error of the forecast x_{t+1} = x_t, over all steps and channels of x (time, channel)."""
    return mean((x[1:] - x[:-1]) ** 2)


def sum_of_numbers(generator):
    """A case with a range and a count."""
    low = uniform(generator, -2, 1)
    return {"low": low, "high": low + uniform(generator, 1.5, 4), "count": whole(generator, 2, 6)}


@problem(
    cases=several(sum_of_numbers),
    mistakes={
        "a uniform number has variance 1/12 whatever its range": ("(high - low) ** 2", "1"),
        "the range is not squared": ("(high - low) ** 2", "(high - low)"),
        "only one of the numbers counts": ("count * ", ""),
        "the variance grows with the square of the count": ("count *", "count**2 *"),
        "the standard deviation is given": (
            "count * (high - low) ** 2 / 12",
            "(count * (high - low) ** 2 / 12) ** 0.5",
        ),
        "the range is divided by 6": ("/ 12", "/ 6"),
        "the guess is zero instead of the mean": (
            "count * (high - low) ** 2 / 12",
            "count * (high - low) ** 2 / 12 + (count * (low + high) / 2) ** 2",
        ),
        "the mean of the sum is given": ("count * (high - low) ** 2 / 12", "count * (low + high) / 2"),
        "the numbers are averaged instead of added": (
            "count * (high - low) ** 2 / 12",
            "(high - low) ** 2 / 12 / count",
        ),
        "low and high are added": ("high - low", "high + low"),
    },
    hints=(
        "The best constant guess of a quantity is its mean. What is then the mean squared error called?",
        "Variances of independent numbers add up.",
        "The variance of a number uniform in [low, high] is (high - low)² / 12.",
    ),
)
def adding_baseline(low, high, count):
    """The loss of the best constant guess of the sum of count numbers, each uniform in [low, high]."""
    return count * (high - low) ** 2 / 12


# ---- 02 Where memory goes ----


def new_state(generator):
    """A case with a state after tanh and a recurrent matrix."""
    batch, _, _, hidden = sizes(generator)
    return {"h_new": torch.tanh(normal(generator, batch, hidden)), "U": normal(generator, hidden, hidden)}


@problem(
    cases=several(new_state),
    axes=("batch", "unit of h'", "unit of h"),
    mistakes={
        "the slope of tanh is left out": ("(1 - h_new[:, :, None] ** 2) * U", "0 * h_new[:, :, None] + U"),
        "the slope multiplies the columns of U instead of its rows": ("[:, :, None]", "[:, None, :]"),
        "the slope is 1 - h' instead of 1 - h'²": (" ** 2", ""),
        "the slope is that of σ, h' (1 - h')": (
            "(1 - h_new[:, :, None] ** 2)",
            "h_new[:, :, None] * (1 - h_new[:, :, None])",
        ),
        "the slope is (1 - h')²": ("(1 - h_new[:, :, None] ** 2)", "(1 - h_new[:, :, None]) ** 2"),
        "the slope is 1 + h'²": ("1 - h_new", "1 + h_new"),
        "U is transposed": ("* U", "* U.T"),
        "tanh is applied to h' once more": ("(1 - h_new[:, :, None] ** 2)", "(1 - tanh(h_new[:, :, None]) ** 2)"),
        "the slope alone is returned, as a diagonal": ("* U", "* eye(len(U))"),
        "the identity is added": ("* U", "* U + eye(len(U))"),
    },
    hints=(
        "Write unit k of h' alone: tanh(Σ_j U[k, j] h[j] + ...). Differentiate it by h[j].",
        "The slope of tanh at its output y is 1 - y².",
        "Row k of U is multiplied by the slope of unit k: give the slope a new last axis.",
    ),
)
def rnn_jacobian(h_new, U):
    """d h' / d h of h' = tanh(W x + U h + b), (batch, hidden, hidden): entry [k, j] is d h'_k / d h_j."""
    return (1 - h_new[:, :, None] ** 2) * U


def many_states(generator):
    """A case with a series of states after tanh and a recurrent matrix."""
    batch, _, _, hidden = sizes(generator)
    steps = whole(generator, 2, 5)
    return {"states": torch.tanh(normal(generator, batch, steps, hidden)), "U": normal(generator, hidden, hidden)}


@problem(
    cases=several(many_states),
    axes=("batch", "unit of h_T", "unit of h_0"),
    mistakes={
        "the steps are multiplied in the wrong order": (
            "(1 - states[:, t, :, None] ** 2) * (U @ total)",
            "total @ ((1 - states[:, t, :, None] ** 2) * U)",
        ),
        "the first step is left out": ("range(states.shape[1])", "range(1, states.shape[1])"),
        "the last step is left out": ("range(states.shape[1])", "range(states.shape[1] - 1)"),
        "only the last step counts": ("range(states.shape[1])", "[states.shape[1] - 1]"),
        "the slope of tanh is left out": ("(1 - states[:, t, :, None] ** 2)", "(1 + 0 * states[:, t, :, None])"),
        "U is transposed": ("U @ total", "U.T @ total"),
        "the Jacobians are added instead of multiplied": (
            "(1 - states[:, t, :, None] ** 2) * (U @ total)",
            "total + (1 - states[:, t, :, None] ** 2) * U",
            "total = eye(len(U))",
            "total = 0 * eye(len(U))",
        ),
        "the Jacobians are multiplied component by component": ("(U @ total)", "U * total", "eye(len(U))", "1.0"),
        "the slope multiplies the columns instead of the rows": (
            "(1 - states[:, t, :, None] ** 2) * (U @ total)",
            "((1 - states[:, t, None, :] ** 2) * U) @ total",
        ),
        "the first state is used at every step": ("states[:, t,", "states[:, 0,"),
    },
    hints=(
        "By the chain rule d h_T / d h_0 is a product of one Jacobian per step.",
        "The Jacobian of the last step stands on the left.",
        "Start from the identity and, from the first step to the last, multiply each Jacobian from the left.",
    ),
)
def gradient_to_the_start(states, U):
    """d h_T / d h_0, (batch, hidden, hidden), from the states h_1 to h_T (batch, time, hidden)."""
    total = eye(len(U))
    for t in range(states.shape[1]):
        total = (1 - states[:, t, :, None] ** 2) * (U @ total)
    return total


def with_target(generator):
    """A case as series, with a target y for the last state."""
    case = series(generator)
    return {**case, "y": normal(generator, *case["h"].shape)}


def loss_and_slopes(answer, case):
    """The answer's loss, and its derivatives by U and by the first state."""
    case = {name: value.clone().requires_grad_(name in ("h", "U")) for name, value in case.items()}
    loss = answer(*case.values())
    if type(loss) is not torch.Tensor or loss.dim() or not loss.requires_grad:
        return {"loss": loss, "dL/dU": torch.zeros_like(case["U"]), "dL/dh": torch.zeros_like(case["h"])}
    dU, dh = torch.autograd.grad(loss, [case["U"], case["h"]], materialize_grads=True, allow_unused=True)
    return {"loss": loss, "dL/dU": dU, "dL/dh": dh}


@problem(
    cases=several(with_target),
    act=loss_and_slopes,
    mistakes={
        "the state is cut off (detach) at every step": ("grad = grad @ U", "grad = 0 * grad"),
        "the state is cut off (detach) before the loop": ('"dL/dh": grad', '"dL/dh": 0 * grad'),
        "the loss is cut off (detach, item or no_grad)": (
            '"dL/dU": dU, "dL/dh": grad',
            '"dL/dU": 0 * dU, "dL/dh": 0 * grad',
        ),
        "the state never advances": (
            "h = tanh",
            "new = tanh",
            "d(h)",
            "d(new)",
            "dU += grad.T @ states[t]\n        grad = grad @ U",
            "dU += grad.T @ states[0]\n        grad = grad @ U\n        break",
        ),
        "the squared errors are added up instead of averaged": ("mean(", "np.sum(", "/ error.size", ""),
        "the squared errors are halved": ("2 * error / error.size", "error / error.size", "mean(", "0.5 * mean("),
        "the errors are not squared": (
            "mean(error**2)",
            "mean(error)",
            "2 * error / error.size",
            "(1 + 0 * error) / error.size",
        ),
        "the sizes of the errors are averaged": ("mean(error**2)", "mean(abs(error))", "2 * error", "sign(error)"),
        "the first observation is used at every step": ("x[:, t]", "x[:, 0]"),
        "the weights U are cut off (detach)": ('"dL/dU": dU', '"dL/dU": 0 * dU'),
        "the start is zeros instead of the given h": (
            "states = [h]",
            "h = 0 * h\n    states = [h]",
            '"dL/dh": grad',
            '"dL/dh": 0 * grad',
        ),
    },
    hints=(
        "The loss is right. What is wrong shows only in its derivatives: which line keeps them from reaching the past?",
        "detach() hands on the numbers and drops how they were made.",
        "Carry h itself to the next step, with its history.",
    ),
)
def loss_through_time(x, h, W, U, b, y):
    """The loss mean((h_T - y)²), a scalar that autograd can follow back to h_0."""
    states = [h]
    for t in range(x.shape[1]):
        h = tanh(x[:, t] @ W.T + h @ U.T + b)
        states.append(h)
    error = states[-1] - y
    grad, dU = 2 * error / error.size, 0 * U
    for t in reversed(range(x.shape[1])):
        grad = grad * (1 - states[t + 1] ** 2)
        dU += grad.T @ states[t]
        grad = grad @ U
    return {"loss": mean(error**2), "dL/dU": dU, "dL/dh": grad}


# ---- 03 Keep everything ----


def pulses(generator):
    """An instance: the size of a strong pulse, and of a weak one, a quarter of it."""
    pulse = one_of(generator, (0.5, 1.0, 2.0, 4.0, 8.0, 16.0))
    return {"pulse": pulse, "weak": pulse / 4}


def pulse_sequences(generator, pulse, weak):
    """All sequences of up to 5 pulses that begin with a strong one."""
    cases = every_sequence([pulse, -pulse, weak, -weak], 5)
    return [{"x": case["x"][abs(case["x"][:, 0]) == pulse]} for case in cases]


@problem(
    cases=pulse_sequences,
    axes=("sequence", "step"),
    variant=pulses,
    act=set_by_hand(RNNCell, 1, read=level),
    mistakes={
        "every input is stored, the weak ones too": ("> weak", "> 0"),
        "a weak input clears the state": (", bit)", ", 0)"),
        "the first pulse is kept for ever": ("abs(x[:, t]) > weak", "(bit == 0)"),
        "the stored sign is the wrong one": ("sign(x[:, t])", "-sign(x[:, t])"),
        "the state changes its sign at every weak input": (", bit)", ", -bit)"),
        "nothing is ever stored": ("sign(x[:, t])", "0"),
        "only positive pulses are stored": ("abs(x[:, t])", "x[:, t]"),
        "only negative pulses are stored": ("abs(x[:, t])", "-x[:, t]"),
        "the state is always +1": ("sign(x[:, t])", "1"),
        "the state is always -1": ("sign(x[:, t])", "-1"),
        "a pulse against the stored sign only clears it": ("sign(x[:, t])", "sign(sign(x[:, t]) + bit)"),
    },
    hints=(
        "Without input the unit must hold both +1 and -1: that needs U well above 1.",
        "With U = 3 the state rests at ±0.995, where U h is about 3. What must W times a strong pulse exceed?",
        "W · pulse between 4 and 5 flips the state. Keep W · weak below 1.3, or weak inputs in a row will flip it too.",
    ),
)
def rnn_latch(x, pulse, weak):
    """The sign of the last strong pulse, at every step, (sequence, step)."""
    bit, bits = 0 * x[:, 0], []
    for t in range(x.shape[1]):
        bit = where(abs(x[:, t]) > weak, sign(x[:, t]), bit)
        bits.append(bit)
    return stack(bits, 1)


@problem(
    cases=several(lambda generator: {"u": uniform(generator, 1.3, 4)}),
    mistakes={
        "the fixed point is 0": ("h = 1.0", "h = 0.0"),
        "only one step is made, from 1": ("range(2000)", "range(1)"),
        "the slope lacks the factor u": ("u * (1 - h**2)", "1 - h**2"),
        "the slope is 1 - h instead of 1 - h²": ("h**2", "h"),
        "the slope is that of σ": ("(1 - h**2)", "h * (1 - h)"),
        "the slope is taken at 0": ("u * (1 - h**2)", "u"),
        "the slope has the factor u twice": ("u * (1 - h**2)", "u**2 * (1 - h**2)"),
        "tanh is applied to h once more in the slope": ("h**2", "tanh(h) ** 2"),
        "u is left out of the step": ("tanh(u * h)", "tanh(h)"),
        "the negative fixed point is given": ("h = 1.0", "h = -1.0"),
        "the slope is above 1: 1 + h² stands in it": ("1 - h**2", "1 + h**2"),
    },
    hints=(
        "A fixed point is a state that the step leaves as it is: h = tanh(u h). Start at 1 and step.",
        "How much does tanh(u h) move if h moves a little?",
        "The slope of tanh at its output h is 1 - h², and inside stands u h.",
    ),
)
def latch_slope(u):
    """The positive fixed point h = tanh(u h), u > 1, and the slope d h' / d h there."""
    h = 1.0
    for _ in range(2000):
        h = tanh(u * h)
    return {"h": h, "slope": u * (1 - h**2)}


def noisy(generator):
    """A case with a memory that keeps everything or less, noise, and a number of steps."""
    keep = one_of(generator, (1.0, uniform(generator, 0.5, 0.99), uniform(generator, 0.5, 0.99)))
    return {"keep": keep, "noise": uniform(generator, 0.2, 2), "steps": whole(generator, 3, 30)}


@problem(
    cases=several(noisy),
    mistakes={
        "the standard deviation is given": ("noise**2", "noise", "range(steps))", "range(steps)) ** 0.5"),
        "the noise is not squared": ("noise**2", "noise"),
        "keep is not squared": ("keep ** (2 * k)", "keep**k"),
        "nothing is lost: keep does not enter": ("keep ** (2 * k)", "1"),
        "there is one noise too few": ("range(steps)", "range(steps - 1)"),
        "there is one noise too many": ("range(steps)", "range(steps + 1)"),
        "the newest noise is already multiplied by keep": ("2 * k", "2 * (k + 1)"),
        "only the newest noise counts": ("range(steps)", "range(1)"),
        "only the oldest noise counts": ("range(steps)", "[steps - 1]"),
        "the noises are added before squaring": (
            "sum(keep ** (2 * k) for k in range(steps))",
            "sum(keep**k for k in range(steps)) ** 2",
        ),
    },
    hints=(
        "Write h_T as a sum over the noises. By what is the noise of k steps ago multiplied?",
        "Variances of independent terms add up; a factor a multiplies a variance by a².",
        "The variance is noise² times the sum of keep^(2k) for k from 0 to T - 1.",
    ),
)
def memory_noise(keep, noise, steps):
    """Var h_T of h' = keep · h + e from h_0 = 0, each e of mean 0 and standard deviation noise."""
    return noise**2 * sum(keep ** (2 * k) for k in range(steps))


# ---- 04 One network ----


@problem(
    cases=several(lambda generator: {"inputs": whole(generator, 2, 9), "hidden": whole(generator, 3, 40)}),
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
    hints=(
        "Count one affine map W x + U h + b first, then how many of them each cell has.",
        "An affine map has hidden · (input + hidden + 1) weights. The LSTM has four.",
        "The one network has two affine maps (m and o), V_m without a bias, and A_c with one.",
    ),
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
    hints=(
        "Join the states into s = [h, c], twice as long. What is the pre-activation of its first half?",
        "The first half of s' is W_h x + U_h h + V_h c + b_h: one row of blocks.",
        "U has four blocks: [[U_h, V_h], [U_c, V_c]]. torch.cat joins along dim 0 or 1.",
    ),
)
def as_plain_rnn(W_h, U_h, V_h, b_h, W_c, U_c, V_c, b_c):
    """W, U, b of the plain RNN on s = [h, c] that equals one dense layer on (x, h, c)."""
    return {
        "W": np.concatenate([W_h, W_c]),
        "U": np.block([[U_h, V_h], [U_c, V_c]]),
        "b": np.concatenate([b_h, b_c]),
    }


def run_network(answer, case):
    """Run c' = A_c relu(W_m x + V_m c + b_m) + b_c from c = 0 with the weights of the answer."""
    w = plain(answer())
    wanted = ["W_m", "V_m", "b_m", "A_c", "b_c"]
    if sorted(w) != sorted(wanted):
        raise Unreadable(f"needs the weights {wanted}; got {list(w)}")
    size = w["b_m"].size
    W, V, A = w["W_m"].reshape(size, 2), w["V_m"].reshape(size, 1), w["A_c"].reshape(1, size)
    x, found = mistakes.numbers(case["x"]), []
    c = np.zeros((len(x), 1))
    for t in range(x.shape[1]):
        c = maximum(x[:, t] @ W.T + c @ V.T + w["b_m"], 0) @ A.T + w["b_c"].reshape(1)
        found.append(c[:, 0])
    return stack(found, 1)


@problem(
    cases=lambda generator, largest: every_sequence(
        [[value, mark] for value in (-largest, -0.5, largest) for mark in (0.0, 1.0)], 4
    ),
    axes=("sequence", "step"),
    variant=lambda generator: {"largest": one_of(generator, (8.0, 4.0, 2.0, 1.0))},
    act=run_network,
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
    hints=(
        "relu can only pass or block. Add the largest value R, so that c + R is never negative.",
        "relu(c + R - 2R · mark) is c + R at mark 0 and 0 at mark 1, R being the largest value.",
        "Use a second unit for the value that opens at mark 1, add the two, and subtract R at the end.",
    ),
)
def keep_or_replace_network(x, largest):
    """The last marked value, at every step, from x = (value, mark), (sequence, step)."""
    c, found = 0 * x[:, 0, 0], []
    for t in range(x.shape[1]):
        value, mark = x[:, t, 0], x[:, t, 1]
        c = where(mark == 1, value, c)
        found.append(c)
    return stack(found, 1)


# ---- 05 Mixing old and new ----


def one_update(generator):
    """A case with an old memory, a candidate and two gates."""
    batch, _, _, hidden = sizes(generator)
    shape = batch, hidden
    return {
        "c": normal(generator, *shape),
        "g": torch.tanh(normal(generator, *shape)),
        "f": gates(generator, *shape),
        "i": gates(generator, *shape),
    }


@problem(
    cases=several(one_update),
    axes=("batch", "unit"),
    mistakes={
        "i and f are swapped": ("f * c + i * g", "i * c + f * g"),
        "the old memory is not gated": ("f * c", "c"),
        "the candidate is not gated": ("i * g", "g"),
        "the old memory is left out": ("f * c + i * g", "i * g"),
        "the candidate is left out": ("f * c + i * g", "f * c"),
        "the two are tied, i = 1 - f": ("i * g", "(1 - f) * g"),
        "the two are tied, f = 1 - i": ("f * c", "(1 - i) * c"),
        "the new memory is squashed by tanh": ("f * c + i * g", "tanh(f * c + i * g)"),
        "the candidate is squashed by tanh once more": ("i * g", "i * tanh(g)"),
        "the written part is subtracted": ("+ i", "- i"),
        "the two products are multiplied": ("f * c + i * g", "f * c * i * g"),
        "one gate multiplies the whole sum": ("f * c + i * g", "f * (c + i * g)"),
    },
    hints=(
        "Two products, added: one for what is kept, one for what is written.",
        "f is the forget gate: near 1 it keeps. Which of c and g does it multiply?",
        "c' = f ⊙ c + i ⊙ g.",
    ),
)
def cell_update(c, g, f, i):
    """c' = f ⊙ c + i ⊙ g, (batch, hidden)."""
    return f * c + i * g


@problem(
    cases=several(lambda generator: {"steps": uniform(generator, 2.2, 30)}),
    mistakes={
        "the time constant is used, 1 - 1/steps": ("0.5 ** (1 / steps)", "1 - 1 / steps"),
        "the memory is down to 1/e instead of 1/2": ("0.5", "exp(-1)"),
        "the power is steps instead of 1/steps": ("(1 / steps)", "steps"),
        "one half is divided by steps": ("0.5 ** (1 / steps)", "0.5 / steps"),
        "the loss per step is taken as 0.5/steps": ("0.5 ** (1 / steps)", "1 - 0.5 / steps"),
        "the loss per step is given instead of the gate": ("0.5 ** (1 / steps)", "1 - 0.5 ** (1 / steps)"),
        "the bias is given instead of the gate": ("0.5 ** (1 / steps)", "-log(2 ** (1 / steps) - 1)"),
        "the logarithm of the gate is given": ("0.5 ** (1 / steps)", "log(0.5) / steps"),
        "the gate is above 1: the memory doubles": ("0.5", "2"),
        "the step count is off by one, steps + 1": ("1 / steps", "1 / (steps + 1)"),
        "the step count is off by one, steps - 1": ("1 / steps", "1 / (steps - 1)"),
    },
    hints=(
        "After n steps of c' = f c, what is left of c?",
        "f to the power n is to be one half.",
        "f = (1/2)^(1/n).",
    ),
)
def gate_for_half_life(steps):
    """The constant forget gate that halves a memory in the given number of steps."""
    return 0.5 ** (1 / steps)


def gate_series(generator):
    """A case with forget and input gates over a few steps."""
    batch, _, _, hidden = sizes(generator)
    shape = batch, whole(generator, 2, 5), hidden
    return {"f": gates(generator, *shape), "i": gates(generator, *shape)}


@problem(
    cases=several(gate_series),
    axes=("batch", "time", "unit"),
    mistakes={
        "a candidate passes the forget gate of its own step too": ("weight[:, :t] *=", "weight[:, : t + 1] *="),
        "the input gate is left out": ("= i[:, t]", "= 1"),
        "the forget gates are left out": ("*= f[:, t : t + 1]", "*= 1"),
        "f and i are exchanged": ("= i[:, t]", "= f[:, t]", "*= f[:, t : t + 1]", "*= i[:, t : t + 1]"),
        "the forget gates before the candidate count, not those after it": (
            "weight[:, :t] *= f[:, t : t + 1]",
            "weight[:, t + 1 :] *= f[:, t : t + 1]",
            "= i[:, t]",
            "*= i[:, t]",
        ),
        "only the last forget gate counts": (
            "weight[:, :t] *= f[:, t : t + 1]",
            "weight[:, :t] = i[:, :t] * f[:, t : t + 1]",
        ),
        "only the forget gate of the next step counts": ("weight[:, :t] *=", "weight[:, max(t - 1, 0) : t] *="),
        "the last forget gate is left out": ("*= f[:, t : t + 1]", "*= f[:, t : t + 1] if t + 1 < f.shape[1] else 1"),
        "the forget gates are added instead of multiplied": ("*= f[:, t : t + 1]", "+= f[:, t : t + 1]"),
        "the weight is what is lost, 1 - f at each step": ("*= f[:, t : t + 1]", "*= 1 - f[:, t : t + 1]"),
    },
    hints=(
        "Write c_3 out from c_0 = 0 for three steps, and look at what stands before g_1.",
        "g_t is written with i_t, and every later step multiplies it by its forget gate.",
        "The weight of g_t is i_t f_{t+1} ... f_T. A cumulative product from the end does it.",
    ),
)
def written_weights(f, i):
    """The weight of each candidate g_t in c_T, from c_0 = 0, (batch, time, hidden)."""
    weight = 1 + 0 * f
    for t in range(f.shape[1]):
        weight[:, t] = i[:, t]
        weight[:, :t] *= f[:, t : t + 1]
    return weight


def run_constants(answer, case):
    """Run c' = w1 c + w2 g for the three pairs (w1, w2) of the answer."""
    pairs, g = plain(answer()), mistakes.numbers(case["x"])
    if any(pair.shape != (2,) for pair in pairs.values()):
        raise Unreadable(f"needs pairs (w1, w2); got shapes {[p.shape for p in pairs.values()]}")
    found = {}
    for name, (w1, w2) in pairs.items():
        c, states = 0 * g[:, 0], []
        for t in range(g.shape[1]):
            c = w1 * c + w2 * g[:, t]
            states.append(c)
        found[name] = stack(states, 1)
    return found


@problem(
    cases=lambda generator, half_life: every_sequence([0.0, 1.0], 8),
    axes=("sequence", "step"),
    variant=lambda generator: {"half_life": whole(generator, 2, 12)},
    act=run_constants,
    mistakes={
        "w1 and w2 of the average are swapped": (
            "keep * average + (1 - keep) * x[:, t]",
            "(1 - keep) * average + keep * x[:, t]",
        ),
        "the two weights of the average do not sum to 1: the new one is 1": ("(1 - keep) * x", "x"),
        "the two weights of the average are equal": ("(1 - keep) * x", "keep * x"),
        "the average has half_life as its time constant": ("0.5 ** (1 / half_life)", "1 - 1 / half_life"),
        "the average fades to 1/e in half_life steps": ("0.5 **", "exp(-1) **"),
        "the count forgets": ("count = count", "count = keep * count"),
        "the count is an average": ("count = count + x[:, t]", "count = 0.5 * count + 0.5 * x[:, t]"),
        "the last one is added to what was there": ("last = x", "last = last + x"),
        "the last one is never replaced": ("last = x[:, t]", "last = 0 * x[:, t]"),
        "count and last are exchanged": ('"count": c, "last": n', '"count": n, "last": c'),
        "the average is a count": ("keep * average + (1 - keep) * x[:, t]", "average + x[:, t]"),
    },
    hints=(
        "For each memory ask: how much of the old value stays, how much of the new one enters?",
        "A count keeps all and adds all. The last value keeps nothing. An average has weights that sum to 1.",
        "For the average, w1 is the gate of the given half-life, 0.5 ** (1 / half_life), and w2 = 1 - w1.",
    ),
)
def three_memories(x, half_life):
    """What the constants (w1, w2) of c' = w1 c + w2 g do on every binary sequence."""
    keep = 0.5 ** (1 / half_life)
    count = last = average = 0 * x[:, 0]
    states = []
    for t in range(x.shape[1]):
        count = count + x[:, t]
        last = x[:, t]
        average = keep * average + (1 - keep) * x[:, t]
        states.append((count, last, average))
    c, n, a = (stack(one, 1) for one in zip(*states))
    return {"count": c, "last": n, "average": a}


# ---- 06 Gates that decide ----


@problem(
    cases=several(lambda generator: {"kept": uniform(generator, 0.05, 0.95), "steps": whole(generator, 2, 200)}),
    mistakes={
        "the gate is given instead of its bias": ("log(f / (1 - f))", "f"),
        "the sign is reversed: log((1 - f) / f)": ("f / (1 - f)", "(1 - f) / f"),
        "the steps are left out": ("kept ** (1 / steps)", "kept"),
        "the power is steps instead of 1/steps": ("(1 / steps)", "steps"),
        "the bias is the log of f alone": ("f / (1 - f)", "f"),
        "kept is divided by steps": ("kept ** (1 / steps)", "kept / steps"),
        "the loss is spread evenly: f = 1 - (1 - kept)/steps": ("kept ** (1 / steps)", "1 - (1 - kept) / steps"),
        "the odds are given without their logarithm": ("log(f / (1 - f))", "f / (1 - f)"),
        "the logarithm is to base 10": ("log(f", "log10(f"),
        "the inverse of tanh is used instead of that of σ": ("log(f / (1 - f))", "log((1 + f) / (1 - f)) / 2"),
    },
    hints=(
        "First the gate: f to the power steps is to be kept.",
        "Then the bias: σ(b) = f.",
        "The inverse of σ is b = log(f / (1 - f)); torch.logit does it too.",
    ),
)
def forget_bias(kept, steps):
    """The bias b for which a forget gate σ(b) keeps the fraction `kept` of a memory after `steps` steps."""
    f = kept ** (1 / steps)
    return log(f / (1 - f))


@problem(
    cases=several(
        lambda generator: {
            "u": torch.rand(whole(generator, 2, 5), generator=generator),
            "lag": whole(generator, 4, 300),
        }
    ),
    axes=("unit",),
    mistakes={
        "the logarithm is missing": ("log(1 + u * (lag - 2))", "1 + u * (lag - 2)"),
        "the times run from 0 to lag - 2 instead of 1 to lag - 1": ("1 + u * (lag - 2)", "u * (lag - 2)"),
        "the times run from 1 to lag": ("(lag - 2)", "(lag - 1)"),
        "the times run from 0 to lag": ("1 + u * (lag - 2)", "u * lag"),
        "the input gate gets the same sign": ('"input": -b', '"input": b'),
        "the input gate gets 0": ('"input": -b', '"input": 0 * b'),
        "the input gate gets 1 - b": ('"input": -b', '"input": 1 - b'),
        "the signs are exchanged": ('"forget": b, "input": -b', '"forget": -b, "input": b'),
        "the logarithm is drawn evenly instead of the time": ("log(1 + u * (lag - 2))", "u * log(lag - 1)"),
        "every unit gets the longest time": ("log(1 + u * (lag - 2))", "log(lag - 1) + 0 * u"),
    },
    hints=(
        "A number uniform in [1, lag - 1] is made from u, uniform in [0, 1]: stretch it, then shift it.",
        "1 + u (lag - 2) runs from 1 to lag - 1. The bias is its logarithm.",
        "The input gate gets the opposite bias.",
    ),
)
def chrono_biases(u, lag):
    """The chrono biases of forget and input gate (Tallec & Ollivier 2018) from u uniform in [0, 1), (hidden,)."""
    b = log(1 + u * (lag - 2))
    return {"forget": b, "input": -b}


def marked(generator):
    """An instance: where the mark stands in x, and which mark says store."""
    return {"mark": one_of(generator, (0, 1)), "stores": one_of(generator, (0, 1))}


def marked_sequences(generator, mark, stores):
    """All sequences of up to 5 pairs of a value and a mark."""
    pairs = [[value, bit] for value in (-1.0, 1.0) for bit in (0.0, 1.0)]
    return every_sequence([pair[::-1] if mark == 0 else pair for pair in pairs], 5)


@problem(
    cases=marked_sequences,
    axes=("sequence", "step"),
    variant=marked,
    act=set_by_hand(JANETCell, 2, read=level),
    mistakes={
        "the gate is the wrong way round: it stores what it should ignore": ("== stores", "!= stores"),
        "every value is stored": ("x[:, t, mark] == stores", "abs(value) == 1"),
        "nothing is ever stored": ("x[:, t, mark] == stores", "abs(value) == 2"),
        "the first value is kept for ever": ("x[:, t, mark] == stores", "(x[:, t, mark] == stores) & (bit == 0)"),
        "the stored value has the wrong sign": ("stores, value", "stores, -value"),
        "the memory is cleared at steps that should be ignored": ("value, bit)", "value, 0)"),
        "the memory changes its sign at steps that should be ignored": ("value, bit)", "value, -bit)"),
        "the two inputs are exchanged": (
            "x[:, t, 1 - mark]",
            "x[:, t, mark]",
            "x[:, t, mark] ==",
            "x[:, t, 1 - mark] ==",
        ),
        "only positive values are stored": ("stores, value", "stores, maximum(value, bit)"),
        "the state is always +1 once something is stored": ("stores, value", "stores, 1"),
        "the state is always -1 once something is stored": ("stores, value", "stores, -1"),
    },
    hints=(
        "The forget gate must be near 1 at steps to ignore and near 0 at steps to store. Which input tells them apart?",
        "W_f acts on the mark, b_f shifts it: their sum must be large of either sign at the two values of the mark.",
        "The candidate copies the value: W_g on the value, about 5. W_f = ∓20 on the mark, b_f = ±10.",
    ),
)
def keep_or_replace_gate(x, mark, stores):
    """The value at the last step whose mark says store, 0 before the first, (sequence, step)."""
    bit, bits = 0 * x[:, 0, 0], []
    for t in range(x.shape[1]):
        value = x[:, t, 1 - mark]
        bit = where(x[:, t, mark] == stores, value, bit)
        bits.append(bit)
    return stack(bits, 1)


@problem(
    cases=several(lambda generator: {"z": uniform(generator, 0.2, 0.95), "k": whole(generator, 2, 10)}),
    mistakes={
        "the gate is not changed at all": ("z ** (1 / k)", "z"),
        "the power is k instead of 1/k: it forgets faster": ("(1 / k)", "k"),
        "the gate is divided by k": ("z ** (1 / k)", "z / k"),
        "only the first term is kept: 1 - (1 - z)/k": ("z ** (1 / k)", "1 - (1 - z) / k"),
        "the written part is given instead of the gate": ("z ** (1 / k)", "1 - z ** (1 / k)"),
        "the count of steps is off by one, k + 1": ("1 / k", "1 / (k + 1)"),
        "the count of steps is off by one, k - 1": ("1 / k", "1 / max(k - 1, 1)"),
        "the time constant is used: exp(-1/k)": ("z ** (1 / k)", "exp(-1 / k)"),
        "the gate is multiplied by k": ("z ** (1 / k)", "z * k"),
        "the two gates are mixed up: (1 - z) to the power 1/k": ("z **", "(1 - z) **"),
    },
    hints=(
        "While the candidate n stays the same, what is h after k steps of h' = z h + (1 - z) n?",
        "After k steps the old h has the weight z^k and n the rest.",
        "The new gate to the power k must be the old gate.",
    ),
)
def gate_under_warp(z, k):
    """The update gate that does in k equal steps what z does in one."""
    return z ** (1 / k)


# ---- 07 The LSTM ----


@problem(
    cases=one_step("fiog"),
    axes=("batch", "unit"),
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
    hints=(
        "Four pre-activations, each W x + U h + b with its own letter.",
        "Three of them are gates, in (0, 1); the candidate may be negative.",
        'f = sigmoid(x @ W["f"].T + h @ U["f"].T + b["f"]); i and o likewise; g with tanh.',
    ),
)
def gates_and_candidate(x, h, W, U, b):
    """{"f", "i", "o", "g"}: the gates σ(W x + U h + b) and the candidate tanh(W x + U h + b)."""
    a = {k: x @ W[k].T + h @ U[k].T + b[k] for k in "fiog"}
    f, i, o = (sigmoid(a[k]) for k in "fio")
    return {"f": f, "i": i, "o": o, "g": tanh(a["g"])}


@problem(
    cases=one_step("fiog", states=("h", "c")),
    axes=("batch", "unit"),
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
    hints=(
        "Six lines: f, i, o, g, then c', then h'.",
        "c' comes from the old c, f, i and g. h' comes from o and the new c.",
        'c = f * c + i * g, then h = o * tanh(c); return {"h": h, "c": c}.',
    ),
)
def lstm_step(x, h, c, W, U, b):
    """{"h": h', "c": c'}: one step of the LSTM."""
    a = {k: x @ W[k].T + h @ U[k].T + b[k] for k in "fiog"}
    f, i, o = (sigmoid(a[k]) for k in "fio")
    g = tanh(a["g"])
    new = f * c + i * g
    return {"h": o * tanh(new), "c": new}


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
    axes=("row", "column"),
    mistakes={
        "the order is taken as f, i, g, o": ('"ifgo"', '"figo"'),
        "the order is taken as i, f, o, g": ('"ifgo"', '"ifog"'),
        "the order is taken as f, i, o, g": ('"ifgo"', '"fiog"'),
        "the order is taken as i, g, f, o": ('"ifgo"', '"igfo"'),
        "the order is taken as i, o, f, g (Keras and others differ from PyTorch too)": ('"ifgo"', '"iofg"'),
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
    hints=(
        "PyTorch stacks four matrices on top of each other. Its documentation of nn.LSTM says in which order.",
        "The order is i, f, g, o, each hidden rows high. chunk(4) cuts a tensor into four blocks.",
        "Its two biases are always added, so b is their sum.",
    ),
)
def from_torch(weight_ih, weight_hh, bias_ih, bias_hh):
    """{"W_f", "U_f", "b_f", "W_i", ...} from the stacked weights of torch.nn.LSTM, which orders them i, f, g, o."""
    size, found = weight_hh.shape[1], {}
    for k, letter in enumerate("ifgo"):
        rows = slice(k * size, (k + 1) * size)
        found[f"W_{letter}"], found[f"U_{letter}"] = weight_ih[rows], weight_hh[rows]
        found[f"b_{letter}"] = (bias_ih + bias_hh)[rows]
    return found


@problem(
    cases=lambda generator, symbol: every_sequence([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]], 6),
    axes=("sequence", "step"),
    variant=lambda generator: {"symbol": whole(generator, 0, 2)},
    act=set_by_hand(LSTMCell, 3, read=lambda h: where(h > 0.25, 1, 0)),
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
        "the next symbol toggles": ("x[:, t, symbol]", "x[:, t, (symbol + 1) % 3]"),
        "the symbol before it toggles": ("x[:, t, symbol]", "x[:, t, symbol - 1]"),
    },
    hints=(
        "Let c near +1 mean 1. At the symbol the cell must forget and write the opposite of what it showed; else keep.",
        "The opposite of what it showed: U_g about -10 makes g the reverse of h. f and i depend on the symbol alone.",
        "From c = 0 the first write must be +1: b_g about +3. Weights of 20 and biases of 10 make gates sharp.",
    ),
)
def toggle(x, symbol):
    """1 after an odd number of the symbol, else 0, at every step, (sequence, step)."""
    bit, bits = 0 * x[:, 0, 0], []
    for t in range(x.shape[1]):
        bit = where(x[:, t, symbol] == 1, 1 - bit, bit)
        bits.append(bit)
    return stack(bits, 1)


# ---- 08 Constant error flow ----


def backward_case(generator):
    """A case with what the backward pass of one LSTM step starts from."""
    batch, _, _, hidden = sizes(generator)
    shape = batch, hidden
    case = {name: normal(generator, *shape) for name in ("dh", "dc", "c", "g")}
    case |= {name: gates(generator, *shape) for name in "fio"}
    case["g"] = torch.tanh(case["g"])
    return case


@problem(
    cases=several(backward_case),
    axes=("batch", "unit"),
    mistakes={
        "what comes through h' is left out": ("dc + dh * o * (1 - tanh(new) ** 2)", "dc"),
        "what comes straight from c' is left out": ("dc + dh * o", "dh * o"),
        "the output gate is left out on the way from h' to c'": ("dh * o * (1", "dh * (1"),
        "the slope of tanh is left out on the way from h' to c'": (" * (1 - tanh(new) ** 2)", ""),
        "the slope of tanh is taken at the old c": ("1 - tanh(new)", "1 - tanh(c)"),
        "the slope of σ is left out": ("f * (1 - f)", "1", "i * (1 - i)", "1", "o * (1 - o)", "1"),
        "the slope of tanh is left out at the candidate": (" * (1 - g**2)", ""),
        "the forget gate is multiplied by the new c": ("total * c *", "total * new *"),
        "the old memory is reached without its gate": ('"c": total * f', '"c": total'),
        "the old memory is reached through the input gate": ('"c": total * f', '"c": total * i'),
        "c and g are exchanged at the gates f and i": ("total * c *", "total * g *", "total * g * i", "total * c * i"),
        "the output gate is read without tanh": ("dh * tanh(new)", "dh * new"),
        "the output gate also gets what comes straight from c'": ('"o": dh *', '"o": (dh + dc) *'),
    },
    hints=(
        "Draw the arrows: h' = o ⊙ tanh(c') and c' = f ⊙ c + i ⊙ g. By how many ways does the loss reach c'?",
        "d = dc + dh ⊙ o ⊙ (1 - tanh²(c')) is the whole derivative by c'. All but the output gate start from it.",
        "A gate y = σ(a) has dy/da = y (1 - y); the candidate has 1 - g². The old c is reached by f alone.",
    ),
)
def lstm_backward(dh, dc, c, g, f, i, o):
    """dL/dc and the derivatives by the pre-activations of f, i, o, g, from dL/dh' and dL/dc'."""
    new = f * c + i * g
    total = dc + dh * o * (1 - tanh(new) ** 2)
    return {
        "f": total * c * f * (1 - f),
        "i": total * g * i * (1 - i),
        "o": dh * tanh(new) * o * (1 - o),
        "g": total * i * (1 - g**2),
        "c": total * f,
    }


@problem(
    cases=several(lambda generator: {"f": gate_series(generator)["f"]}),
    axes=("batch", "time", "unit"),
    mistakes={
        "the forget gate of step t itself is counted": ("total[:, :t] *=", "total[:, : t + 1] *="),
        "the gates before t are multiplied, not those after": ("total[:, :t]", "total[:, t:]"),
        "the gates strictly before t are multiplied": ("total[:, :t]", "total[:, t + 1 :]"),
        "the gates are added instead of multiplied": ("*= f[", "+= f[", "total = 1 +", "total ="),
        "what is lost is multiplied, 1 - f": ("*= f[:, t : t + 1]", "*= 1 - f[:, t : t + 1]"),
        "only the next gate counts": ("total[:, :t]", "total[:, max(t - 1, 0) : t]"),
        "only the last gate counts": ("*= f[:, t : t + 1]", "= f[:, t : t + 1]"),
        "the whole product stands at every step": ("total[:, :t]", "total[:, :]"),
        "the last gate is left out": ("*= f[:, t : t + 1]", "*= f[:, t : t + 1] if t + 1 < f.shape[1] else 1"),
        "the gates are squared": ("*= f[:, t : t + 1]", "*= f[:, t : t + 1] ** 2"),
        "time runs backwards: the last step comes first": ("return total", "return total[:, ::-1]"),
    },
    hints=(
        "From c_t to c_{t+1} the direct path is multiplied by f_{t+1}. From c_T to c_T by nothing.",
        "The entry of step t is f_{t+1} ... f_T; the last entry is 1.",
        "Flip time, shift by one, cumprod, flip back; or a loop from the last step.",
    ),
)
def direct_path(f):
    """d c_T / d c_t along the direct path, for t = 1 to T, (batch, time, hidden)."""
    total = 1 + 0 * f
    for t in range(f.shape[1]):
        total[:, :t] *= f[:, t : t + 1]
    return total


@problem(
    cases=several(lambda generator: {"bias": uniform(generator, -2, 6), "steps": whole(generator, 3, 400)}),
    mistakes={
        "the natural logarithm is taken": ("log10(", "log("),
        "the logarithm to base 2 is taken": ("log10(", "np.log2("),
        "σ is left out": ("sigmoid(bias)", "abs(bias)"),
        "tanh stands where σ should": ("sigmoid(bias)", "abs(tanh(bias))"),
        "the steps are left out": ("steps * ", ""),
        "the number is given instead of its logarithm": ("steps * log10(sigmoid(bias))", "sigmoid(bias) ** steps"),
        "what is lost at each step is used, 1 - f": ("sigmoid(bias)", "sigmoid(-bias)"),
        "there is one step too many": ("steps *", "(steps + 1) *"),
        "there is one step too few": ("steps *", "(steps - 1) *"),
        "the bias is taken for the logarithm of f": ("log10(sigmoid(bias))", "-bias * log10(exp(1))"),
    },
    hints=(
        "The direct path over n steps of a constant gate f is f to the power n.",
        "The logarithm of a power is the power times the logarithm.",
        "f = σ(bias), and log10 of f^n is n · log10 f.",
    ),
)
def direct_path_exponent(bias, steps):
    """log10 of the direct path over `steps` steps, the forget gate being σ(bias) at each."""
    return steps * log10(sigmoid(bias))


# ---- 09 Reading memory ----


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
    hints=(
        "In each form one factor is a gate, in (0, 1), and the other carries a sign. Which factor is c in?",
        "The LSTM: the memory carries the sign, o is the gate. The page: q carries the sign, the memory is the gate.",
        "h' = o ⊙ tanh(c) and h' = q ⊙ σ(c).",
    ),
)
def two_readings(c, o, q):
    """{"LSTM": o ⊙ tanh(c), "page": q ⊙ σ(c)}."""
    return {"LSTM": o * tanh(c), "page": q * sigmoid(c)}


@problem(
    cases=several(reading_case),
    axes=("batch", "unit"),
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
    hints=(
        "Differentiate by c; o and q do not depend on it in this step.",
        "The slope of tanh is 1 - tanh², that of σ is σ (1 - σ).",
        "o ⊙ (1 - tanh²(c)) and q ⊙ σ(c) ⊙ (1 - σ(c)).",
    ),
)
def reading_slopes(c, o, q):
    """d h' / d c of both readings, unit by unit."""
    return {"LSTM": o * (1 - tanh(c) ** 2), "page": q * sigmoid(c) * (1 - sigmoid(c))}


ORDERS = list(permutations(("value", "store", "ask")))


def question_sequences(generator, columns):
    """All sequences of up to 4 triples of a value, store and ask, in the order of columns."""
    symbols = [{"value": v, "store": s, "ask": a} for v in (-1.0, 1.0) for s in (0.0, 1.0) for a in (0.0, 1.0)]
    return every_sequence([[symbol[name] for name in columns] for symbol in symbols], 4)


@problem(
    cases=question_sequences,
    axes=("sequence", "step"),
    variant=lambda generator: {"columns": list(one_of(generator, ORDERS))},
    act=set_by_hand(LSTMCell, 3, read=level),
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
    hints=(
        "Three jobs, three gates: f and i listen to store, o listens to ask, g copies the value.",
        "At store: f near 0 and i near 1. Otherwise f near 1 and i near 0. o near 0 unless asked.",
        "Weights of ±20 with biases of ∓10 make a sharp gate. W_g about 5 on the value.",
    ),
)
def silent_memory(x, columns):
    """The last stored value at steps that ask, 0 at all others, (sequence, step)."""
    kept, states = 0 * x[:, 0, 0], []
    for t in range(x.shape[1]):
        value, store, ask = (x[:, t, columns.index(name)] for name in ("value", "store", "ask"))
        kept = where(store == 1, value, kept)
        states.append(where(ask == 1, kept, 0))
    return stack(states, 1)


# ---- 10 How much and what ----


def softmax(a, axis):
    """exp(a), divided by its sum over the axis."""
    e = exp(a - a.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


@problem(
    cases=one_step("fio"),
    axes=("batch", "unit"),
    mistakes={
        "the gates are a softmax over the units": ("sigmoid(a[k])", "softmax(a[k], 1)"),
        "the gates are a softmax over the batch": ("sigmoid(a[k])", "softmax(a[k], 0)"),
        "the gates are a softmax over f, i and o": (
            "sigmoid(a[k])",
            'softmax(stack(list(a.values())), 0)["fio".index(k)]',
        ),
        "the gates go through tanh": ("sigmoid(a[k])", "tanh(a[k])"),
        "the gates are half of 1 + tanh(a), which is σ(2a)": ("sigmoid(a[k])", "(1 + tanh(a[k])) / 2"),
        "the gates are hard: 0 or 1": ("sigmoid(a[k])", "1.0 * (a[k] > 0)"),
        "the gates are clipped instead of squashed": ("sigmoid(a[k])", "np.clip(a[k], 0, 1)"),
        "the squashing function is left out": ("sigmoid(a[k])", "a[k]"),
        "the gates are upside down: 1 - σ": ("sigmoid(a[k])", "sigmoid(-a[k])"),
        "all gates share one bias": ("b[k]", 'b["f"]'),
        "σ is applied twice": ("sigmoid(a[k])", "sigmoid(sigmoid(a[k]))"),
        "the old state is left out": (" + h @ U[k].T", ""),
    },
    hints=(
        "Add up the forget gate over the units. Which sum does a memory with four units need, if all are to be kept?",
        "A softmax makes the units compete: they sum to 1. Each unit must decide for itself.",
        "Replace the softmax by σ, unit by unit.",
    ),
)
def independent_gates(x, h, W, U, b):
    """{"f", "i", "o"}: σ(W x + U h + b), each unit for itself."""
    a = {k: x @ W[k].T + h @ U[k].T + b[k] for k in "fio"}
    return {k: sigmoid(a[k]) for k in "fio"}


def clamp_case(generator):
    """A case with clamped gates, a candidate, and a number of steps."""
    f = one_of(generator, (0.0, 0.5, 1.0, round(uniform(generator, 0.6, 0.99), 2)))
    return {"f": f, "i": uniform(generator, 0.2, 1), "g": uniform(generator, -1, 1), "steps": whole(generator, 2, 30)}


@problem(
    cases=several(clamp_case, count=20),
    mistakes={
        "the forget gate is ignored: everything adds up": ("c = f * c", "c = c"),
        "only the last candidate counts": ("c = f * c + i * g", "c = i * g"),
        "the input gate is left out": ("i * g", "g"),
        "the two are tied: the new part gets 1 - f": ("i * g", "(1 - f) * g"),
        "i and f are swapped": ("f * c + i * g", "i * c + f * g"),
        "there is one step too many": ("range(steps)", "range(steps + 1)"),
        "there is one step too few": ("range(steps)", "range(steps - 1)"),
        "the new part passes the forget gate at once": ("f * c + i * g", "f * (c + i * g)"),
        "tanh is applied, as if h were asked for": ("return c", "return tanh(c)"),
        "the limit for endless time is given": ("range(steps)", "range(2000 if f < 1 else steps)"),
        "the decay of one write is given": ("c = f * c + i * g", "c = f * c if c else c + i * g"),
    },
    hints=(
        "Write the first three steps: i g, then f i g + i g, then ...",
        "It is i g times 1 + f + f² + ... with one term per step: a geometric series.",
        "i g (1 - f^T) / (1 - f), and for f = 1 the sum is T.",
    ),
)
def clamped_memory(f, i, g, steps):
    """c_T of c' = f c + i g from c_0 = 0, all three being constant."""
    c = 0.0
    for _ in range(steps):
        c = f * c + i * g
    return c


# ---- 11 Which gate matters ----

# An input or an output gate at 0 is left out: both make every h zero.
CLAMPS = [("forget", 0.0), *((gate, value) for gate in ("forget", "input", "output") for value in (0.5, 1.0))]


def mystery_parts(seed):
    """The LSTM and the observations (4, 12, 2) of one mystery."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        cell = LSTMCell(2, 3)
        for weight in cell.parameters():
            torch.nn.init.normal_(weight)
        return cell, torch.randn(4, 12, 2)


def mystery(generator):
    """An instance: the seed of a cell, the gate that is clamped, and its value."""
    gate, value = one_of(generator, CLAMPS)
    return {"seed": whole(generator, 0, 10**6), "gate": gate, "value": value}


def mystery_cell():
    """Your own mystery: (cell, x, h), an LSTM, observations, and the hidden states it gave with one gate clamped."""
    own = which_clamp.given(mistakes.TOKEN)
    cell, x = mystery_parts(own["seed"])
    with torch.no_grad():
        return cell, x, unroll(cell, x, override={own["gate"]: own["value"]})["h"]


def apply_clamp(answer, case):
    """The hidden states of the mystery with the answer's gate clamped to its value."""
    found = answer()
    if type(found) not in (tuple, list) or [type(one) for one in found] not in ([str, float], [str, int]):
        raise Unreadable(
            f'needs a gate and a value, such as ("forget", 0.5); got a {type(found).__name__} of something else'
        )
    cell, x = mystery_parts(which_clamp.given(mistakes.TOKEN)["seed"])
    with torch.no_grad():
        return unroll(cell, x, override={found[0]: found[1]})["h"]


@problem(
    cases=lambda generator, seed, gate, value: [{"x": mystery_parts(seed)[1]}],
    axes=("batch", "time", "unit"),
    variant=mystery,
    act=apply_clamp,
    mistakes={
        "the forget gate is clamped to 0": ("{gate: value}", '{"forget": 0.0}'),
        "the forget gate is clamped to 0.5": ("{gate: value}", '{"forget": 0.5}'),
        "the forget gate is clamped to 1": ("{gate: value}", '{"forget": 1.0}'),
        "the input gate is clamped to 0.5": ("{gate: value}", '{"input": 0.5}'),
        "the input gate is clamped to 1": ("{gate: value}", '{"input": 1.0}'),
        "nothing is written or nothing is read (a gate at 0)": ("{gate: value}", '{"output": 0.0}'),
        "the output gate is clamped to 0.5": ("{gate: value}", '{"output": 0.5}'),
        "the output gate is clamped to 1": ("{gate: value}", '{"output": 1.0}'),
    },
    hints=(
        "You have the cell and its observations: clamp a gate yourself and compare with h.",
        'unroll(cell, x, override={gate: value})["h"] for each of the three gates.',
        "The value is one of 0, 0.5 and 1. Nine experiments settle it.",
    ),
)
def which_clamp(x, seed, gate, value):
    """The hidden states of the mystery cell, (batch, time, hidden)."""
    with torch.no_grad():
        return unroll(mystery_parts(seed)[0], torch.tensor(x, dtype=torch.float32), override={gate: value})["h"]


UPDATES = {
    "f ⊙ c + i ⊙ g": lambda f, i, c, g: f * c + i * g,
    "f ⊙ c + (1 - f) ⊙ g": lambda f, i, c, g: f * c + (1 - f) * g,
    "(1 - i) ⊙ c + i ⊙ g": lambda f, i, c, g: (1 - i) * c + i * g,
    "(1 - f) ⊙ c + i ⊙ g": lambda f, i, c, g: (1 - f) * c + i * g,
    "f ⊙ c + (1 - i) ⊙ g": lambda f, i, c, g: f * c + (1 - i) * g,
}
READINGS = {
    "o ⊙ tanh(c')": lambda o, c: o * tanh(c),
    "(1 - o) ⊙ tanh(c')": lambda o, c: (1 - o) * tanh(c),
    "o ⊙ c'": lambda o, c: o * c,
    "o ⊙ σ(c')": lambda o, c: o * sigmoid(c),
}


@problem(
    cases=one_step("fiog", states=("h", "c")),
    axes=("batch", "unit"),
    variant=lambda generator: {"c'": one_of(generator, list(UPDATES)[1:]), "h'": one_of(generator, list(READINGS)[1:])},
    mistakes={
        "the memory is updated as in the LSTM": ('UPDATES[own["c\'"]]', 'UPDATES["f ⊙ c + i ⊙ g"]'),
        "the memory is read as in the LSTM": ('READINGS[own["h\'"]]', 'READINGS["o ⊙ tanh(c\')"]'),
        "both lines are those of the LSTM": (
            'UPDATES[own["c\'"]]',
            'UPDATES["f ⊙ c + i ⊙ g"]',
            'READINGS[own["h\'"]]',
            'READINGS["o ⊙ tanh(c\')"]',
        ),
        "i and f are swapped": ('in "fio"', 'in "ifo"'),
        "i and o are swapped": ('in "fio"', 'in "foi"'),
        "f and o are swapped": ('in "fio"', 'in "oif"'),
        "the memory is read before it is updated": ("(o, new)", "(o, c)"),
        "the candidate goes through σ like a gate": ('tanh(a["g"])', 'sigmoid(a["g"])'),
        "the candidate and the old memory are exchanged": ("(f, i, c, g)", "(f, i, g, c)"),
        "the old state h is left out": (" + h @ U[k].T", ""),
        "the biases are left out": (" + b[k]", ""),
        "the output gate is left out": ("(o, new)", "(1, new)"),
    },
    hints=(
        'checks.given("your_cell") shows the two lines that are yours; the rest is the LSTM.',
        "Write the gates and the candidate as in lstm_step, then your line for c', then your line for h'.",
        "c' on the right of your second line is the new memory.",
    ),
)
def your_cell(x, h, c, W, U, b, **own):
    """{"h": h', "c": c'}: an LSTM whose update and reading are those of your own instance."""
    a = {k: x @ W[k].T + h @ U[k].T + b[k] for k in "fiog"}
    f, i, o = (sigmoid(a[k]) for k in "fio")
    g = tanh(a["g"])
    new = UPDATES[own["c'"]](f, i, c, g)
    return {"h": READINGS[own["h'"]](o, new), "c": new}


@problem(
    cases=one_step("fog", states=("h", "c")),
    axes=("batch", "unit"),
    mistakes={
        "nothing was repaired": ("f * c + (1 - f) * g", "(1 - f) * c + f * g", "b[k]", 'b["f"]'),
        "keeping and writing are still swapped": ("f * c + (1 - f) * g", "(1 - f) * c + f * g"),
        "the three maps still share one bias": ("b[k]", 'b["f"]'),
        "the new part is not gated": ("(1 - f) * g", "g"),
        "the forget gate multiplies both": ("(1 - f) * g", "f * g"),
        "the old memory is not gated": ("f * c +", "c +"),
        "the memory is read before it is updated": ("o * tanh(new)", "o * tanh(c)"),
        "the memory is read without tanh": ("o * tanh(new)", "o * new"),
        "the output gate is left out": ("o * tanh(new)", "tanh(new)"),
        "the candidate goes through σ like a gate": ('tanh(a["g"])', 'sigmoid(a["g"])'),
        "f and o are swapped": ('sigmoid(a["f"]), sigmoid(a["o"])', 'sigmoid(a["o"]), sigmoid(a["f"])'),
        "the biases are left out": (" + b[k]", ""),
        "the old state h is left out": (" + h @ U[k].T", ""),
    },
    hints=(
        "There are two bugs. Compare each line with the docstring's equations, letter by letter.",
        "With f near 1, does this cell keep?",
        'Each map has its own bias: b["f"], b["o"], b["g"].',
    ),
)
def coupled_step(x, h, c, W, U, b):
    """{"h": h', "c": c'}: c' = f ⊙ c + (1 - f) ⊙ g, h' = o ⊙ tanh(c')."""
    a = {k: x @ W[k].T + h @ U[k].T + b[k] for k in "fog"}
    f, o = sigmoid(a["f"]), sigmoid(a["o"])
    g = tanh(a["g"])
    new = f * c + (1 - f) * g
    return {"h": o * tanh(new), "c": new}


# ---- 12 The GRU and after ----


def gru_case(generator):
    """A case of one step of the GRU."""
    case = one_step("rzn")(generator)[0]
    return {**case, "b_u": normal(generator, case["h"].shape[1])}


@problem(
    cases=several(gru_case),
    axes=("batch", "unit"),
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
    hints=(
        "Three lines: the two gates, the candidate, the mixture.",
        "In PyTorch's form the reset gate multiplies the finished product U_n h + b_u, inside tanh.",
        "z near 1 keeps: h' = z ⊙ h + (1 - z) ⊙ n.",
    ),
)
def gru_step(x, h, W, U, b, b_u):
    """h' of the GRU in PyTorch's form, (batch, hidden)."""
    r, z = (sigmoid(x @ W[k].T + h @ U[k].T + b[k]) for k in "rz")
    n = tanh(x @ W["n"].T + b["n"] + r * (h @ U["n"].T + b_u))
    return z * h + (1 - z) * n


@problem(
    cases=several(lambda generator: {name: normal(generator, 3) for name in ("a1", "b1", "a2", "b2")}),
    axes=("unit",),
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
    hints=(
        "Put x_1 = a1 x_0 + b1 into x_2 = a2 x_1 + b2 and multiply out.",
        "x_2 = a2 a1 x_0 + a2 b1 + b2.",
        "a is what stands before x_0; b is the rest.",
    ),
)
def two_steps_in_one(a1, b1, a2, b2):
    """{"a", "b"} of the one step x_2 = a x_0 + b that does step 1, then step 2."""
    return {"a": a1 * a2, "b": a2 * b1 + b2}


def scan_case(generator):
    """A case with the coefficients of a linear recurrence."""
    batch, _, _, hidden = sizes(generator)
    shape = batch, whole(generator, 2, 9), hidden
    return {"a": normal(generator, *shape), "b": normal(generator, *shape)}


@problem(
    cases=several(scan_case),
    axes=("batch", "time", "unit"),
    mistakes={
        "b is left out after the first step": ("a[:, t] * x + b[:, t]", "a[:, t] * x + b[:, t] * (t == 0)"),
        "a is left out: the b are only added up": ("a[:, t] * x", "x"),
        "the state is left out: every step is b alone": ("a[:, t] * x + b[:, t]", "0 * x + b[:, t]"),
        "the a of the step before is used": ("a[:, t]", "a[:, max(t - 1, 0)]"),
        "b passes its own a": ("a[:, t] * x + b[:, t]", "a[:, t] * (x + b[:, t])"),
        "a and b are exchanged": ("a[:, t] * x + b[:, t]", "b[:, t] * x + a[:, t]"),
        "x_0 is 1 instead of 0": ("x = 0 * b[:, 0]", "x = 1 + 0 * b[:, 0]"),
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
    hints=(
        "Each step is a pair (a, b). Combine neighbours as in the problem before, then 2 apart, then 4 apart.",
        "After a round with distance d, entry t holds the combination of steps t - 2d + 1 to t.",
        "Shift by d with zeros for b and ones for a: b = a * shifted b + b, then a = a * shifted a; d = 1, 2, 4, ...",
    ),
)
def parallel_scan(a, b):
    """x_t = a_t ⊙ x_{t-1} + b_t from x_0 = 0, for every t, (batch, time, hidden)."""
    x = 0 * b[:, 0]
    states = []
    for t in range(b.shape[1]):
        x = a[:, t] * x + b[:, t]
        states.append(x)
    return stack(states, 1)


def mingru_case(generator):
    """A case with observations and the weights of minGRU."""
    batch, _, inputs, hidden = sizes(generator)
    x = normal(generator, batch, whole(generator, 2, 5), inputs)
    W, b = ({k: normal(generator, *shape) for k in "zn"} for shape in ((hidden, inputs), (hidden,)))
    return {"x": x, "W": W, "b": b}


@problem(
    cases=several(mingru_case),
    axes=("batch", "time", "unit"),
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
    hints=(
        "Compare h' = z ⊙ h + (1 - z) ⊙ n with x' = a ⊙ x + b. What stands before the old state?",
        "a = z and b = (1 - z) ⊙ n; both come from the observations alone, for all steps at once.",
        'z = sigmoid(x @ W["z"].T + b["z"]) works on (batch, time, input) as it stands.',
    ),
)
def mingru_as_scan(x, W, b):
    """{"a", "b"} of minGRU written as h_t = a_t ⊙ h_{t-1} + b_t, each (batch, time, hidden)."""
    z = sigmoid(x @ W["z"].T + b["z"])
    n = x @ W["n"].T + b["n"]
    return {"a": z, "b": (1 - z) * n}


# ---- 13 Real memory ----


def bracket_places(generator):
    """An instance: which symbol opens a bracket and which one closes it."""
    opens = whole(generator, 0, 2)
    return {"opens": opens, "closes": (opens + whole(generator, 1, 2)) % 3}


@problem(
    cases=lambda generator, opens, closes: every_sequence([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]], 6),
    axes=("sequence", "step"),
    variant=bracket_places,
    act=set_by_hand(LSTMCell, 3, read=nearest, state="c"),
    mistakes={
        "closing brackets are not counted": ("x[:, t, opens] - x[:, t, closes]", "x[:, t, opens]"),
        "opening brackets are not counted": ("x[:, t, opens] - x[:, t, closes]", "-x[:, t, closes]"),
        "closing brackets count like opening ones": ("- x[:, t, closes]", "+ x[:, t, closes]"),
        "opening and closing are exchanged": ("x[:, t, opens] - x[:, t, closes]", "x[:, t, closes] - x[:, t, opens]"),
        "every symbol is counted": ("x[:, t, opens] - x[:, t, closes]", "1"),
        "the other symbol is counted instead of the closing one": ("x[:, t, closes]", "x[:, t, 3 - opens - closes]"),
        "the other symbol is counted instead of the opening one": ("x[:, t, opens]", "x[:, t, 3 - opens - closes]"),
        "nothing is kept from step to step": ("depth = depth +", "depth ="),
        "half of the depth is forgotten at each step (f = 1/2)": ("depth = depth +", "depth = 0.5 * depth +"),
        "each bracket counts one half (i = 1/2)": (
            "x[:, t, opens] - x[:, t, closes]",
            "0.5 * (x[:, t, opens] - x[:, t, closes])",
        ),
        "each bracket counts one half and half is forgotten: f and i are still at 1/2": (
            "depth = depth + x[:, t, opens] - x[:, t, closes]",
            "depth = 0.5 * depth + 0.5 * (x[:, t, opens] - x[:, t, closes])",
        ),
        "the other symbol sets the depth to 0": (
            "depths.append(nearest(depth))",
            "depth = depth * (1 - x[:, t, 3 - opens - closes])\n        depths.append(nearest(depth))",
        ),
        "nothing is counted": ("x[:, t, opens] - x[:, t, closes]", "0"),
        "the candidate falls short of 1: tanh(1) is 0.76": (
            "x[:, t, opens] - x[:, t, closes]",
            "tanh(1) * (x[:, t, opens] - x[:, t, closes])",
        ),
    },
    hints=(
        "A counter keeps all and adds +1, -1 or 0: f near 1, i near 1, and g must be one of the three.",
        "g = tanh(W_g x): a large positive weight at the opening symbol, a large negative one at the closing symbol.",
        "b_f = b_i = 10 and W_g = ±10 bring all of them within 0.0001 of 1.",
    ),
)
def bracket_depth(x, opens, closes):
    """Opening minus closing brackets so far, at every step, (sequence, step)."""
    depth, depths = 0 * x[:, 0, 0], []
    for t in range(x.shape[1]):
        depth = depth + x[:, t, opens] - x[:, t, closes]
        depths.append(nearest(depth))
    return stack(depths, 1)


def probe_case(generator):
    """A case with states, a noisy quantity that depends on them, and new states."""
    units, train = whole(generator, 2, 3), whole(generator, 10, 14)
    h, new = torch.tanh(normal(generator, train, units)), torch.tanh(normal(generator, whole(generator, 2, 5), units))
    y = h @ normal(generator, units) + 2 + 0.3 * normal(generator, train)
    return {"h": h, "y": y, "h_new": new}


@problem(
    cases=several(probe_case),
    axes=("step",),
    mistakes={
        "the probe has no bias": ("add_one(h)", "h", "add_one(h_new)", "h_new"),
        "the probe predicts the mean, whatever h is": ("add_one(h_new) @ w", "mean(y) + 0 * h_new[:, 0]"),
        "the weights are returned instead of the predictions": ("return add_one(h_new) @ w", "return w"),
        "the predictions are for the states it was fitted on": ("add_one(h_new) @ w", "add_one(h) @ w"),
        "the bias is fitted and then left out": ("add_one(h_new) @ w", "h_new @ w[:-1]"),
        "the probe is fitted on h' y without dividing by h' h": (
            "np.linalg.lstsq(add_one(h), y, rcond=None)[0]",
            "add_one(h).T @ y",
        ),
        "the predictions are rounded": ("add_one(h_new) @ w", "np.round(add_one(h_new) @ w)"),
        "the predictions are squashed by tanh": ("add_one(h_new) @ w", "tanh(add_one(h_new) @ w)"),
        "the probe reads one unit alone": (
            "add_one(h), y",
            "add_one(h[:, :1]), y",
            "add_one(h_new)",
            "add_one(h_new[:, :1])",
        ),
        "the last step is left out of the fit": ("add_one(h), y", "add_one(h[:-1]), y[:-1]"),
        "the first step is left out of the fit": ("add_one(h), y", "add_one(h[1:]), y[1:]"),
    },
    hints=(
        "Least squares: find w so that h w is as near to y as possible. torch.linalg.lstsq solves it.",
        "Add a column of ones to h, so that one of the weights is a bias.",
        "Fit on (h, y); return the predictions for h_new, with its own column of ones.",
    ),
)
def linear_probe(h, y, h_new):
    """The predictions for h_new (steps, hidden) of the least-squares probe, with bias, fitted on h and y (steps,)."""
    w = np.linalg.lstsq(add_one(h), y, rcond=None)[0]
    return add_one(h_new) @ w


def add_one(h):
    """h with a last column of ones."""
    return np.concatenate([h, np.ones((len(h), 1))], axis=1)


def square_series(generator):
    """A case as series, with as many sequences as steps: only then does the bug go unnoticed."""
    case = series(generator)
    steps = case["x"].shape[1]
    inputs, hidden = case["x"].shape[2], case["U"].shape[0]
    x = normal(generator, steps, steps, inputs)
    return {"x": x, "h": torch.tanh(normal(generator, steps, hidden)), "W": case["W"], "U": case["U"], "b": case["b"]}


@problem(
    cases=several(square_series),
    axes=("batch", "unit"),
    mistakes={
        "batch and time are exchanged: a step reads one sequence": ("x[:, t]", "x[t]"),
        "the observations are read backwards": ("x[:, t]", "x[:, -1 - t]"),
        "batch and time are exchanged and read backwards": ("x[:, t]", "x[-1 - t]"),
        "the last observation is never read": ("range(x.shape[1])", "range(x.shape[1] - 1)"),
        "the first observation is never read": ("range(x.shape[1])", "range(1, x.shape[1])"),
        "only the last observation is read": ("range(x.shape[1])", "[x.shape[1] - 1]"),
        "only the first observation is read": ("range(x.shape[1])", "[0]"),
        "the given h is ignored and the start is zeros": (
            "tanh(x[:, t] @ W.T + h @ U.T + b)",
            "tanh(x[:, t] @ W.T + (t > 0) * h @ U.T + b)",
        ),
        "every step reads the first observation": ("x[:, t]", "x[:, 0]"),
        "every step reads the mean over time": ("x[:, t]", "mean(x, 1)"),
        "the state never enters": (" + h @ U.T", ""),
    },
    hints=(
        "The axes are (batch, time, feature). Which axis does the loop run over?",
        "x.unbind() without an argument takes the first axis, and that is the batch.",
        "x.unbind(dim=1), or x[:, t].",
    ),
)
def last_state(x, h, W, U, b):
    """h_T of the RNN over x (batch, time, input), (batch, hidden)."""
    for t in range(x.shape[1]):
        h = tanh(x[:, t] @ W.T + h @ U.T + b)
    return h


PROBLEMS = {name: thing for name, thing in list(globals().items()) if isinstance(thing, Problem)}
