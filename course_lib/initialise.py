"""How a cell's weights start, as a separate, named choice.

>>> cell = initialise(LSTMCell(2, 8), "chrono", lag=100)
"""

import torch
from torch import nn

from course_lib import doors
from course_lib.cells import CELLS, Affine, Cell, check_cell

INITIALISATIONS = ("default", "forget_bias", "chrono", "identity", "orthogonal")


def initialise(cell, how="default", *, bias=None, lag=None):
    """Set cell's weights in place and return it. What the cell declares says which weights these are.

    default       what the constructor drew: uniform in ±1/sqrt(hidden_size), as torch.nn.LSTM
    forget_bias   the bias of the gate on the memory is `bias` (Gers et al. 2000), or 1 (Jozefowicz et al. 2015)
    chrono        its bias is log U(1, lag - 1), so that the time constants 1/(1 - f) spread from 2 to lag steps; the
                  input gate, where there is one, gets the opposite bias (Tallec & Ollivier 2018, eq. 16)
    identity      U = I and b = 0 (Le et al. 2015); for OneNetworkCell, a network that starts near c' = c
    orthogonal    every U is a random orthogonal matrix

    Draws from torch's global generator: call torch.manual_seed first for the same weights again. Raises ValueError for
    an unknown name, for a cell that has no such gate or matrix, for a bias that is not finite or that no forget_bias
    asked for, and for chrono without a lag of at least 3 steps; the others need no lag.
    """
    who = type(check_cell("initialise", cell)).__name__
    doors.choice("initialise", "start", how, INITIALISATIONS)
    lag, most = lag if lag is None else doors.whole("initialise", "lag", lag), torch.finfo(cell.dtype).max
    if bias is not None and how != "forget_bias":
        raise ValueError(f"initialise needs a bias for 'forget_bias' alone; got bias = {doors.shown(bias)} for {how!r}")
    bias = 1.0 if bias is None else doors.number(how, "bias", bias)
    if abs(bias) > most:
        doors.refuse(how, f"bias as a number up to {most:.3g}", bias)
    with torch.no_grad():
        if how == "forget_bias":
            for weight, sign in memory_biases(cell):
                weight.fill_(sign * bias)
        elif how == "chrono":
            doors.whole("chrono", "lag, the longest time to bridge,", lag, least=3)
            keepers = memory_biases(cell)
            drawn = torch.empty_like(keepers[0][0]).uniform_(1, lag - 1).log_()
            if "input" in cell.gates:
                gate_bias(cell, "input").copy_(-drawn)
            for weight, sign in keepers:
                weight.copy_(sign * drawn)
        elif how == "identity":
            if not cell.identity:
                known = ", ".join(Cell.__name__ for Cell in CELLS if Cell.identity)
                raise ValueError(f"{who} has no start from the identity; choices: {known}")
            for name, factor in cell.identity.items():
                weight = named_weight(cell, name)
                if name.startswith("W"):
                    weight.mul_(factor)
                else:
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

    A network has in addition W_y and b_y, which read h. Raises ValueError for an unknown name, a wrong shape or what is
    no finite number, and then sets none.

    >>> cell = by_hand(RNNCell(1, 2), W=[[1.0], [0.0]], U=[[0.0, 0.0], [1.0, 0.0]])  # the second unit copies the first
    """
    known, values = named_weights(cell), {}
    most = min(torch.finfo(weight.dtype).max for weight in known.values())
    for name, value in weights.items():
        shape = tuple(named_weight(cell, name).shape)
        found = doors.array(type(cell).__name__, name, value, detach=True)
        if abs(found).max() > most:
            doors.refuse(type(cell).__name__, f"{name} in numbers up to {most:.3g}", value)
        if found.ndim and found.shape != shape:
            raise ValueError(f"{type(cell).__name__} needs {name} with the shape {shape}; got {found.shape}")
        values[name] = torch.from_numpy(found)
    with torch.no_grad():
        for name, weight in known.items():
            weight.copy_(values.get(name, torch.zeros(())))
    return cell


def named_weights(cell):
    """{name in the equations: weight} of a cell, or of a network. Affine f: W_f, U_f, b_f. Affine h: W, U, b."""
    whole = doors.is_a(nn.Module, cell) and not doors.is_a(Cell, cell)  # a network, which has a cell
    check_cell("named_weights", getattr(cell, "cell", cell) if whole else cell)
    return weights_of(cell)


def weights_of(module):
    """named_weights of any module."""
    found = {}
    for name, part in module.named_children():
        if isinstance(part, Affine):
            end = "" if name == "h" else f"_{name}"
            found |= {f"W{end}": part.W.weight, f"U{end}": part.U.weight, f"b{end}": part.U.bias}
        elif isinstance(part, nn.Linear):
            letter, _, unit = name.replace("readout", "y").rpartition("_")
            found[f"{letter or 'W'}_{unit}"] = part.weight
            if part.bias is not None:
                found[f"b_{unit}"] = part.bias
        else:
            found |= weights_of(part)
    return found | dict(module.named_parameters(recurse=False))


def named_weight(cell, name):
    """One weight of a cell by its name in the equations; ValueError for a name that they do not use."""
    known = named_weights(cell)
    return known[doors.choice(type(cell).__name__, "weight", name, known)]


def gate_bias(cell, gate):
    """The bias (hidden,) of one gate: b_f for a gate whose letter in the equations is f."""
    who, known = type(check_cell("gate_bias", cell)).__name__, named_weights(cell)
    doors.choice(who, "gate", gate, cell.gates)
    if gate not in cell.letters:
        raise ValueError(f"{who} needs the letter of gate {gate!r} in its letters; got {cell.letters}")
    name = f"b_{cell.letters[gate]}"
    if name not in known:
        raise ValueError(f"{who} has no bias {name!r} for gate {gate!r}; its weights are {', '.join(known)}")
    return known[name]


def memory_biases(cell):
    """[(bias (hidden,), sign)]: with each bias at sign · b, the gate on the cell's memory starts as one of bias b."""
    who = type(check_cell("memory_biases", cell)).__name__
    gate = cell.memory and cell.memory[0]
    if gate is None:
        raise ValueError(f"{who} has no gate on its memory; got memory = {cell.memory}, so no bias to set there")
    if cell.kept_by is not None:
        return [(named_weight(cell, name), sign) for name, sign in cell.kept_by.items()]
    try:
        return [(gate_bias(cell, gate), 1)]
    except ValueError as error:
        raise ValueError(f"{who} needs kept_by = {{bias: sign}}, what opens gate {gate!r}: {error}") from None
