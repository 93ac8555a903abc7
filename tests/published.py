"""Recurrent cells from the literature, each written as its authors write it, on which the compiled path is tried."""

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

from course_lib.cells import Cell


class LEMCell(Cell):
    """Long expressive memory (Rusch et al. 2022), as in their repository: one matrix on x and one on y, cut."""

    state = ("h", "z")

    def __init__(self, input_size, hidden_size, dt=0.8):
        super().__init__(input_size, hidden_size)
        self.dt = dt
        self.inp2hid = nn.Linear(input_size, 4 * hidden_size)
        self.hid2hid = nn.Linear(hidden_size, 3 * hidden_size)
        self.transform_z = nn.Linear(hidden_size, hidden_size)

    def step(self, gate, x, h, z):
        i_dt1, i_dt2, i_z, i_y = self.inp2hid(x).chunk(4, 1)
        h_dt1, h_dt2, h_y = self.hid2hid(h).chunk(3, 1)
        ms_dt_bar = self.dt * torch.sigmoid(i_dt1 + h_dt1)
        ms_dt = self.dt * torch.sigmoid(i_dt2 + h_dt2)
        z = (1.0 - ms_dt) * z + ms_dt * torch.tanh(i_y + h_y)
        h = (1.0 - ms_dt_bar) * h + ms_dt_bar * torch.tanh(self.transform_z(z) + i_z)
        return {"h": h, "z": z}


class MGUCell(Cell):
    """Minimal gated unit (Zhou et al. 2016)."""

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.f = nn.Linear(input_size + hidden_size, hidden_size)
        self.h = nn.Linear(input_size + hidden_size, hidden_size)

    def step(self, gate, x, h):
        f = torch.sigmoid(self.f(torch.cat([h, x], dim=-1)))
        candidate = torch.tanh(self.h(torch.cat((f * h, x), dim=-1)))
        return {"h": torch.lerp(h, candidate, f)}


