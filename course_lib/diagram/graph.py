"""What a picture of a cell shows: the values of its step, few enough to be read, from the traced step."""

from collections import Counter
from dataclasses import dataclass, field

from course_lib.fuse.ops import ROW
from course_lib.script.read import Step

SIGNS = {"mul": "⊙", "add": "+", "sub": "−", "div": "÷", "neg": "−", "sigmoid": "σ", "take": "part",
         "detach": "stop", "maximum": "max", "minimum": "min", "clamp_min": "max", "clamp_max": "min",
         "log_sigmoid": "log σ"}  # fmt: skip
HIDDEN = ("gate", "clone")  # passed on unchanged


@dataclass
class Part:
    """Something that is drawn.

    kind     "source" (x, or a state before the step), "join" (x and h side by side), "box" (a learned map, and what it
             goes through), "op" (arithmetic), "end" (a state after the step)
    name     what the equations call it, or ""; sign: the operation; gate: its gate's name, or None
    inputs   the Parts that go into it, in order
    """

    kind: str
    sign: str = ""
    name: str = ""
    gate: str | None = None
    inputs: list = field(default_factory=list, repr=False)

    def __hash__(self):
        return id(self)

    def __eq__(self, other):
        return self is other

    @property
    def wide(self):
        """Whether it takes more than one place of the grid."""
        return self.kind in ("box", "join") or self.kind == "op" and len(self.label) > 2

    @property
    def label(self):
        return self.name if self.kind in ("source", "join", "end") else f"{self.short} {self.sign}".strip()

    @property
    def short(self):
        """The name, where there is room for it."""
        return self.name if len(self.name) < 4 else ""

    @property
    def seen(self):
        """The labels of what goes in, sorted."""
        whole = [q for p in self.inputs for q in (p.inputs if p.kind == "join" else [p])]
        return tuple(sorted(p.label for p in whole))


