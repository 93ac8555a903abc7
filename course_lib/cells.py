"""Recurrent cells, each written once, as its equations.

A cell says how its state changes in one time step. Running it through time (`unroll`), training it (`fuse`,
`training`), splitting its gradient (`gradients`) and moving its gates by hand (`widgets`) are derived from `step`.

Symbols, the same in every docstring and every step:

    x      the observation at this step (batch, input)
    h, c   hidden state and cell state (batch, hidden); h' and c' are their new values
    f i o  forget, input and output gate, in (0, 1): after the sigmoid
    r z    reset and update gate, in (0, 1); z near 1 keeps the old state
    g n    candidate: what could be written, before a gate says how much (g in the LSTM, n in the GRU)
    W U V  weights on x, on h, on c; A: weights inside a small network; p: one weight per unit; b: bias
    ⊙      multiply component by component; σ: the logistic sigmoid 1 / (1 + exp(-a))

A new cell: write the class here, add its name to `CELLS` at the end. Nothing else is needed.
"""

import torch
from torch import nn, relu, sigmoid, tanh

from course_lib import doors


class Affine(nn.Module):
    """W x + U h + b: the pre-activation of one gate or candidate.

    One bias, where torch.nn.LSTM has two that are always summed. x (batch, input), h (batch, hidden).
    """

    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.W = nn.Linear(input_size, hidden_size, bias=False)
        self.U = nn.Linear(hidden_size, hidden_size)

    def forward(self, x, h):
        return self.W(x) + self.U(h)


class Cell(nn.Module):
    """What every cell declares, so that the rest of the library can serve it.

    state     the names of what step carries from one time step to the next; a network reads "h"
    gates     the names of the values that step announces with gate(name, value)
    letters   {gate: its letter in the equations}; a gate of another name adds its own
    ranges    {gate: (least, largest)}, for a gate that may be outside [0, 1]
    memory    (gate, state): the gate that multiplies the old value of that state. The gate is None where the
              old value is kept with weight exactly 1; memory is None where no weight-free path exists.
    kept_by   {bias: sign}: with each of these biases at sign · b, the gate on the memory starts as one of bias b does,
              at σ(b) as a rule. {"b_f": 1} for a gate of letter f, unless the cell says otherwise.
    identity  {weight: factor}: with these at factor · I (a vector: at factor; weights W on x: at factor times what was
              drawn), the cell starts close to keeping its last state. Empty where no such start is known.

    Weights start as in torch.nn.LSTM: uniform in ±1/sqrt(hidden_size), from torch's global generator. `initialise` has
    the other choices. Raises ValueError for sizes that are not positive whole numbers.
    """

    state = ("h",)
    gates = ()
    letters = {"forget": "f", "input": "i", "output": "o", "reset": "r", "update": "z"}
    ranges = {}
    memory = None
    kept_by = None
    identity = {}

    def __init_subclass__(cls, **options):
        super().__init_subclass__(**options)
        check_declared(cls)

    def __init__(self, input_size, hidden_size):
        super().__init__()
        who = type(self).__name__
        self.input_size = doors.whole(who, "input_size", input_size)
        self.hidden_size = doors.whole(who, "hidden_size", hidden_size)

    def step(self, gate, x, **state):
        """The new state, {name: (batch, hidden)}, from x (batch, input) and the old state, given by name.

        Every gate passes through gate(name, value), which returns the value to go on with.
        """
        raise ValueError(f"{type(self).__name__} needs a step(self, gate, x, {', '.join(self.state)}); got none")

    def start(self, batch_size):
        """The state before the first step: zeros, {name: (batch, hidden)}."""
        size = doors.whole(type(self).__name__, "batch_size", batch_size), self.hidden_size
        dtype, device = self.dtype, self.device
        return {name: torch.zeros(size, dtype=dtype, device=device) for name in self.state}

    @property
    def dtype(self):
        """What it computes in: the dtype of its weights."""
        weight = first_weight(self)
        return torch.get_default_dtype() if weight is None else weight.dtype

    @property
    def device(self):
        """Where its weights are."""
        weight = first_weight(self)
        return torch.device("cpu") if weight is None else weight.device

    def affine(self):
        """A new W x + U h + b."""
        return self.uniform(Affine(self.input_size, self.hidden_size))

    def of_input(self, *, bias=True):
        """A new W x + b, blind to the state; W x alone without bias."""
        return self.uniform(nn.Linear(self.input_size, self.hidden_size, bias=bias))

    def of_state(self, *, bias=False):
        """A new U h (or V c, or A m), with + b if asked."""
        return self.uniform(nn.Linear(self.hidden_size, self.hidden_size, bias=bias))

    def per_unit(self):
        """A new vector with one number per hidden unit."""
        bound = self.hidden_size**-0.5
        return nn.Parameter(torch.empty(self.hidden_size).uniform_(-bound, bound))

    def uniform(self, module):
        """module, its weights drawn anew from ±1/sqrt(hidden_size)."""
        bound = self.hidden_size**-0.5
        for weight in module.parameters():
            nn.init.uniform_(weight, -bound, bound)
        return module


