"""A step as a list of nodes, and the tensors it uses: what decides which kernel runs."""

import sys
from functools import cache

import torch

from course_lib.fuse.compile import available
from course_lib.fuse.trace import Symbol, Unfused, arithmetic, as_symbol, read_step

REAL = {torch.float32: "float", torch.float64: "double"}


class Program:
    """A step as nodes, and the tensors it uses. The same nodes share one kernel, whatever the sizes and the tensors.

    nodes      ((op, args, width class, tensor index or None), ...), each after its arguments; an arg is the number of
               a node (int) or a number (float); node 0 is x, the next ones are the states
    new        the node of every new state; tensors: those that the nodes name; widths: of every width class
    """

    def __init__(self, cell):
        if not available():
            tell_once("numba is not installed: cells run step by step and slower. `pip install numba` compiles them.")
            raise Unfused("numba is not installed")
        x = Symbol("x", width=cell.input_size)
        state = {name: Symbol("state", width=cell.hidden_size) for name in cell.state}
        new = read_step(cell, x, state)
        self.names, self.widths, self.tensors = list(cell.state), [], []
        numbers, places, nodes, ends = {}, {}, [], []

        def number(symbol):
            if symbol not in numbers:
                args = tuple(number(a) if isinstance(a, Symbol) else a for a in symbol.args)
                if symbol.width not in self.widths:
                    self.widths.append(symbol.width)
                index = None
                if symbol.tensor is not None:
                    index = places.setdefault(id(symbol.tensor), len(self.tensors))
                    self.tensors[index : index + 1] = [symbol.tensor]
                nodes.append((symbol.op, args, self.widths.index(symbol.width), index))
                numbers[symbol] = len(nodes) - 1
            return numbers[symbol]

        for leaf in (x, *state.values()):
            number(leaf)
        for name in cell.state:
            end = as_symbol(new[name], cell.hidden_size)
            if end.op in ("x", "state", "vector", "linear", "add", "cat") or number(end) in ends:
                end = arithmetic("copy", end)  # a state has its own place in the frame
            ends.append(number(end))
        self.nodes, self.new = tuple(nodes), tuple(ends)

    def check(self, *tensors):
        for tensor in (*tensors, *self.tensors):
            if tensor.dtype not in REAL or tensor.dtype != tensors[0].dtype or tensor.device.type != "cpu":
                raise Unfused("its numbers are not all float32, or all float64, on the CPU")


@cache
def tell_once(sentence):
    print(sentence, file=sys.stderr)