class MultiplicativeLSTMCell(Cell):
    """Multiplicative LSTM (Krause et al. 2016)."""

    state = ("h", "c")

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.mx = nn.Linear(input_size, hidden_size, bias=False)
        self.mh = nn.Linear(hidden_size, hidden_size, bias=False)
        self.x, self.m = nn.Linear(input_size, 4 * hidden_size), nn.Linear(hidden_size, 4 * hidden_size, bias=False)

    def step(self, gate, x, h, c):
        m = self.mx(x) * self.mh(h)
        i, f, o, g = torch.split(self.x(x) + self.m(m), self.hidden_size, dim=1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        return {"h": torch.tanh(c) * torch.sigmoid(o), "c": c}


class LayerNormLSTMCell(Cell):
    """LSTM with layer normalisation (Ba et al. 2016): of both products, and of the cell state as it is read."""

    state = ("h", "c")

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.x, self.h = nn.Linear(input_size, 4 * hidden_size), nn.Linear(hidden_size, 4 * hidden_size, bias=False)
        self.norm_x, self.norm_h = nn.LayerNorm(4 * hidden_size), nn.LayerNorm(4 * hidden_size)
        self.norm_c = nn.LayerNorm(hidden_size)

    def step(self, gate, x, h, c):
        f, i, o, g = (self.norm_x(self.x(x)) + self.norm_h(self.h(h))).chunk(4, dim=1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        return {"h": torch.sigmoid(o) * torch.tanh(self.norm_c(c)), "c": c}


class SLSTMCell(Cell):
    """The sLSTM of xLSTM (Beck et al. 2024): exponential gates, a normaliser n and a stabiliser m; R block-diagonal."""

    state = ("h", "c", "n", "m")

    def __init__(self, input_size, hidden_size, heads=None):
        super().__init__(input_size, hidden_size)
        self.heads = heads or (2 if hidden_size % 2 == 0 else 1)
        size = hidden_size // self.heads
        self.W = nn.Linear(input_size, 4 * hidden_size)
        self.R = nn.Parameter(torch.randn(4, self.heads, size, size) / size**0.5)
        self.group_norm = nn.GroupNorm(self.heads, hidden_size)

    def step(self, gate, x, h, c, n, m):
        heads = h.view(h.shape[0], self.heads, -1)
        R = [torch.einsum("bhd,hde->bhe", heads, R).reshape(h.shape[0], -1) for R in self.R]  # noqa: N806
        z, i, f, o = (w + r for w, r in zip(self.W(x).chunk(4, dim=-1), R))
        log_f = F.logsigmoid(f)
        m_new = torch.maximum(log_f + m, i)
        i, f = torch.exp(i - m_new), torch.exp(log_f + m - m_new)
        c = f * c + i * torch.tanh(z)
        n = f * n + i
        h = torch.sigmoid(o) * self.group_norm(c / n)
        return {"h": h, "c": c, "n": n, "m": m_new}


class BlockGRUCell(Cell):
    """A GRU whose recurrent matrices are block-diagonal, a block per head, by bmm over slices of the state."""

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.x = nn.Linear(input_size, 3 * hidden_size)
        sizes = [hidden_size // 2, hidden_size - hidden_size // 2] if hidden_size > 1 else [1]
        self.blocks = nn.ModuleList([nn.Linear(size, 3 * size, bias=False) for size in sizes])
        self.sizes = sizes

    def step(self, gate, x, h):
        products = [block(part).chunk(3, dim=1) for block, part in zip(self.blocks, h.split(self.sizes, dim=1))]
        r, z, n = (torch.cat(parts, dim=1) for parts in zip(*products))
        x_r, x_z, x_n = self.x(x).chunk(3, dim=1)
        r, z = torch.sigmoid(x_r + r), torch.sigmoid(x_z + z)
        n = torch.tanh(x_n + r * n)
        return {"h": n + z * (h - n)}


class MLSTMCell(Cell):
    """The mLSTM of xLSTM (Beck et al. 2024): its memory C is a matrix, written by keys and values, read by queries."""

    state = ("h", "C", "n", "m")

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.qkv = nn.Linear(input_size, 3 * hidden_size)
        self.i_f = nn.Linear(input_size, 2)
        self.o = nn.Linear(input_size, hidden_size)

    def start(self, batch_size):
        zeros = self.o.weight.new_zeros
        d = self.hidden_size
        return {"h": zeros(batch_size, d), "C": zeros(batch_size, d, d), "n": zeros(batch_size, d),
                "m": zeros(batch_size, 1)}  # fmt: skip

    def step(self, gate, x, h, C, n, m):  # noqa: N803
        q, k, v = self.qkv(x).chunk(3, dim=-1)
        k = k / self.hidden_size**0.5
        i, f = self.i_f(x).split(1, dim=1)
        log_f = F.logsigmoid(f)
        m_new = torch.maximum(log_f + m, i)
        i, f = torch.exp(i - m_new), torch.exp(log_f + m - m_new)
        C = f[:, :, None] * C + i[:, :, None] * (v[:, :, None] @ k[:, None, :])  # noqa: N806
        n = f * n + i * k
        read = (C @ q.unsqueeze(-1)).squeeze(-1)
        below = torch.maximum((n * q).sum(dim=-1, keepdim=True).abs(), torch.exp(-m_new))
        h = torch.sigmoid(self.o(x)) * read / below
        return {"h": h, "C": C, "n": n, "m": m_new}


class LinearAttentionCell(Cell):
    """Linear attention as a recurrence (Katharopoulos et al. 2020): S += φ(k) v', z += φ(k), h = φ(q) S / φ(q) z."""

    state = ("h", "S", "z")

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.q, self.k, self.v = (nn.Linear(input_size, hidden_size) for _ in range(3))

    def start(self, batch_size):
        zeros, d = self.q.weight.new_zeros, self.hidden_size
        return {"h": zeros(batch_size, d), "S": zeros(batch_size, d, d), "z": zeros(batch_size, d)}

    def step(self, gate, x, h, S, z):  # noqa: N803
        q, k = F.elu(self.q(x)) + 1, F.elu(self.k(x)) + 1
        S = S + torch.einsum("bi,bj->bij", k, self.v(x))  # noqa: N806
        z = z + k
        h = torch.einsum("bi,bij->bj", q, S) / (torch.einsum("bi,bi->b", q, z).unsqueeze(1) + 1e-6)
        return {"h": h, "S": S, "z": z}


PUBLISHED = (LEMCell, MGUCell, MultiplicativeLSTMCell, LayerNormLSTMCell, SLSTMCell, BlockGRUCell, MLSTMCell,
             LinearAttentionCell)  # fmt: skip