def first_weight(module):
    """The first of module.parameters(), or None; several times faster, as it is asked for at every call."""
    for weight in module._parameters.values():
        if weight is not None:
            return weight
    found = (first_weight(child) for child in module._modules.values() if child is not None)
    return next((weight for weight in found if weight is not None), None)


def check_cell(who, cell):
    """cell, or a ValueError unless it is a Cell, and not a class of them, whose sizes are still whole numbers."""
    doors.instance(who, "cell", cell, Cell, such_as="LSTMCell(2, 8)")
    for name in ("input_size", "hidden_size"):
        doors.whole(type(cell).__name__, name, getattr(cell, name, None))
    return cell


def check_declared(Cls):
    """ValueError unless what a class of cells says of itself has the form that `Cell` says, as it is defined."""

    def need(name, what, fits):
        if name in vars(Cls) and not fits(getattr(Cls, name)):
            doors.refuse(Cls.__name__, f"{name} as {what}", getattr(Cls, name))

    def names(value):
        return doors.is_a((tuple, list), value) and all(doors.is_a(str, one) for one in value)

    def pair(value):
        return doors.is_a((tuple, list), value) and len(value) == 2

    def number(value):
        return doors.is_number((int, float), value)

    def table(value, fits):
        return doors.is_a(dict, value) and names([*value]) and all(map(fits, value.values()))

    need("state", 'a tuple of names, such as ("h",) with its comma', names)
    need("gates", 'a tuple of names, such as ("forget",) with its comma', names)
    need("letters", '{gate: letter}, such as {"keep": "k"}', lambda value: table(value, lambda one: names([one])))
    need("ranges", '{gate: (least, largest)}, such as {"keep": (-1, 1)}',
         lambda value: table(value, lambda one: pair(one) and all(map(number, one))))  # fmt: skip
    gates = (*Cls.gates, None)
    need("memory", f"None or (gate, state), of gates {gates} and states {(*Cls.state,)}",
         lambda value: value is None or pair(value) and value[0] in gates and value[1] in Cls.state)  # fmt: skip
    need("kept_by", '{bias: sign}, such as {"b_f": 1}, or None',
         lambda value: value is None or table(value, number))  # fmt: skip
    need("identity", '{weight: factor}, such as {"U": 1.0}', lambda value: table(value, number))


def check_network(who, network):
    """network, or a ValueError unless it has a cell, and the readout of its h, as training.Network has."""
    if not doors.is_a(nn.Module, network) or not (hasattr(network, "cell") and hasattr(network, "readout")):
        doors.refuse(who, "network as a Network, such as build(LSTMCell, task)", network)
    check_cell(who, network.cell)
    return network


def check_class(who, Cell_, *, name="Cell"):
    """Cell_, or a ValueError unless it is a class of cells, to call with an input size and a hidden size."""
    return doors.subclass(who, name, Cell_, Cell, "input_size", "hidden_size", such_as="LSTMCell")


# ---- No gates ----


class RNNCell(Cell):
    """Simple recurrent network (Elman 1990); the same numbers as torch.nn.RNN.

    h' = tanh(W x + U h + b)

    With initialise(cell, "identity") it keeps its last state, but for what tanh takes away.
    """

    identity = {"U": 1.0, "b": 0.0}

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.h = self.affine()

    def step(self, gate, x, h):
        h = tanh(self.h(x, h))
        return {"h": h}


