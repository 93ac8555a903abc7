"""How much and what: gates that do not compete, and what a clamped memory comes to hold."""

from numpy import exp

from course_lib.checks.draw import one_of, one_step, several, uniform, whole
from course_lib.checks.judge import problem, sigmoid


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
    hints=(
        "Write the first three steps: i g, then f i g + i g, then ...",
        "It is i g times 1 + f + f² + ... with one term per step: a geometric series.",
        "i g (1 - f^T) / (1 - f), and for f = 1 the sum is T.",
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
def clamped_memory(f, i, g, steps):
    """c_T of c' = f c + i g from c_0 = 0, all three being constant."""
    c = 0.0
    for _ in range(steps):
        c = f * c + i * g
    return c
