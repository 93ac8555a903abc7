"""What the page is told of a cell: its text for any sizes, and how its weights are drawn from a seed."""

import inspect
import re

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from course_lib.cells import check_class
from course_lib.initialise import gate_bias, memory_biases, named_weights
from course_lib.script import script

INPUTS, UNITS = 499, 997  # primes, so that a number of the text tells which size it is
SIZES = {INPUTS: "I", UNITS: "H", INPUTS * UNITS: "IH", UNITS * UNITS: "HH"}


class Draws(TorchDispatchMode):
    """Inside, `made` gets (where its numbers lie, shape, bound) of each tensor drawn uniform in ±bound, in order."""

    def __init__(self):
        super().__init__()
        self.made = []

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        if function is torch.ops.aten.uniform_.default:
            self.made.append((args[0].data_ptr(), args[0].shape, args[-1]))
        return function(*args, **(kwargs or {}))


def about(Cell_):
    """What the page needs of a class of cells, as JSON holds it.

    name, doc  its own, and its docstring
    text       its module, in which @IH@ stands for inputs times units
    draws      [{shape, fan, name}]: in order, what its constructor draws in ±1/sqrt(fan); no name: drawn again later
    memory     the state that is kept, and gate, the gate on it, where there is one
    keepers    {bias: sign} of that gate; input: the bias of an input gate; identity: as the cell declares it

    ValueError for a cell that has no JavaScript, or one for fixed sizes alone.
    """
    with torch.random.fork_rng(devices=[]), Draws() as draws:
        cell = check_class("playground", Cell_, name="cell")(INPUTS, UNITS)
    names = {weight.data_ptr(): name for name, weight in named_weights(cell).items()}
    last = {place: k for k, (place, _, _) in enumerate(draws.made)}
    drawn = [{"shape": "".join(SIZES[n] for n in shape), "fan": SIZES[round(bound**-2)],
              "name": names[place] if last[place] == k else None}
             for k, (place, shape, bound) in enumerate(draws.made)]  # fmt: skip
    if {one["name"] for one in drawn} - {None} != set(names.values()):
        raise ValueError(f"playground needs a cell that draws all its weights; {Cell_.__name__} does not")
    gate, memory = cell.memory or (None, "h")
    keepers = {names[weight.data_ptr()]: sign for weight, sign in memory_biases(cell)} if gate else {}
    return {
        "name": Cell_.__name__, "text": sized(Cell_, script(cell).text), "doc": inspect.getdoc(Cell_),
        "draws": drawn, "memory": memory, "gate": gate, "keepers": keepers, "identity": cell.identity,
        "input": names[gate_bias(cell, "input").data_ptr()] if "input" in cell.gates else None,
    }  # fmt: skip


def sized(Cell_, text):
    """text with the names of sizes for its numbers; ValueError unless it then tells every size."""

    def named(numbers):
        return lambda found: numbers.get(found[0], found[0])

    general = re.sub(r"(?<!\d)\d+", named({str(size): f"@{name}@" for size, name in SIZES.items()}), text)
    with torch.random.fork_rng(devices=[]):
        plain = script(Cell_(2, 16)).text
    if re.sub(r"@\w+@", named({"@I@": "2", "@H@": "16", "@IH@": "32", "@HH@": "256"}), general) != plain:
        raise ValueError(f"playground needs a cell whose text says its sizes alone; {Cell_.__name__} has others")
    return general