class ReLURNNCell(Cell):
    """Simple recurrent network with a rectifier; with initialise(cell, "identity") the IRNN (Le et al. 2015).

    h' = relu(W x + U h + b)
    """

    identity = {"U": 1.0, "b": 0.0}

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.h = self.affine()

    def step(self, gate, x, h):
        h = relu(self.h(x, h))
        return {"h": h}


class OneNetworkCell(Cell):
    """One network computes the new memory from (x, h, c): the question's own proposal (Q1, C2, C4).

    m  = tanh(W_m x + U_m h + V_m c + b_m)      the network's hidden layer
    c' = A_c m + b_c                            its output layer
    o  = σ(W_o x + U_o h + b_o)                 output gate, as in the LSTM
    h' = o ⊙ tanh(c')
    """

    gates = ("output",)
    state = ("h", "c")
    identity = {  # tanh is nearly straight at 0.1 c; what comes in is scaled along, so that it is written once
        "V_m": 0.1, "W_m": 0.1, "A_c": 10.0, "U_m": 0.0, "b_m": 0.0, "b_c": 0.0,
    }  # fmt: skip

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.m, self.o = self.affine(), self.affine()
        self.V_m, self.A_c = self.of_state(), self.of_state(bias=True)

    def step(self, gate, x, h, c):
        m = tanh(self.m(x, h) + self.V_m(c))
        c = self.A_c(m)
        o = gate("output", sigmoid(self.o(x, h)))
        h = o * tanh(c)
        return {"h": h, "c": c}


class ResidualCell(Cell):
    """One network computes the change of the memory: an identity path, and no gate on it.

    m  = tanh(W_m x + U_m h + V_m c + b_m)      the network's hidden layer
    c' = c + A_c m + b_c                        old memory plus the network's output
    o  = σ(W_o x + U_o h + b_o)                 output gate, as in the LSTM
    h' = o ⊙ tanh(c')
    """

    gates = ("output",)
    state = ("h", "c")
    memory = (None, "c")

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.m, self.o = self.affine(), self.affine()
        self.V_m, self.A_c = self.of_state(), self.of_state(bias=True)

    def step(self, gate, x, h, c):
        m = tanh(self.m(x, h) + self.V_m(c))
        c = c + self.A_c(m)
        o = gate("output", sigmoid(self.o(x, h)))
        h = o * tanh(c)
        return {"h": h, "c": c}


class SmallStepCell(Cell):
    """As ResidualCell, but the change is scaled down to a hundredth.

    m  = tanh(W_m x + U_m h + V_m c + b_m)      the network's hidden layer
    c' = c + 0.01 ⊙ (A_c m + b_c)               old memory plus a small step
    o  = σ(W_o x + U_o h + b_o)                 output gate, as in the LSTM
    h' = o ⊙ tanh(c')
    """

    gates = ("output",)
    state = ("h", "c")
    memory = (None, "c")

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.m, self.o = self.affine(), self.affine()
        self.V_m, self.A_c = self.of_state(), self.of_state(bias=True)

    def step(self, gate, x, h, c):
        m = tanh(self.m(x, h) + self.V_m(c))
        c = c + 0.01 * self.A_c(m)
        o = gate("output", sigmoid(self.o(x, h)))
        h = o * tanh(c)
        return {"h": h, "c": c}


class AdditiveCell(Cell):
    """A memory that adds up every candidate: the identity path with no gates at all.

    g  = tanh(W_g x + U_g h + b_g)              candidate
    c' = c + g
    h' = tanh(c')
    """

    state = ("h", "c")
    memory = (None, "c")

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.g = self.affine()

    def step(self, gate, x, h, c):
        g = tanh(self.g(x, h))
        c = c + g
        h = tanh(c)
        return {"h": h, "c": c}


# ---- A gate that cannot see, and one that can ----


class LeakyCell(Cell):
    """Leaky integrator: every unit mixes old and new in a constant, learnt proportion.

    z  = σ(b_z)                                 update gate, the same at every step
    n  = tanh(W_n x + U_n h + b_n)              candidate
    h' = z ⊙ h + (1 - z) ⊙ n
    """

    gates = ("update",)
    memory = ("update", "h")

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.b_z = self.per_unit()
        self.n = self.affine()

    def step(self, gate, x, h):
        z = gate("update", sigmoid(self.b_z).expand_as(h))
        n = tanh(self.n(x, h))
        h = z * h + (1 - z) * n
        return {"h": h}


