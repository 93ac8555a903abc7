"""Where memory goes: the Jacobian of a step, the gradient to the start, and a gradient that was cut off."""

from functools import partial

import torch
from numpy import eye, mean, tanh

from course_lib.checks.draw import normal, one_of, series, several, sizes, uniform, whole
from course_lib.checks.judge import problem


def gains(generator):
    """An instance: the factor in front of what tanh squashes."""
    return {"gain": one_of(generator, (0.25, 0.5, 1.5, 2, 3, 4))}


def new_state(generator):
    """A case with a state after tanh and a recurrent matrix."""
    batch, _, _, hidden = sizes(generator)
    return {"h_new": torch.tanh(normal(generator, batch, hidden)), "U": normal(generator, hidden, hidden)}


@problem(
    cases=several(new_state),
    variant=gains,
    default={"gain": 1},
    solve=lambda gain: lambda h_new, U: gain * (1 - h_new**2).unsqueeze(-1) * U,
    axes=("batch", "unit of h'", "unit of h"),
    hints=(
        "Write unit k of h' alone: tanh(gain (Σ_j U[k, j] h[j] + ...)). Differentiate it with respect to h[j].",
        "The slope of tanh at its output y is 1 - y².",
        "Row k of U is multiplied by the slope of unit k: give the slope a new last axis.",
    ),
    planted=[
        ("the slope of tanh is left out", "(1 - h_new**2).unsqueeze(-1) * U", "U.expand(len(h_new), -1, -1)"),
        ("the slope multiplies the columns of U instead of its rows", "unsqueeze(-1)", "unsqueeze(-2)"),
        ("the slope is 1 - h' instead of 1 - h'²", "h_new**2", "h_new"),
        ("the slope is that of σ, h' (1 - h')", "(1 - h_new**2)", "(h_new * (1 - h_new))"),
        ("the slope is (1 - h')²", "(1 - h_new**2)", "((1 - h_new) ** 2)"),
        ("tanh is applied to h' once more", "h_new**2", "tanh(h_new) ** 2"),
        ("the slope alone is returned, as a diagonal", "* U", "* torch.eye(len(U))"),
        ("Every number has the wrong sign.", "(1 - h_new**2)", "(h_new**2 - 1)"),
        ("the identity is added", "* U", "* U + torch.eye(len(U))"),
    ],
    mistakes={
        "the slope of tanh is left out": ("(1 - h_new[:, :, None] ** 2) * U", "(1 + 0 * h_new[:, :, None]) * U"),
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
)
def rnn_jacobian(h_new, U, gain):
    """d h' / d h of h' = tanh(gain (W x + U h + b)), (batch, hidden, hidden): entry [k, j] is d h'_k / d h_j."""
    return gain * (1 - h_new[:, :, None] ** 2) * U


def many_states(generator):
    """A case with a series of states after tanh and a recurrent matrix."""
    batch, _, _, hidden = sizes(generator)
    steps = whole(generator, 2, 5)
    return {"states": torch.tanh(normal(generator, batch, steps, hidden)), "U": normal(generator, hidden, hidden)}


@problem(
    cases=several(many_states),
    variant=gains,
    default={"gain": 1},
    solve=lambda gain: partial(chained, gain),
    axes=("batch", "unit of h_T", "unit of h_0"),
    hints=(
        "By the chain rule d h_T / d h_0 is a product of one Jacobian per step.",
        "The Jacobian of the last step stands on the left.",
        "Start from the identity and, from the first step to the last, multiply each Jacobian from the left.",
    ),
    planted=[
        (
            "the steps are multiplied in the wrong order",
            "(1 - states[:, t] ** 2).unsqueeze(-1) * (U @ total)",
            "total @ ((1 - states[:, t] ** 2).unsqueeze(-1) * U)",
        ),
        ("the slope of tanh is left out", "(1 - states[:, t] ** 2).unsqueeze(-1) * (U @ total)", "U @ total"),
        (None, "U @ total", "U * total"),
        (None, "unsqueeze(-1)", "unsqueeze(-2)"),
        (
            "the slope multiplies the columns instead of the rows",
            "(1 - states[:, t] ** 2).unsqueeze(-1) * (U @ total)",
            "((1 - states[:, t] ** 2).unsqueeze(-2) * U) @ total",
        ),
        ("the first state is used at every step", "states[:, t]", "states[:, 0]"),
        (None, "return total", "return total.transpose(1, 2)"),
        (None, " ** 2)", ")"),
        (
            "the Jacobians are multiplied component by component",
            "(U @ total)",
            "U * total",
            "torch.eye(len(U))",
            "torch.ones(len(U), 1)",
        ),
    ],
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
)
def gradient_to_the_start(states, U, gain):
    """d h_T / d h_0, (batch, hidden, hidden), from the states h_1 to h_T (batch, time, hidden)."""
    total = eye(len(U))
    for t in range(states.shape[1]):
        total = gain * (1 - states[:, t, :, None] ** 2) * (U @ total)
    return total


def chained(gain, states, U):
    """d h_T / d h_0 as one product of Jacobians."""
    total = torch.eye(len(U)).expand(len(states), -1, -1)
    for h in states.unbind(1):
        total = gain * (1 - h**2).unsqueeze(-1) * (U @ total)
    return total


def with_target(generator):
    """A case as series, with a target y for the last state."""
    case = series(generator)
    return {**case, "y": normal(generator, *case["h"].shape)}


BY = "WUbh"  # the loss is differentiated with respect to these


def loss_and_slopes(answer, case):
    """The answer's loss, and its derivatives with respect to the weights and the first state."""
    case = {name: value.clone().requires_grad_(name in BY) for name, value in case.items()}
    loss = answer(*case.values())
    if isinstance(loss, torch.Tensor) and loss.numel() == 1:
        loss = loss.reshape(())
    if type(loss) is not torch.Tensor or loss.dim() or not loss.requires_grad:
        return {"loss": loss} | {f"dL/d{name}": torch.zeros_like(case[name]) for name in BY}
    slopes = torch.autograd.grad(loss, [case[name] for name in BY], materialize_grads=True, allow_unused=True)
    return {"loss": loss} | {f"dL/d{name}": slope for name, slope in zip(BY, slopes)}


@problem(
    cases=several(with_target),
    act=loss_and_slopes,
    hints=(
        "The loss is right. What is wrong shows only in its derivatives: which line keeps them from reaching the past?",
        "detach() hands on the numbers and drops how they were made.",
        "Carry h itself to the next step, with its history.",
    ),
    planted=[
        ("the state is cut off (detach) at every step", "h @ U.T", "h.detach() @ U.T"),
        ("the state is cut off (detach) before the loop", "    for t", "    h = h.detach(); loop = 1\n    for t"),
        (
            "the loss is cut off (detach, item or no_grad)",
            "return ((h - y) ** 2).mean()",
            "return ((h - y) ** 2).mean().detach()",
        ),
        (
            "the loss is cut off (detach, item or no_grad)",
            "return ((h - y) ** 2).mean()",
            "return ((h - y) ** 2).mean().item()",
        ),
        ("the squared errors are added up instead of averaged", "mean()", "sum()"),
        ("the squared errors are halved", "mean()", "mean() / 2"),
        ("the errors are not squared", " ** 2)", ")"),
        ("the sizes of the errors are averaged", "((h - y) ** 2)", "(h - y).abs()"),
        ("the weights U are cut off (detach)", "h @ U.T", "h @ U.detach().T"),
        ("the weights W are cut off (detach)", "@ W.T", "@ W.detach().T"),
        ("the bias b is cut off (detach)", "+ b)", "+ b.detach())"),
        ("the state never advances", "    for t", "    first = h\n    for t", "h @ U.T", "first @ U.T"),
        ("the start is zeros instead of the given h", "    for t", "    h = torch.zeros_like(h)\n    for t"),
        (None, " + b)", ")"),
    ],
    mistakes={
        "the state is cut off (detach) at every step": ("grad = grad @ U", "grad = 0 * grad"),
        "the state is cut off (detach) before the loop": ('"dL/dh": grad', '"dL/dh": 0 * grad'),
        "the loss is cut off (detach, item or no_grad)": (
            "return found",
            'return {name: one if name == "loss" else 0 * one for name, one in found.items()}',
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
        "the first observation is used at every step": ("x[:, t] @", "x[:, 0] @", "@ x[:, t]", "@ x[:, 0]"),
        "the weights W are cut off (detach)": ('"dL/dW": dW', '"dL/dW": 0 * dW'),
        "the bias b is cut off (detach)": ('"dL/db": db', '"dL/db": 0 * db'),
        "the weights U are cut off (detach)": ('"dL/dU": dU', '"dL/dU": 0 * dU'),
        "the start is zeros instead of the given h": (
            "states = [h]",
            "h = 0 * h\n    states = [h]",
            '"dL/dh": grad',
            '"dL/dh": 0 * grad',
        ),
    },
)
def loss_through_time(x, h, W, U, b, y):
    """The loss mean((h_T - y)²), a scalar that autograd can follow back to h_0."""
    states = [h]
    for t in range(x.shape[1]):
        h = tanh(x[:, t] @ W.T + h @ U.T + b)
        states.append(h)
    error = states[-1] - y
    grad, dW, dU, db = 2 * error / error.size, 0 * W, 0 * U, 0 * b
    for t in reversed(range(x.shape[1])):
        grad = grad * (1 - states[t + 1] ** 2)
        db += grad.sum(0)
        dW += grad.T @ x[:, t]
        dU += grad.T @ states[t]
        grad = grad @ U
    found = {"loss": mean(error**2), "dL/dW": dW, "dL/dU": dU, "dL/db": db, "dL/dh": grad}
    return found


def trained(decay, W, x, y, rate, clip, updates):
    """W after so many updates of PyTorch's own descent."""
    W = torch.nn.Parameter(W.clone())
    descent = torch.optim.SGD([W], lr=rate, weight_decay=0)
    for _ in range(updates):
        descent.zero_grad()
        (((x @ W.T - y) ** 2).mean() + decay / 2 * (W**2).sum()).backward()
        torch.nn.utils.clip_grad_norm_([W], clip)
        descent.step()
    return W


def to_train(generator):
    """A case with a readout, what it reads and should say, and how it is trained."""
    batch, inputs, outputs = whole(generator, 3, 6), whole(generator, 2, 3), whole(generator, 2, 4)
    case = {"W": normal(generator, outputs, inputs), "x": normal(generator, batch, inputs)}
    case |= {"y": 3 * normal(generator, batch, outputs), "rate": uniform(generator, 0.1, 0.3)}
    return {**case, "clip": one_of(generator, (0.3, 1.0, 30.0)), "updates": whole(generator, 2, 5)}


@problem(
    cases=several(to_train),
    variant=lambda generator: {"decay": one_of(generator, (0.1, 0.2, 0.3, 0.5, 1.0))},
    default={"decay": 0.0},
    solve=lambda decay: partial(trained, decay),
    axes=("output", "input"),
    hints=(
        "One update: the gradient of the loss, its norm, a factor that is at most 1, a step downhill. Then again.",
        "With respect to W, mean((x Wᵀ - y)²) has the derivative 2 (x Wᵀ - y)ᵀ x / their number; add decay · W.",
        "scale = min(1, clip / norm); W = W - rate * scale * grad.",
    ),
    planted=[(None, "rate * scale * grad", "rate * scale * grad / updates")],
    mistakes={
        "the gradient is never clipped": ("rate * scale * grad", "rate * grad"),
        "the gradient always gets the norm clip, also a small one": ("min(1, clip / norm)", "clip / norm"),
        "each number of the gradient is clipped by itself": ("rate * scale * grad", "rate * grad.clip(-clip, clip)"),
        "the step goes uphill": ("W - rate", "W + rate"),
        "only one update is made": ("range(updates)", "range(1)"),
        "there is one update too many": ("range(updates)", "range(updates + 1)"),
        "the factor 2 of the square is left out": ("2 * error.T", "error.T"),
        "the errors are added up instead of averaged": (" / (len(y) * len(W))", ""),
        "the mean is over the sequences alone": ("(len(y) * len(W))", "len(y)"),
        "the squared norm stands where the norm should": ("** 0.5", "** 1"),
    },
)
def train_readout(W, x, y, rate, clip, updates, decay):
    """W (output, input) after descent on mean((x Wᵀ - y)²) + decay/2 ΣW², each gradient's norm clipped to clip."""
    for _ in range(updates):
        error = x @ W.T - y
        grad = 2 * error.T @ x / (len(y) * len(W)) + decay * W
        norm = (grad**2).sum() ** 0.5
        scale = min(1, clip / norm)
        W = W - rate * scale * grad
    return W
