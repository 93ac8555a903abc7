"""How much and what: gates that do not compete, and what a clamped memory comes to hold."""

from itertools import combinations

import numpy as np
import torch
from numpy import exp

from course_lib.bare import bare
from course_lib.cells import LSTMCell
from course_lib.checks.draw import drawn_for, one_of, one_step, several, uniform, whole
from course_lib.checks.judge import problem, sigmoid
from course_lib.checks.reading import choices, in_words, new_figure, read_off
from course_lib.initialise import gate_bias
from course_lib.unroll import unroll


def softmax(a, axis):
    """exp(a), divided by its sum over the axis."""
    e = exp(a - a.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


@problem(
    cases=one_step("fio"),
    axes=("batch", "unit"),
    hints=(
        "Add up the forget gate over the units. Which sum does a memory with four units need, if all are to be kept?",
        "A softmax makes the units compete: they sum to 1. Each unit must decide for itself.",
        "Replace the softmax by σ, unit by unit.",
    ),
    planted=[
        (
            "the gates are a softmax over the units",
            "sigmoid(x @ W[k].T + h @ U[k].T + b[k])",
            "torch.softmax(x @ W[k].T + h @ U[k].T + b[k], dim=-1)",
        ),
        (
            "the gates are a softmax over the batch",
            "sigmoid(x @ W[k].T + h @ U[k].T + b[k])",
            "torch.softmax(x @ W[k].T + h @ U[k].T + b[k], dim=0)",
        ),
        ("the gates go through tanh", "sigmoid(x", "torch.tanh(x"),
        (
            "the gates are half of 1 + tanh(a), which is σ(2a)",
            "{k: sigmoid(x @ W[k].T + h @ U[k].T + b[k])",
            "{k: (torch.tanh(x @ W[k].T + h @ U[k].T + b[k]) + 1) / 2",
        ),
        (
            "the gates are hard: 0 or 1",
            "{k: sigmoid(x @ W[k].T + h @ U[k].T + b[k])",
            "{k: (x @ W[k].T + h @ U[k].T + b[k] > 0).float()",
        ),
        (
            "the gates are clipped instead of squashed",
            "{k: sigmoid(x @ W[k].T + h @ U[k].T + b[k])",
            "{k: (x @ W[k].T + h @ U[k].T + b[k]).clamp(0, 1)",
        ),
        (
            "the squashing function is left out",
            "sigmoid(x @ W[k].T + h @ U[k].T + b[k])",
            "x @ W[k].T + h @ U[k].T + b[k]",
        ),
        ("the gates are upside down: 1 - σ", "sigmoid(x", "1 - sigmoid(x"),
        (
            "σ is applied twice",
            "sigmoid(x @ W[k].T + h @ U[k].T + b[k])",
            "sigmoid(sigmoid(x @ W[k].T + h @ U[k].T + b[k]))",
        ),
        (None, "return {k:", "return {k.upper():"),
    ],
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
    variant=lambda generator: {"start": one_of(generator, (-2.0, -1.0, 0.5, 1.0, 2.0, 3.0))},
    default={"start": 0.0},
    solve=lambda start: lambda f, i, g, steps: start * f**steps + i * g * sum(f**k for k in range(steps)),
    hints=(
        "Write the first three steps: i g, then f i g + i g, then ...",
        "It is i g times 1 + f + f² + ... with one term per step: a geometric series.",
        "i g (1 - f^T) / (1 - f), and for f = 1 the sum is T; of start, f^T is left.",
    ),
    planted=[
        ("the forget gate is ignored: everything adds up", "    if f == 1:", "    f = 1\n    if f == 1:"),
        ("only the last candidate counts", "i * g * (1 - f**steps) / (1 - f)", "i * g", "i * g * steps", "i * g"),
        (
            "the input gate is left out",
            "i * g * (1 - f**steps) / (1 - f)",
            "g * (1 - f**steps) / (1 - f)",
            "i * g * steps",
            "g * steps",
        ),
        ("the two are tied: the new part gets 1 - f", "    if f == 1:", "    i = 1 - f\n    if f == 1:"),
        ("i and f are swapped", "    if f == 1:", "    i, f = f, i\n    if f == 1:"),
        ("there is one step too many", "    if f == 1:", "    steps = steps + 1\n    if f == 1:"),
        ("there is one step too few", "    if f == 1:", "    steps = steps - 1\n    if f == 1:"),
        ("the new part passes the forget gate at once", "return i * g", "return f * i * g"),
        ("the limit for endless time is given", "(1 - f**steps) /", "1 / "),
        (None, "i * g * steps", "i * g"),
        (
            "tanh is applied, as if h were asked for",
            "return i * g * (1 - f**steps) / (1 - f)",
            "return torch.tanh(torch.tensor(i * g * (1 - f**steps) / (1 - f)))",
            "return i * g * steps",
            "return torch.tanh(torch.tensor(i * g * steps))",
        ),
        (
            "Every number has the wrong sign.",
            "return i * g * steps",
            "return -i * g * steps",
            "return i * g * (1",
            "return -i * g * (1",
        ),
    ],
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
)
def clamped_memory(f, i, g, steps, start):
    """c_T of c' = f c + i g from c_0 = start, all three being constant."""
    c = start
    for _ in range(steps):
        c = f * c + i * g
    return c


def gate_trace(seed):
    """f, i and g of one unit over 16 steps: some steps replace, some add, some clear, most keep."""
    generator = drawn_for("trace", str(seed))
    f, i = np.ones(16), np.zeros(16)
    g = np.round(np.array([uniform(generator, -0.9, 0.9) for _ in range(16)]), 1)
    g[g == 0] = 0.3
    first, clear, again, add = sorted(torch.randperm(13, generator=generator)[:4].tolist())
    f[[clear, again]] = 0
    i[[first, again, add + 2]] = 1
    return f, i, g


def traced(seed):
    """The figure: the gates and the candidate of one unit, and not its memory."""
    figure, axes = new_figure(3, height=4.5)
    rows = dict(zip(("forget gate", "input gate", "candidate"), gate_trace(seed)))
    for ax, (name, values) in zip(axes, rows.items()):
        ax.bar(range(16), values)
        ax.set(ylabel=name, xticks=range(16), ylim=(-1, 1) if name == "candidate" else (0, 1))
        ax.grid(True, alpha=0.4)
    axes[-1].set(xlabel="step", yticks=[k / 5 for k in range(-5, 6)])
    return figure, "Bars over 16 steps. " + in_words(rows, "step", every=1)


@problem(
    cases=lambda generator, seed: [{}],
    variant=lambda generator: {"seed": whole(generator, 0, 10**6)},
    default={"seed": 1},
    show=lambda seed: {},
    draw=traced,
    act=read_off(lambda value: np.round(value, 1)),
    solve=lambda seed: lambda: gate_reading(*gate_trace(seed)),
    hints=(
        "Go from left to right and keep the memory in your head: what does each step do to it?",
        "f = 0 and i = 1 replaces, f = 1 and i = 1 adds, f = 0 and i = 0 clears, f = 1 and i = 0 keeps.",
        "The step at which it was last replaced decides; what was added later comes on top.",
    ),
    planted=[
        ("what was added later is left out", '"step": 6, "c": -1.3', '"step": 6, "c": -0.6'),
        ("the forget gate is taken to forget when it is high", '"step": 6, "c": -1.3', '"step": 6, "c": 0.0'),
        ("nothing is ever forgotten", '"step": 6, "c": -1.3', '"step": 6, "c": -1.0'),
        ("every candidate is written", '"step": 6, "c": -1.3', '"step": 6, "c": -1.2'),
        ("only the last step that writes counts", '"step": 6, "c": -1.3', '"step": 6, "c": -0.7'),
        ("the first step that writes is given", '"step": 6, "c": -1.3', '"step": 3, "c": -1.3'),
        (
            "the last step that clears or replaces counts as one that adds",
            '"step": 6, "c": -1.3',
            '"step": 11, "c": -1.3',
        ),
        ("the step that clears is given", '"step": 6, "c": -1.3', '"step": 4, "c": -1.3'),
        ("step is right; c is not.", '"c": -1.3', '"c": 0.2'),
    ],
    mistakes={
        "what was added later is left out": ("c = f[t] * c + i[t] * g[t]", "c = f[t] * c + i[t] * g[t] * (f[t] < 0.5)"),
        "the forget gate is taken to forget when it is high": ("f[t] * c", "(1 - f[t]) * c"),
        "nothing is ever forgotten": ("c = f[t] * c", "c = c"),
        "every candidate is written": ("i[t] * g[t]", "g[t]"),
        "only the last step that writes counts": ("c = f[t] * c + i[t] * g[t]", "c = g[t] if i[t] else c"),
        "the first step that writes is given": (
            "step = t if f[t] < 0.5 and i[t] > 0.5 else step",
            "step = t if i[t] > 0.5 and not step else step",
        ),
        "the last step that clears or replaces counts as one that adds": ("f[t] < 0.5 and i[t] > 0.5", "i[t] > 0.5"),
        "the step that clears is given": ("f[t] < 0.5 and i[t] > 0.5", "f[t] < 0.5 and i[t] < 0.5"),
        "the candidate of the last step is given": ("np.round(c, 1)", "g[-1]"),
    },
)
def read_gates(seed):
    """{"step": where the memory was last replaced, "c": what it holds at the end, to one digit}."""
    f, i, g = gate_trace(seed)
    c, step = 0.0, 0
    for t in range(16):
        c = f[t] * c + i[t] * g[t]
        step = t if f[t] < 0.5 and i[t] > 0.5 else step
    return {"step": step, "c": np.round(c, 1)}


def gate_reading(f, i, g):
    """What is to be read from a trace."""
    step = max(t for t in range(16) if f[t] < 0.5 and i[t] > 0.5)
    return {"step": step, "c": float(g[step] + sum(g[t] for t in range(step + 1, 16) if i[t] > 0.5))}


DISEASES = {  # of a training run: what is wrong with it, as settings of `ill`
    "rate too high": {"rate": 3.0},
    "rate too low": {"rate": 1e-5},
    "forget gate shut": {"bias": -6.0},
    "targets shuffled": {"shuffled": True},
    "answer among the inputs": {"leak": True},
}
UPDATES = 50


def ill(seed, *, rate=0.03, bias=1.0, shuffled=False, leak=False):
    """Loss, norm of the gradient and mean forget gate of an LSTM that learns to keep a bit for six steps."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        cell = LSTMCell(2, 6)
        gate_bias(cell, "forget").data.fill_(bias)
        read, history = torch.nn.Linear(6, 1), []
        weights = [*cell.parameters(), *read.parameters()]
        steps = torch.optim.Adam(weights, lr=rate)
        for _ in range(UPDATES):
            x = torch.zeros(24, 7, 2)
            bit = torch.randint(0, 2, (24,)) * 2.0 - 1
            x[:, 0, 0], x[:, -1, 1] = bit, bit if leak else 0.0
            y = bit[torch.randperm(24)] if shuffled else bit
            trace = unroll(cell, x)
            loss = ((read(trace["h"][:, -1])[:, 0] - y) ** 2).mean()
            steps.zero_grad()
            loss.backward()
            norm = float(sum((w.grad**2).sum() for w in weights)) ** 0.5
            history.append((loss.item(), norm, trace["forget"].mean().item()))
            steps.step()
    return np.array(history).T


def runs_of(seed):
    """{run: its disease} of an instance."""
    order = torch.randperm(5, generator=drawn_for("runs", str(seed))).tolist()
    return {run: list(DISEASES)[k] for run, k in zip("ABCDE", order)}


def five_runs(seed):
    """The figure: loss, gradient and forget gate of five runs, each trained as you look."""
    figure, axes = new_figure(3, height=6.5)
    runs = {f"run {run}": ill(seed, **DISEASES[disease]) for run, disease in runs_of(seed).items()}
    rows, said = ("loss", "norm of the gradient", "mean forget gate"), []
    for ax, name, scale, *curves in zip(axes, rows, ("log", "log", "linear"), *runs.values()):
        ax.plot(np.transpose(curves), label=list(runs))
        ax.set(ylabel=name, yscale=scale)
        said.append(f"The {name}. " + in_words(dict(zip(runs, curves)), "update", every=7))
    axes[0].axhline(1, color="grey", linestyle=":")
    axes[0].legend(ncols=5, fontsize="small")
    axes[-1].set(xlabel="update", ylim=(0, 1))
    return figure, " ".join(said)


def told(answer, case):
    """The diseases that an answer names, in small letters."""
    return choices(dict(bare(answer())), list(DISEASES), list("ABCDE"))


def taken(found, *pair):
    """The same diagnoses, with two diseases taken for each other."""
    other = dict(zip(pair, reversed(pair)))
    return {run: other.get(disease, disease) for run, disease in found.items()}


@problem(
    cases=lambda generator, seed: [{}],
    variant=lambda generator: {"seed": whole(generator, 0, 10**6)},
    default={"seed": 0},
    show=lambda seed: {},
    draw=five_runs,
    key=lambda given: runs_of(given["seed"]),
    act=told,
    form='a dict of five runs, {"A": "rate too low", ...}',
    solve=lambda seed: lambda: runs_of(seed),
    hints=(
        "A loss of 1 is what a constant guess gets. Which runs never leave it, and which leave it at once?",
        "Three runs stay at 1: look at their gradient and their gate. Who cannot see the bit, who hardly moves?",
        "A shut gate shows in the gate. A rate too low moves nothing; shuffled targets keep the gradient noisy.",
    ),
    planted=[
        (
            f"“{one}” and “{other}” are taken for each other",
            f'"{one}"',
            "X",
            f'"{other}"',
            f'"{one}"',
            "X",
            f'"{other}"',
        )
        for one, other in combinations(DISEASES, 2)
    ],
    mistakes={
        f"“{one}” and “{other}” are taken for each other": ("return found", f"return taken(found, {one!r}, {other!r})")
        for one, other in combinations(DISEASES, 2)
    },
)
def diagnose_runs(seed):
    """{"A": disease, ...} of the five runs."""
    found = runs_of(seed)
    return found