class AddedGateCell(Cell):
    """LeakyCell with a second network that sees x and h, as a gate does, but is added instead of multiplied.

    z  = σ(b_z)                                 update gate, the same at every step
    s  = σ(W_s x + U_s h)                       the second network
    n  = tanh(W_n x + U_n h + b_n)              candidate
    h' = z ⊙ h + (1 - z) ⊙ (n + s - 0.5)

    JANETCell has the same weights; there W_s x + U_s h is added to b_z inside the σ, and so decides, at every step,
    what multiplies h and n.
    """

    gates = ("update",)
    memory = ("update", "h")

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.b_z = self.per_unit()
        self.W_s, self.U_s = self.uniform(nn.Linear(input_size, hidden_size, bias=False)), self.of_state()
        self.n = self.affine()

    def step(self, gate, x, h):
        z = gate("update", sigmoid(self.b_z).expand_as(h))
        s = sigmoid(self.W_s(x) + self.U_s(h))
        n = tanh(self.n(x, h))
        h = z * h + (1 - z) * (n + s - 0.5)
        return {"h": h}


class JANETCell(Cell):
    """Just another network: the forget gate alone (van der Westhuizen & Lasenby 2018, with their β = 0).

    f  = σ(W_f x + U_f h + b_f)                 forget gate
    g  = tanh(W_g x + U_g h + b_g)              candidate
    h' = f ⊙ h + (1 - f) ⊙ g

    The same equations as the UGRNN (Collins et al. 2017), and LeakyCell with a gate that sees x and h.
    """

    gates = ("forget",)
    memory = ("forget", "h")

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.f, self.g = self.affine(), self.affine()

    def step(self, gate, x, h):
        f = gate("forget", sigmoid(self.f(x, h)))
        g = tanh(self.g(x, h))
        h = f * h + (1 - f) * g
        return {"h": h}


# ---- The LSTM, and the LSTM with one thing changed ----


class LSTMCell(Cell):
    """Long short-term memory (Hochreiter & Schmidhuber 1997, with the forget gate of Gers et al. 2000).

    f  = σ(W_f x + U_f h + b_f)                 forget gate
    i  = σ(W_i x + U_i h + b_i)                 input gate
    o  = σ(W_o x + U_o h + b_o)                 output gate
    g  = tanh(W_g x + U_g h + b_g)              candidate
    c' = f ⊙ c + i ⊙ g
    h' = o ⊙ tanh(c')

    The same numbers as torch.nn.LSTM.
    """

    gates = ("forget", "input", "output")
    state = ("h", "c")
    memory = ("forget", "c")

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.f, self.i, self.o, self.g = (self.affine() for _ in range(4))

    def step(self, gate, x, h, c):
        f = gate("forget", sigmoid(self.f(x, h)))
        i = gate("input", sigmoid(self.i(x, h)))
        o = gate("output", sigmoid(self.o(x, h)))
        g = tanh(self.g(x, h))
        c = f * c + i * g
        h = o * tanh(c)
        return {"h": h, "c": c}


class LSTM1997Cell(Cell):
    """The LSTM of 1997, without a forget gate (Hochreiter & Schmidhuber 1997).

    i  = σ(W_i x + U_i h + b_i)                 input gate
    o  = σ(W_o x + U_o h + b_o)                 output gate
    g  = tanh(W_g x + U_g h + b_g)              candidate
    c' = c + i ⊙ g                              the old memory is kept with weight exactly 1
    h' = o ⊙ tanh(c')

    Squashed by tanh as today; the paper used 4σ - 2 for the candidate and 2σ - 1 for reading, and cut the
    gradient where h enters gates and candidate.
    """

    gates = ("input", "output")
    state = ("h", "c")
    memory = (None, "c")

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.i, self.o, self.g = (self.affine() for _ in range(3))

    def step(self, gate, x, h, c):
        i = gate("input", sigmoid(self.i(x, h)))
        o = gate("output", sigmoid(self.o(x, h)))
        g = tanh(self.g(x, h))
        c = c + i * g
        h = o * tanh(c)
        return {"h": h, "c": c}


