"""How a cell's weights start, as a separate, named choice.

>>> cell = initialise(LSTMCell(2, 8), "chrono", lag=100)
"""

from math import isfinite

import torch
from torch import nn

from course_lib.cells import CELLS, Affine

INITIALISATIONS = ("default", "forget_bias", "chrono", "identity", "orthogonal")


def initialise(cell, how="default", *, bias=1.0, lag=None):
    """Set cell's weights in place and return it. What the cell declares says which weights these are.

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
            for weight, sign in memory_biases(cell):
                weight.fill_(sign * bias)
        elif how == "chrono":
            if lag is None or not lag >= 3:
                raise ValueError(f"chrono needs lag, the longest time to bridge, of at least 3 steps; got {lag!r}")
            keepers = memory_biases(cell)
            drawn = torch.empty_like(keepers[0][0]).uniform_(1, lag - 1).log_()
            if "input" in cell.gates:
                gate_bias(cell, "input").copy_(-drawn)
            for weight, sign in keepers:
                weight.copy_(sign * drawn)
        elif how == "identity":
            if not cell.identity:
                known = ", ".join(Cell.__name__ for Cell in CELLS if Cell.identity)
                raise ValueError(f"{who} has no start from the identity; these cells have one: {known}")
            for name, factor in cell.identity.items():
                weight = named_weight(cell, name)
                weight.copy_(factor * (torch.eye(cell.hidden_size) if weight.dim() == 2 else torch.ones(())))
        elif how == "orthogonal":
            matrices = [weight for name, weight in named_weights(cell).items() if name.startswith("U")]
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
    known, values = named_weights(cell), {}
    for name, value in weights.items():
        weight = named_weight(cell, name)
        values[name] = torch.as_tensor(value, dtype=weight.dtype)
        if values[name].dim() and values[name].shape != weight.shape:
            raise ValueError(f"{name} needs the shape {tuple(weight.shape)}; got {tuple(values[name].shape)}")
    with torch.no_grad():
        for name, weight in known.items():
            weight.copy_(values.get(name, torch.zeros(())))
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


def named_weight(cell, name):
    """One weight of a cell by its name in the equations; ValueError for a name that they do not use."""
    known = named_weights(cell)
    if name not in known:
        raise ValueError(f"{type(cell).__name__} has no weight {name!r}; choices: {', '.join(known)}")
    return known[name]


def gate_bias(cell, gate):
    """The bias (hidden,) of one gate: b_f for a gate whose letter in the equations is f."""
    who, known = type(cell).__name__, named_weights(cell)
    if gate not in cell.gates:
        raise ValueError(f"{who} has no gate {gate!r}; choices: {', '.join(cell.gates)}")
    if gate not in cell.letters:
        raise ValueError(f"{who} needs the letter of gate {gate!r} in its letters; got {cell.letters}")
    name = f"b_{cell.letters[gate]}"
    if name not in known:
        raise ValueError(f"{who} has no bias {name!r} for gate {gate!r}; its weights are {', '.join(known)}")
    return known[name]


def memory_biases(cell):
    """[(bias (hidden,), sign)]: with each bias at sign · b, the gate on the cell's memory starts as one of bias b."""
    who, gate = type(cell).__name__, cell.memory and cell.memory[0]
    if gate is None:
        raise ValueError(f"{who} has no gate on its memory, so no bias to set there")
    if cell.kept_by is not None:
        return [(named_weight(cell, name), sign) for name, sign in cell.kept_by.items()]
    try:
        return [(gate_bias(cell, gate), 1)]
    except ValueError as error:
        raise ValueError(f"{who} needs kept_by = {{bias: sign}}, what opens gate {gate!r}: {error}") from None


def memory_bias(cell):
    """The bias b (hidden,) at which the gate that multiplies the cell's old memory starts."""
    weight, sign = memory_biases(cell)[0]
    return sign * weight
