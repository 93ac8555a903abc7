"""The memory of four networks of today, each as a cell: what became of the forget gate.

All of them move their memory by one line, c' = f ⊙ c + i ⊙ g, with a factor f in (0, 1) that the input sets at every
step. They differ in how f is made and in what else stands beside it. The symbols are those of cells.py; f, i, o and g
stand where they stand in the LSTM, so that the letters of the papers are other ones: each docstring says which.

Only the recurrence is here. In the published networks it stands among projections, convolutions, normalisations and
residual paths, a dozen times or more. The tests compare it with what the authors' code, or a published port of it,
gives for the same weights (tests/today.json).
"""

import torch
from torch import sigmoid, tanh

from course_lib.cells import Cell


class S6Cell(Cell):
    """The selective state space S6 of Mamba (Gu & Dao 2023), every unit one state of one channel.

    s  = log(1 + exp(W_s x + b_s))              time step
    f  = exp(-s ⊙ exp(p_f))                     forget gate
    i  = s ⊙ (W_i x)                            write factor, any sign
    o  = W_o x                                  read factor, any sign
    g  = W_g x                                  candidate
    c' = f ⊙ c + i ⊙ g
    h' = o ⊙ c'

    In the paper's letters s is Δ, -exp(p_f) is A, W_i x is B and o is C. Its channel has 16 states that share s and g,
    and gives out the sum of their h; all channels share W_i and W_o. Here no row is shared, and the readout sums. Where
    p_f is 0, f is the gate of minGRU, σ(-(W_s x + b_s)).
    """

    gates = ("forget",)
    state = ("h", "c")
    memory = ("forget", "c")
    kept_by = {"b_s": -1}

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.s = self.of_input()
        self.W_i, self.W_o, self.W_g = (self.of_input(bias=False) for _ in range(3))
        self.p_f = self.per_unit()

    def step(self, gate, x, h, c):
        s = torch.log(1 + torch.exp(self.s(x)))
        f = gate("forget", torch.exp(-s * torch.exp(self.p_f)))
        i = s * self.W_i(x)
        c = f * c + i * self.W_g(x)
        h = self.W_o(x) * c
        return {"h": h, "c": c}


class RGLRUCell(Cell):
    """The real-gated linear recurrent unit, RG-LRU, of Griffin (De et al. 2024).

    r  = σ(W_r x + b_r)                         recurrence gate: how much of the decay happens
    i  = σ(W_i x + b_i)                         input gate
    f  = exp(-8 ⊙ r ⊙ log(1 + exp(p_f)))        forget gate; the paper's a
    g  = W_g x + b_g                            candidate
    h' = f ⊙ h + (1 - f ** 2) ** 0.5 ⊙ i ⊙ g    keeps the size of h whatever f is, if the g are independent, of mean 0

    With the decay p_f of a unit, f lies between (1 + exp(p_f)) to the power of -8, where r = 1, and 1, where r = 0.
    """

    gates = ("forget", "input")
    memory = ("forget", "h")
    kept_by = {"b_r": -1}

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.r, self.i, self.g = (self.of_input() for _ in range(3))
        self.p_f = self.per_unit()

    def step(self, gate, x, h):
        r = sigmoid(self.r(x))
        i = gate("input", sigmoid(self.i(x)))
        f = gate("forget", torch.exp(-8 * r * torch.log(1 + torch.exp(self.p_f))))
        h = f * h + (1 - f**2) ** 0.5 * i * self.g(x)
        return {"h": h}


class SLSTMCell(Cell):
    """The sLSTM of xLSTM (Beck et al. 2024), one head: an exponential input gate, a normaliser n, a stabiliser m.

    o  = σ(W_o x + U_o h + b_o)                 output gate
    g  = tanh(W_g x + U_g h + b_g)              candidate; the paper's z
    s  = log(σ(W_f x + U_f h + b_f)) + m        the exponent of the old memory
    t  = W_i x + U_i h + b_i                    the exponent of the new
    m' = maximum(s, t)                          stabiliser: the larger of the two
    f  = exp(s - m')                            forget gate, stabilised
    i  = exp(t - m')                            input gate, stabilised
    c' = f ⊙ c + i ⊙ g
    n' = f ⊙ n + i                              normaliser: the sum of all weights so far
    h' = o ⊙ c' / n'

    m cancels in c' / n': it only keeps the exponentials within the numbers there are.
    """

    gates = ("forget", "input", "output")
    state = ("h", "c", "n", "m")
    memory = ("forget", "c")

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.f, self.i, self.o, self.g = (self.affine() for _ in range(4))

    def step(self, gate, x, h, c, n, m):
        o = gate("output", sigmoid(self.o(x, h)))
        g = tanh(self.g(x, h))
        s = torch.log(sigmoid(self.f(x, h))) + m
        t = self.i(x, h)
        m = torch.maximum(s, t)
        f = gate("forget", torch.exp(s - m))
        i = gate("input", torch.exp(t - m))
        c = f * c + i * g
        n = f * n + i
        h = o * c / n
        return {"h": h, "c": c, "n": n, "m": m}


class GatedLinearAttentionCell(Cell):
    """Gated linear attention, one head (Yang et al. 2023): the memory C is a matrix, a row for each part of a key.

    f  = σ(W_f x + b_f) ** (1 / 16)             forget gate, one for each row
    k  = W_k x                                  key: under which name it is written
    v  = W_v x                                  value: what is written
    q  = W_q x                                  query: which name is asked for

    The paper's α is f, and its W_f has a low rank. Row j of C becomes f_j times itself plus k_j times v; h' is the sum
    over j of q_j times the new row j, divided by the square root of the number of units. With f = 1 this is linear
    attention (Katharopoulos et al. 2020), where keys and queries are made positive and h' is divided by the sum of the
    weights.
    """

    gates = ("forget",)
    state = ("h", "C")
    memory = ("forget", "C")

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.f = self.of_input()
        self.W_k, self.W_v, self.W_q = (self.of_input(bias=False) for _ in range(3))

    def start(self, batch_size):
        """Zeros; C is (batch, hidden, hidden)."""
        first = super().start(batch_size)
        return first | {"C": first["C"][:, :, None].expand(-1, -1, self.hidden_size).contiguous()}

    def step(self, gate, x, h, C):  # noqa: N803
        f = gate("forget", sigmoid(self.f(x)) ** (1 / 16))
        k, v, q = self.W_k(x), self.W_v(x), self.W_q(x)
        C = f[:, :, None] * C + k[:, :, None] * v[:, None, :]  # noqa: N806
        h = torch.einsum("bj,bjk->bk", q, C) / self.hidden_size**0.5
        return {"h": h, "C": C}


TODAY = (S6Cell, RGLRUCell, SLSTMCell, GatedLinearAttentionCell)
