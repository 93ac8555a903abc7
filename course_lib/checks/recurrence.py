"""Recurrence: one step, a state through time, and two losses that any forecast must beat."""

from numpy import mean, stack, tanh

from course_lib.checks.draw import normal, one_step, series, several, uniform, whole
from course_lib.checks.judge import problem


@problem(
    cases=one_step(""),
    axes=("batch", "unit"),
    hints=(
        "There are three terms inside tanh: one from x, one from h, one constant.",
        "x is (batch, input) and W is (hidden, input): which product of the two is (batch, hidden)?",
        "x @ W.T is W x for every sequence of the batch.",
    ),
    planted=[
        (None, "tanh(", "torch.relu("),
        (None, "x @ W.T + h @ U.T + b", "(x @ W.T) * (h @ U.T) + b"),
    ],
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
)
def rnn_step(x, h, W, U, b):
    """h' = tanh(W x + U h + b), (batch, hidden)."""
    return tanh(x @ W.T + h @ U.T + b)


@problem(
    cases=several(series),
    axes=("batch", "time", "unit"),
    hints=(
        "Print h after each step. Which h does step 2 start from?",
        "The result of a step has to become the h of the next step.",
        "Assign the new state to h inside the loop, then append h.",
    ),
    planted=[
        ("time is the first axis of the result", "dim=1", "dim=0"),
        (
            "Time runs backwards: the last step comes first.",
            "torch.stack(states, dim=1)",
            "torch.stack(states[::-1], dim=1)",
        ),
        ("Only the last step is returned.", "torch.stack(states, dim=1)", "states[-1]"),
    ],
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
    hints=(
        "Persistence says: the next observation equals this one.",
        "x[1:] is what came next; x[:-1] is what was seen.",
        "Square, then take the mean over steps and channels.",
    ),
    planted=[
        ("the squares are added up instead of averaged", "mean()", "sum()"),
        ("the root of the mean is taken", "mean()", "mean() ** 0.5"),
        ("the forecast is the mean of the series", "x[1:] - x[:-1]", "x[1:] - x.mean(dim=0)"),
        (None, "x[1:] - x[:-1]", "x"),
        ("Every number is half of what it should be.", ".mean()", ".mean() / 2"),
    ],
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
    hints=(
        "The best constant guess of a quantity is its mean. What is then the mean squared error called?",
        "Variances of independent numbers add up.",
        "The variance of a number uniform in [low, high] is (high - low)² / 12.",
    ),
    planted=[
        (None, "/ 12", "/ 3"),
    ],
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
)
def adding_baseline(low, high, count):
    """The loss of the best constant guess of the sum of count numbers, each uniform in [low, high]."""
    return count * (high - low) ** 2 / 12
