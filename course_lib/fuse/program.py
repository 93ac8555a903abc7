"""A step as a list of nodes, and the tensors it uses: what decides which kernel runs."""

import torch

from course_lib.fuse.move import MOVES
from course_lib.fuse.read import read_step
from course_lib.fuse.trace import Tape, Unfused

REAL = {torch.float32: "float", torch.float64: "double"}
COPIED = ("x", "state", "vector", "linear", "add", *MOVES)  # a new state has its own place in the frame


class Program:
    """A step as nodes, and what it uses. The same nodes share one kernel, whatever the sizes, tensors and numbers.

    nodes      as those of a `Tape`, but only those that are needed; node 0 is x, the next ones are the states
    new        the node of every new state, h first; names: of the states in this order
    tensors, constants, moves, widths    as those of a `Tape`; training: of every module, whether it is being trained
    """

    def __init__(self, cell, start, dtype):
        tape = Tape(dtype)
        self.names = sorted(start, key=lambda name: name != "h")
        if self.names[0] != "h":
            raise Unfused("it has no state h")
        new = read_step(cell, tape, {name: start[name] for name in self.names})
        ends = []
        for number in new.values():
            while tape.nodes[number][0] in COPIED or number in ends:
                number = tape.node("clone", (number,), tape.nodes[number][2])
            ends.append(number)
        self.nodes, self.new, self.widths, self.training = tuple(tape.nodes), tuple(ends), tape.widths, tape.training
        self.tensors, self.constants, self.moves = tape.tensors, tape.constants, tape.moves
        self.prune()

    def prune(self):
        """Leave out the nodes, and what they name, that no new state needs."""
        needed = [op in ("x", "state") for op, *_ in self.nodes]
        for i in self.new:
            needed[i] = True
        for i in range(len(needed) - 1, -1, -1):
            if needed[i]:
                for a in self.nodes[i][1]:
                    if isinstance(a, int):
                        needed[a] = True
        if all(needed):
            return
        nodes, number, old, lists = [], {}, self.constants, {"tensors": [], "moves": []}
        self.constants, places = [], {}

        def renamed(a):
            if isinstance(a, int):
                return number[a]
            if isinstance(a, float):
                return a
            self.constants.append(old[int(a.removeprefix("constant"))])
            return f"constant{len(self.constants) - 1}"

        for i, (op, args, wide, index) in enumerate(self.nodes):
            if needed[i]:
                if index is not None:
                    kind = "moves" if op in MOVES else "tensors"
                    if (kind, index) not in places:
                        places[kind, index] = len(lists[kind])
                        lists[kind].append(getattr(self, kind)[index])
                    index = places[kind, index]
                number[i] = len(nodes)
                nodes.append((op, tuple(map(renamed, args)), wide, index))
        self.nodes, self.new = tuple(nodes), tuple(number[i] for i in self.new)
        self.tensors, self.moves = lists["tensors"], lists["moves"]

    def check(self, *tensors):
        kind = tensors[0].dtype
        for tensor in (*tensors, *self.tensors):
            if tensor.dtype is not kind or not tensor.is_cpu or kind not in REAL:
                raise Unfused("its numbers are not all float32, or all float64, on the CPU")