class Graph:
    """The Parts of a cell's step, each after its inputs.

    road    the Parts that the memory passes from its old value to its new one; empty where there is no such path
    """

    def __init__(self, cell):
        step = self.step = Step(cell)
        self.cell, self.plan, self.known, self.parts, self.full = cell, step.plan, {}, [], {}
        self.announced = {self.through(i): name for name, i in step.gates.items()}
        self.names = {self.through(i): name for i, name in step.names.items()}
        ends = {name: self.through(i) for name, i in step.states.items()}
        for i in ends.values():
            self.names.pop(i, None)
        for i in self.plan.leaves:
            name = "x" if self.plan.nodes[i].op == "x" else list(step.states)[i - 1]
            self.known[i] = self.add(Part("source", name=name))
        self.ends = {}
        for name, i in sorted(ends.items(), key=lambda end: end[1]):
            self.ends[name] = Part("end", name=f"{name}′", inputs=[self.part(i)])
        self.parts += self.ends.values()
        self.tell_apart()
        self.join()
        self.parts = [p for p in self.parts if p.kind != "source" or any(p in q.inputs for q in self.parts)]
        self.road = self.memory_path()

    def add(self, part):
        self.parts.append(part)
        return part

    def through(self, i):
        """The node whose value a gate or a copy passes on."""
        while self.plan.nodes[i].op in HIDDEN:
            i = self.plan.nodes[i].args[0]
        return i

    def part(self, i):
        """The Part of a node."""
        i = self.through(i)
        if i not in self.known:
            self.known[i] = self.made(i)
        return self.known[i]

    def made(self, i):
        node = self.plan.nodes[i]
        gate, name = self.announced.get(i), self.names.get(i, "")
        if gate in self.cell.letters:
            name = self.cell.letters[gate]
        if node.op == "vector":
            return self.add(Part("box", self.step.views[node.index].weight or "number", name, gate))
        if node.op == "affine":
            part = self.add(Part("box", self.matrices(node), name, gate, self.sources(i)))
            self.full[part] = self.matrices(node, indexed=True)
            return part
        numbers = [a for a in node.args if isinstance(a, int)]
        if node.op in ROW and len(numbers) == 1 and len(node.args) == 1 and node.op != "detach":
            inner = self.through(numbers[0])
            if (learnt := self.learnt(inner)) is not None:
                return self.add(Part("box", SIGNS.get(node.op, node.op), name, gate, learnt))
        inputs = [self.part(a) for a in (numbers or node.sources)]
        return self.add(Part("op", self.sign(node), name, gate, inputs))

    def learnt(self, i):
        """What goes into a sum of learned maps (and other things) of which nothing else is used; None if it is none."""
        node = self.plan.nodes[i]
        if node.op == "affine" and len(node.users) <= 1:
            return self.sources(i)
        if node.op == "vector":
            return []
        if node.op == "add" and len(node.users) <= 1 and i not in self.names:
            found = [self.learnt(self.through(a)) if isinstance(a, int) else [] for a in node.args]
            if any(part is not None for one, part in zip(node.args, found) if isinstance(one, int)):
                pairs = zip(node.args, found)
                both = [one for a, part in pairs for one in ([self.part(a)] if part is None else part)]
                return list(dict.fromkeys(both))
        if node.op == "mul" and len(node.users) <= 1:  # one weight for each unit
            weights = [isinstance(a, int) and self.plan.nodes[a].op == "vector" for a in node.args]
            others = [a for a, weight in zip(node.args, weights) if not weight]
            if any(weights) and len(others) == 1 and isinstance(others[0], int):
                return [self.part(others[0])]
        return None

    def sources(self, i):
        return list(dict.fromkeys(self.part(operand) for operand, _ in self.plan.nodes[i].terms))

    def matrices(self, node, indexed=False):
        """The letters of the matrices of an affine map: W U; indexed: as the equations write them, W_f U_f."""
        names = [self.step.views[index].weight or "" for _, index in node.terms]
        return " ".join(dict.fromkeys(name if indexed else name.partition("_")[0] for name in names))

    def tell_apart(self):
        """Two maps without a name of their own that are called by the same letters get the index of their weights."""
        called = Counter(part.sign for part in self.full if not part.name)
        for part, full in self.full.items():
            if not part.name and called[part.sign] > 1:
                part.sign = full

    def sign(self, node):
        """The sign of arithmetic; numbers stand with it: "1 −", "× 0.01"."""
        sign = SIGNS.get(node.op, node.op)
        numbers = [a if isinstance(a, float) else None if isinstance(a, int) else
                   self.step.constants[int(a.removeprefix("constant"))] for a in node.args]  # fmt: skip
        if len(numbers) != 2 or numbers == [None, None]:
            return {"sum": "Σ"}.get(sign, sign)
        sign = "×" if node.op == "mul" else sign
        first, second = numbers
        return f"{first:g} {sign}" if second is None and node.op not in ("mul", "add") else (
            f"{sign} {second if second is not None else first:g}")  # fmt: skip

    def join(self):
        """Where two boxes or more see x and h, the two are drawn as one."""
        x, h = (next(p for p in self.parts if p.kind == "source" and p.name == name) for name in "xh")
        seers = [p for p in self.parts if p.kind == "box" and x in p.inputs and h in p.inputs]
        if len(seers) > 1:
            joint = Part("join", name="x, h", inputs=[h, x])
            self.parts.insert(len([p for p in self.parts if p.kind == "source"]), joint)
            for p in seers:
                p.inputs = [joint, *(one for one in p.inputs if one not in (x, h))]

    def memory_path(self):
        """The Parts from the old to the new value of the memory, by arithmetic alone."""
        if not self.cell.memory:
            return []
        state = self.cell.memory[1]
        first = next(p for p in self.parts if p.kind == "source" and p.name == state)

        def way(part):
            if part is first:
                return [part]
            for one in part.inputs if part.kind in ("op", "end") else ():
                if road := way(one):
                    return [*road, part]
            return None

        return way(self.ends[state]) or []


def news(graph, other):
    """(the Parts of graph that other has not, those of other that graph has not)."""
    mine, theirs = ([p for p in g.parts if p.kind in ("box", "op")] for g in (graph, other))
    for key in (near, rough):
        left = Counter(map(key, theirs))
        rest = []
        for part in mine:
            if left[key(part)]:
                left[key(part)] -= 1
                theirs.remove(next(p for p in theirs if key(p) == key(part)))
            else:
                rest.append(part)
        mine = rest
    return set(mine), theirs


def near(part):
    return part.kind, part.label, part.seen


def rough(part):
    """The same arithmetic is the same wherever it stands; a box with other inputs is another, with another name not."""
    return (part.kind, part.sign, bool(part.gate), part.seen if part.kind == "box" else None)
