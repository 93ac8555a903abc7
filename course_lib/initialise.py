"""How a cell's weights start, as a separate, named choice.

>>> cell = initialise(LSTMCell(2, 8), "chrono", lag=100)
"""

from math import isfinite

import torch
from torch import nn

from course_lib.cells import Affine, MinLSTMCell, OneNetworkCell, ReLURNNCell, RNNCell

INITIALISATIONS = ("default", "forget_bias", "chrono", "identity", "orthogonal")
LETTERS = {"forget": "f", "input": "i", "output": "o", "reset": "r", "update": "z"}


def initialise(cell, how="default", *, bias=1.0, lag=None):
    """Set cell's weights in place and return it.

    default       what the constructor drew: uniform in ±1/sqrt(hidden_size), as torch.nn.LSTM
    forget_bias   the bias of the gate on the memory is `bias` (Gers et al. 2000; 1: Jozefowicz et al. 2015)
    chrono        its bias is log U(1, lag - 1), so that the time constants 1/(1 - f) spread from 2 to lag steps; the
                  input gate, where there is one, gets the opposite bias (Tallec & Ollivier 2018, eq. 16)
    identity      U = I and b = 0 (Le et al. 2015); for OneNetworkCell, a network that starts near c' = c
    orthogonal    every U is a random orthogonal matrix

    Draws from torch's global generator: call torch.manual_seed first for the same weights again. Raises ValueError for
    an unknown name, for a cell that has no such gate or matrix, for a bias that is not finite, and for chrono without a
    lag of at least 3.
    """
    who = type(cell).__name__
    if how not in INITIALISATIONS:
        raise ValueError(f"initialise has no {how!r}; choices: {', '.join(INITIALISATIONS)}")
    with torch.no_grad():
        if how == "forget_bias":
            if not isfinite(bias):
                raise ValueError(f"forget_bias needs a finite bias; got {bias!r}")
            memory_bias(cell).fill_(bias)
            if isinstance(cell, MinLSTMCell):  # its forget gate is s / (s + t), which is σ(bias) only if b_i = -b_f
                gate_bias(cell, "input").fill_(-bias)
        elif how == "chrono":
            if lag is None or not lag >= 3:
                raise ValueError(f"chrono needs lag, the longest time to bridge, of at least 3 steps; got {lag!r}")
            drawn = memory_bias(cell).uniform_(1, lag - 1).log_()
            if "input" in cell.gates:
                gate_bias(cell, "input").copy_(-drawn)
        elif how == "identity":
            to_identity(cell)
        elif how == "orthogonal":
            matrices = [m.U.weight for m in cell.children() if isinstance(m, Affine)]
            if not matrices:
                raise ValueError(f"orthogonal needs a cell with recurrent matrices U; {who} has none")
            for U in matrices:
                nn.init.orthogonal_(U)
    return cell


def by_hand(cell, **weights):
    """Set cell's weights in place, by the names that its equations use, and return it; those not named become 0.

    weights   name=value: a matrix (out, in) or a vector (out,) as nested lists, or one number for all of it

    A network has in addition W_y and b_y, which read h. Raises ValueError for an unknown name or a wrong shape.

    >>> cell = by_hand(RNNCell(1, 2), W=[[1.0], [0.0]], U=[[0.0, 0.0], [1.0, 0.0]])  # the second unit copies the first
    """
    known = named_weights(cell)
    if unknown := set(weights) - set(known):
        raise ValueError(f"{type(cell).__name__} has no weight {min(unknown)!r}; choices: {', '.join(known)}")
    with torch.no_grad():
        for name, weight in known.items():
            value = torch.as_tensor(weights.get(name, 0.0), dtype=weight.dtype)
            if value.dim() and value.shape != weight.shape:
                raise ValueError(f"{name} needs the shape {tuple(weight.shape)}; got {tuple(value.shape)}")
            weight.copy_(value)
    return cell


def named_weights(cell):
    """{name in the equations: weight} of a cell, or of a network. Affine f: W_f, U_f, b_f. Affine h: W, U, b."""
    found = {}
    for name, module in cell.named_children():
        if isinstance(module, Affine):
            end = "" if name == "h" else f"_{name}"
            found |= {f"W{end}": module.W.weight, f"U{end}": module.U.weight, f"b{end}": module.U.bias}
        elif isinstance(module, nn.Linear):
            letter, _, unit = name.replace("readout", "y").rpartition("_")
            found[f"{letter or 'W'}_{unit}"] = module.weight
            if module.bias is not None:
                found[f"b_{unit}"] = module.bias
        else:
            found |= named_weights(module)
    return found | dict(cell.named_parameters(recurse=False))


def memory_bias(cell):
    """The bias (hidden,) of the gate that multiplies the cell's old memory."""
    gate = cell.memory and cell.memory[0]
    if gate is None:
        raise ValueError(f"{type(cell).__name__} has no gate on its memory, so no bias to set there")
    return gate_bias(cell, gate)


def gate_bias(cell, gate):
    """The bias (hidden,) of one gate, found by the letter that the equations use for it."""
    letter = LETTERS.get(gate)
    module = getattr(cell, letter or "", None)
    found = module.U.bias if isinstance(module, Affine) else getattr(module, "bias", getattr(cell, f"b_{letter}", None))
    if found is None:
        raise ValueError(
            f"{type(cell).__name__} keeps no bias for gate {gate!r} under self.{letter} or self.b_{letter}"
        )
    return found


def to_identity(cell):
    """U = I, b = 0 for a simple network; c' = c up to a third-order term for the one-network memory."""
    eye = torch.eye(cell.hidden_size)
    if isinstance(cell, (RNNCell, ReLURNNCell)):
        cell.h.U.weight.copy_(eye)
        cell.h.U.bias.zero_()
    elif isinstance(cell, OneNetworkCell):
        cell.V_m.weight.copy_(0.1 * eye)
        cell.A_c.weight.copy_(10 * eye)
        for weight in (cell.m.U.weight, cell.m.U.bias, cell.A_c.bias):
            weight.zero_()
    else:
        raise ValueError(f"identity is for RNNCell, ReLURNNCell and OneNetworkCell; got {type(cell).__name__}")
