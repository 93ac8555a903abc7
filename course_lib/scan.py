"""The linear recurrence x_t = a_t x_{t-1} + b_t: step by step, and in parallel.

What is left of a cell when no gate sees the state (minGRU, minLSTM: Feng et al. 2024): a_t and b_t are known for all
steps before the first one is taken. Then the steps need not wait for each other (Blelloch 1990).

>>> a, b = torch.full((1, 4, 1), 0.5), torch.ones(1, 4, 1)
>>> scan_steps(a, b)[0, :, 0].tolist()
[1.0, 1.5, 1.75, 1.875]
>>> scan_parallel(a, b)[0, :, 0].tolist()
[1.0, 1.5, 1.75, 1.875]
"""

import torch

from course_lib import doors


def scan_steps(a, b, *, start=None):
    """x_t = a_t x_{t-1} + b_t for t = 0, 1, ..., one step after the other.

    a, b     (batch, time, hidden)
    start    x before the first step (batch, hidden); zeros when omitted

    Returns x (batch, time, hidden), differentiable to a, b and start. Raises ValueError for shapes and
    precisions that do not fit and for what is not finite.
    """
    x = check(a, b, start)
    steps = []
    for a_t, b_t in zip(a.unbind(dim=1), b.unbind(dim=1)):
        x = a_t * x + b_t
        steps.append(x)
    return torch.stack(steps, dim=1)


def scan_parallel(a, b, *, start=None):
    """As scan_steps, in log2(time) rounds in which all steps are computed at once.

    Two maps x -> a x + b one after the other are again such a map: (a2, b2) after (a1, b1) is (a2 a1, a2 b1 + b2).
    The first round joins every step with the one before, the next with the two before these, then with four, and so on
    (Hillis & Steele 1986). It multiplies and adds, and never divides or takes a logarithm: where |a| <= 1 nothing can
    overflow that does not overflow step by step, and a may be 0.

    It does log2(time) times the work of scan_steps, which pays where there are processors for all steps.
    """
    x = check(a, b, start)
    b = torch.cat([a[:, :1] * x[:, None] + b[:, :1], b[:, 1:]], dim=1)
    reach = 1
    while reach < b.shape[1]:
        b = torch.cat([b[:, :reach], a[:, reach:] * b[:, :-reach] + b[:, reach:]], dim=1)
        a = torch.cat([a[:, :reach], a[:, reach:] * a[:, :-reach]], dim=1)
        reach *= 2
    return b


def check(a, b, start):
    """The start, zeros when it is None; ValueError unless it and a and b fit."""
    doors.tensor("a scan", "a", a, {"batch": None, "time": None, "hidden": None})
    batch, time, hidden = a.shape
    doors.tensor("a scan", "b", b, {"batch": batch, "time": time, "hidden": hidden}, dtype=a.dtype, device=a.device)
    if start is None:
        return torch.zeros_like(b[:, 0])
    return doors.tensor("a scan", "start", start, {"batch": batch, "hidden": hidden}, dtype=a.dtype, device=a.device)
