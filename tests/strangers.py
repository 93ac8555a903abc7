"""Cells and a task that the course does not have and that are unlike its own: what a newcomer may well add.

Each is written as CONTRIBUTING.md says and nowhere else, so a test of every cell that does not pass on these asks for
more than a cell declares. (The sLSTM is the course's by now, but no cell of CELLS.)
"""

from math import log

import torch
from torch import sigmoid, tanh

from course_lib.cells import Cell
from course_lib.cells_today import SLSTMCell
from course_lib.tasks import Batch, Choice


class LEMCell(Cell):
    """Long expressive memory (Rusch et al. 2022): two states, each with a time step that its gate decides, Δt = 1.

    k  = 1 - σ(W_k x + U_k h + b_k)             keep gate of z; the paper's time step is 1 - k
    j  = 1 - σ(W_j x + U_j h + b_j)             keep gate of h, which is the paper's y
    p  = tanh(W_p x + U_p h + b_p)
    z' = k ⊙ z + (1 - k) ⊙ p
    q  = tanh(W_q x + U_q z' + b_q)
    h' = j ⊙ h + (1 - j) ⊙ q
    """

    gates = ("slow", "fast")
    state = ("h", "z")
    letters = {"slow": "k", "fast": "j"}
    memory = ("slow", "z")
    kept_by = {"b_k": -1}

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.k, self.j, self.p, self.q = (self.affine() for _ in range(4))

    def step(self, gate, x, h, z):
        k = gate("slow", 1 - sigmoid(self.k(x, h)))
        j = gate("fast", 1 - sigmoid(self.j(x, h)))
        p = tanh(self.p(x, h))
        z = k * z + (1 - k) * p
        q = tanh(self.q(x, z))
        h = j * h + (1 - j) * q
        return {"h": h, "z": z}


class SignedMinGRUCell(Cell):
    """minGRU whose factor may be negative, in (-1, 1) (after Grazzi et al. 2024): it can alternate.

    z  = tanh(W_z x + b_z)                      update gate, in (-1, 1)
    n  = W_n x + b_n                            candidate
    h' = z ⊙ h + (1 - z) ⊙ n
    """

    gates = ("update",)
    ranges = {"update": (-1, 1)}
    memory = ("update", "h")

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.z, self.n = self.of_input(), self.of_input()

    def step(self, gate, x, h):
        z = gate("update", tanh(self.z(x)))
        n = self.n(x)
        h = z * h + (1 - z) * n
        return {"h": h}


class MGUCell(Cell):
    """Minimal gated unit (Zhou et al. 2016): one gate resets and writes.

    f  = σ(W_f x + U_f h + b_f)                 the paper's forget gate, which writes
    k  = 1 - f                                  keep gate
    n  = tanh(W_n x + U_n (f ⊙ h) + b_n)        candidate
    h' = k ⊙ h + (1 - k) ⊙ n
    """

    gates = ("keep",)
    letters = {"keep": "k"}
    memory = ("keep", "h")
    kept_by = {"b_f": -1}

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.f, self.n = self.affine(), self.affine()

    def step(self, gate, x, h):
        k = gate("keep", 1 - sigmoid(self.f(x, h)))
        n = tanh(self.n(x, (1 - k) * h))
        h = k * h + (1 - k) * n
        return {"h": h}


class FallingCell(Cell):
    """A unit adds up what it and the units before it see; runs step by step, as no sum over units so far is compiled.

    h' = tanh(cumsum(W x + U h + b, dim=1))
    """

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.h = self.affine()

    def step(self, gate, x, h):
        h = tanh(torch.cumsum(self.h(x, h), dim=1))
        return {"h": h}


STRANGERS = (LEMCell, SLSTMCell, SignedMinGRUCell, MGUCell, FallingCell)


class Parity(Choice):
    """Say whether a number of events is odd: a memory that must be turned over, neither added to nor replaced.

    x = 1 at an event, else 0, for lag + 1 steps; each of the first `lag` steps is an event with probability 1/2. At the
    last step, which is never one, the class is asked for: 1 where the number of events is odd, else 0.

    Lag: the time from the first possible event to the question; the last one may come a step before it.
    Baseline: both classes are equally likely: ln 2.
    """

    input_size, output_size = 1, 2
    baseline = log(2)

    def draw(self, batch_size, generator):
        events = torch.randint(0, 2, (batch_size, self.lag), generator=generator)
        x = torch.cat([events, torch.zeros(batch_size, 1)], dim=1)
        return Batch(x[..., None], events.sum(dim=1) % 2)

    def solve(self, x):
        return torch.tensor([int(sum(value for (value,) in sequence)) % 2 for sequence in x.tolist()])