class NoInputGateCell(Cell):
    """The LSTM without its input gate ("NIG" in Greff et al. 2017): every candidate is written in full.

    f  = σ(W_f x + U_f h + b_f)                 forget gate
    o  = σ(W_o x + U_o h + b_o)                 output gate
    g  = tanh(W_g x + U_g h + b_g)              candidate
    c' = f ⊙ c + g
    h' = o ⊙ tanh(c')
    """

    gates = ("forget", "output")
    state = ("h", "c")
    memory = ("forget", "c")

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.f, self.o, self.g = (self.affine() for _ in range(3))

    def step(self, gate, x, h, c):
        f = gate("forget", sigmoid(self.f(x, h)))
        o = gate("output", sigmoid(self.o(x, h)))
        g = tanh(self.g(x, h))
        c = f * c + g
        h = o * tanh(c)
        return {"h": h, "c": c}


class CoupledLSTMCell(Cell):
    """The LSTM with one gate for keeping and writing, i = 1 - f ("CIFG" in Greff et al. 2017).

    f  = σ(W_f x + U_f h + b_f)                 forget gate
    o  = σ(W_o x + U_o h + b_o)                 output gate
    g  = tanh(W_g x + U_g h + b_g)              candidate
    c' = f ⊙ c + (1 - f) ⊙ g                    a true mixture: the weights sum to 1
    h' = o ⊙ tanh(c')
    """

    gates = ("forget", "output")
    state = ("h", "c")
    memory = ("forget", "c")

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.f, self.o, self.g = (self.affine() for _ in range(3))

    def step(self, gate, x, h, c):
        f = gate("forget", sigmoid(self.f(x, h)))
        o = gate("output", sigmoid(self.o(x, h)))
        g = tanh(self.g(x, h))
        c = f * c + (1 - f) * g
        h = o * tanh(c)
        return {"h": h, "c": c}


class NoOutputGateCell(Cell):
    """The LSTM without its output gate ("NOG" in Greff et al. 2017): the memory is always visible.

    f  = σ(W_f x + U_f h + b_f)                 forget gate
    i  = σ(W_i x + U_i h + b_i)                 input gate
    g  = tanh(W_g x + U_g h + b_g)              candidate
    c' = f ⊙ c + i ⊙ g
    h' = tanh(c')
    """

    gates = ("forget", "input")
    state = ("h", "c")
    memory = ("forget", "c")

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.f, self.i, self.g = (self.affine() for _ in range(3))

    def step(self, gate, x, h, c):
        f = gate("forget", sigmoid(self.f(x, h)))
        i = gate("input", sigmoid(self.i(x, h)))
        g = tanh(self.g(x, h))
        c = f * c + i * g
        h = tanh(c)
        return {"h": h, "c": c}


class NoSquashCell(Cell):
    """The LSTM without the tanh on reading ("NOAF" in Greff et al. 2017): h can grow as large as c.

    f  = σ(W_f x + U_f h + b_f)                 forget gate
    i  = σ(W_i x + U_i h + b_i)                 input gate
    o  = σ(W_o x + U_o h + b_o)                 output gate
    g  = tanh(W_g x + U_g h + b_g)              candidate
    c' = f ⊙ c + i ⊙ g
    h' = o ⊙ c'
    """

    gates = ("forget", "input", "output")
    state = ("h", "c")
    memory = ("forget", "c")

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.f, self.i, self.o, self.g = (self.affine() for _ in range(4))

    def step(self, gate, x, h, c):
        f = gate("forget", sigmoid(self.f(x, h)))
        i = gate("input", sigmoid(self.i(x, h)))
        o = gate("output", sigmoid(self.o(x, h)))
        g = tanh(self.g(x, h))
        c = f * c + i * g
        h = o * c
        return {"h": h, "c": c}


class PeepholeLSTMCell(Cell):
    """The LSTM whose gates also see their own cell state (Gers & Schmidhuber 2000).

    f  = σ(W_f x + U_f h + p_f ⊙ c + b_f)       forget gate
    i  = σ(W_i x + U_i h + p_i ⊙ c + b_i)       input gate
    g  = tanh(W_g x + U_g h + b_g)              candidate
    c' = f ⊙ c + i ⊙ g
    o  = σ(W_o x + U_o h + p_o ⊙ c' + b_o)      output gate: it sees the new memory
    h' = o ⊙ tanh(c')
    """

    gates = ("forget", "input", "output")
    state = ("h", "c")
    memory = ("forget", "c")

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.f, self.i, self.o, self.g = (self.affine() for _ in range(4))
        self.p_f, self.p_i, self.p_o = (self.per_unit() for _ in range(3))

    def step(self, gate, x, h, c):
        f = gate("forget", sigmoid(self.f(x, h) + self.p_f * c))
        i = gate("input", sigmoid(self.i(x, h) + self.p_i * c))
        g = tanh(self.g(x, h))
        c = f * c + i * g
        o = gate("output", sigmoid(self.o(x, h) + self.p_o * c))
        h = o * tanh(c)
        return {"h": h, "c": c}


# ---- Other ways to read the memory ----


class PageCell(Cell):
    """The question's cell, its S read as σ: the memory only scales a hidden state made elsewhere (A6, Q2).

    f  = σ(W_f x + U_f h + b_f)                 forget gate (the page's ω1)
    i  = σ(W_i x + U_i h + b_i)                 input gate (the page's ω2)
    g  = tanh(W_g x + U_g h + b_g)              candidate (the page's c_int)
    q  = tanh(W_q x + U_q h + b_q)              the page's h_int
    c' = f ⊙ c + i ⊙ g
    h' = q ⊙ σ(c')
    """

    gates = ("forget", "input")
    state = ("h", "c")
    memory = ("forget", "c")

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.f, self.i, self.g, self.q = (self.affine() for _ in range(4))

    def step(self, gate, x, h, c):
        f = gate("forget", sigmoid(self.f(x, h)))
        i = gate("input", sigmoid(self.i(x, h)))
        g = tanh(self.g(x, h))
        q = tanh(self.q(x, h))
        c = f * c + i * g
        h = q * sigmoid(c)
        return {"h": h, "c": c}


class AffineReadoutCell(Cell):
    """The memory is read by one affine map and a tanh, with no gate (Q2).

    f  = σ(W_f x + U_f h + b_f)                 forget gate
    i  = σ(W_i x + U_i h + b_i)                 input gate
    g  = tanh(W_g x + U_g h + b_g)              candidate
    c' = f ⊙ c + i ⊙ g
    h' = tanh(A_h c' + b_h)
    """

    gates = ("forget", "input")
    state = ("h", "c")
    memory = ("forget", "c")

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.f, self.i, self.g = (self.affine() for _ in range(3))
        self.A_h = self.of_state(bias=True)

    def step(self, gate, x, h, c):
        f = gate("forget", sigmoid(self.f(x, h)))
        i = gate("input", sigmoid(self.i(x, h)))
        g = tanh(self.g(x, h))
        c = f * c + i * g
        h = tanh(self.A_h(c))
        return {"h": h, "c": c}


class NetworkReadoutCell(Cell):
    """The memory goes into a network that also sees x and h: the question's second proposal (Q2).

    f  = σ(W_f x + U_f h + b_f)                 forget gate
    i  = σ(W_i x + U_i h + b_i)                 input gate
    g  = tanh(W_g x + U_g h + b_g)              candidate
    c' = f ⊙ c + i ⊙ g
    m  = tanh(W_m x + U_m h + V_m c' + b_m)     the network's hidden layer
    h' = tanh(A_h m + b_h)                      its output layer
    """

    gates = ("forget", "input")
    state = ("h", "c")
    memory = ("forget", "c")

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.f, self.i, self.g, self.m = (self.affine() for _ in range(4))
        self.V_m, self.A_h = self.of_state(), self.of_state(bias=True)

    def step(self, gate, x, h, c):
        f = gate("forget", sigmoid(self.f(x, h)))
        i = gate("input", sigmoid(self.i(x, h)))
        g = tanh(self.g(x, h))
        c = f * c + i * g
        m = tanh(self.m(x, h) + self.V_m(c))
        h = tanh(self.A_h(m))
        return {"h": h, "c": c}


# ---- The GRU and after ----


class GRUCell(Cell):
    """Gated recurrent unit (Cho et al. 2014) in PyTorch's form: the reset gate acts after the product U_n h.

    r  = σ(W_r x + U_r h + b_r)                 reset gate
    z  = σ(W_z x + U_z h + b_z)                 update gate
    n  = tanh(W_n x + b_n + r ⊙ (U_n h + b_u))  candidate
    h' = z ⊙ h + (1 - z) ⊙ n

    The same numbers as torch.nn.GRU, whose second bias in the candidate is b_u here.
    """

    gates = ("reset", "update")
    memory = ("update", "h")

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.r, self.z = self.affine(), self.affine()
        self.W_n, self.U_n = self.of_input(), self.of_state()
        self.b_u = self.per_unit()

    def step(self, gate, x, h):
        r = gate("reset", sigmoid(self.r(x, h)))
        z = gate("update", sigmoid(self.z(x, h)))
        n = tanh(self.W_n(x) + r * (self.U_n(h) + self.b_u))
        h = z * h + (1 - z) * n
        return {"h": h}


class ChoGRUCell(Cell):
    """Gated recurrent unit as published (Cho et al. 2014): the reset gate acts before the product.

    r  = σ(W_r x + U_r h + b_r)                 reset gate
    z  = σ(W_z x + U_z h + b_z)                 update gate
    n  = tanh(W_n x + U_n (r ⊙ h) + b_n)        candidate
    h' = z ⊙ h + (1 - z) ⊙ n
    """

    gates = ("reset", "update")
    memory = ("update", "h")

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.r, self.z, self.n = (self.affine() for _ in range(3))

    def step(self, gate, x, h):
        r = gate("reset", sigmoid(self.r(x, h)))
        z = gate("update", sigmoid(self.z(x, h)))
        n = tanh(self.n(x, r * h))
        h = z * h + (1 - z) * n
        return {"h": h}


class MinGRUCell(Cell):
    """minGRU (Feng et al. 2024): gate and candidate see x alone, so time can be computed in parallel.

    z  = σ(W_z x + b_z)                         update gate, blind to h
    n  = W_n x + b_n                            candidate, blind to h
    h' = z ⊙ h + (1 - z) ⊙ n

    In this course's polarity, z near 1 keeps; the paper's z is 1 minus ours.
    """

    gates = ("update",)
    memory = ("update", "h")

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.z, self.n = self.of_input(), self.of_input()

    def step(self, gate, x, h):
        z = gate("update", sigmoid(self.z(x)))
        n = self.n(x)
        h = z * h + (1 - z) * n
        return {"h": h}


class MinLSTMCell(Cell):
    """minLSTM (Feng et al. 2024): forget and input gate see x alone and are divided by their sum.

    s  = σ(W_f x + b_f)
    t  = σ(W_i x + b_i)
    f  = s / (s + t)                            forget gate
    i  = t / (s + t)                            input gate
    n  = W_n x + b_n                            candidate
    h' = f ⊙ h + i ⊙ n
    """

    gates = ("forget", "input")
    memory = ("forget", "h")
    kept_by = {"b_f": 1, "b_i": -1}  # σ(b) / (σ(b) + σ(-b)) is σ(b)

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.f, self.i, self.n = (self.of_input() for _ in range(3))

    def step(self, gate, x, h):
        s = sigmoid(self.f(x))
        t = sigmoid(self.i(x))
        f = gate("forget", s / (s + t))
        i = gate("input", t / (s + t))
        n = self.n(x)
        h = f * h + i * n
        return {"h": h}


CELLS = (
    RNNCell, ReLURNNCell, OneNetworkCell, ResidualCell, SmallStepCell, AdditiveCell,
    LeakyCell, AddedGateCell, JANETCell,
    LSTMCell, LSTM1997Cell, NoInputGateCell, CoupledLSTMCell, NoOutputGateCell, NoSquashCell, PeepholeLSTMCell,
    PageCell, AffineReadoutCell, NetworkReadoutCell,
    GRUCell, ChoGRUCell, MinGRUCell, MinLSTMCell,
)  # fmt: skip
