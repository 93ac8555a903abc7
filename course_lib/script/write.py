"""Names and places for the text of a cell's two loops, and the values that it reads."""

import re

from course_lib.fuse.ops import ROW
from course_lib.script.expression import Expression, number, quoted

LANGUAGE = set(
    """arguments await break case catch class const continue debugger default delete do else enum eval export
    extends false finally for function if implements import in instanceof interface let new null package
    private protected public return static super switch this throw true try typeof var void while with yield
    undefined NaN Infinity Math Object Array Float64Array Float32Array Int32Array Uint8Array Number Error
    globalThis""".split()
)
OWN = set(
    """as back backward batch cell copysign d fixed forward int is k make move of old override put row rows ruled rules
    rulesOf seq start step steps take times trace weights x zeros""".split()
)  # of the text around a step


class Writer:
    """Writes the two loops. In the text, $f is the array of all values of f, and f one of its numbers.

    names    {node: the name of its number}
    arrays   {state or gate: what its array is called, after the $}
    seen     the nodes whose numbers are kept for every step, whether the loop back needs them or not
    """

    def __init__(self, step, seen=()):
        self.step, self.plan, self.names, self.seen = step, step.plan, {}, seen
        self.ends = {i: name for name, i in step.states.items()}
        self.announced = {i: name for name, i in step.gates.items()}
        self.arrays = {}
        for name in (*step.states, *step.gates):
            self.arrays[name] = free(own(re.sub(r"\W", "_", name, flags=re.ASCII)), self.arrays.values())
        taken = set()
        for i in self.plan.order:
            others = {array for name, array in self.arrays.items() if name != self.announced.get(i)}
            used = LANGUAGE | OWN | taken | (others if self.plan.nodes[i].op != "state" else set())
            self.names[i] = free(own(self.wanted(i)), used)
            taken.add(self.names[i])
        held = {node.slot for node in self.plan.nodes if node.op not in ("affine",)} - {None}
        self.scratch = [i for i in self.plan.order if self.plan.nodes[i].op == "affine" and i in held and i not in seen]
        self.kept = [i for i in self.plan.order if i not in self.scratch and self.plan.nodes[i].slot is not None
                     and i not in self.ends and i not in self.announced and self.plan.nodes[i].op != "x"]  # fmt: skip

    def wanted(self, i):
        """What a node is called: as in the step; new states like h_new; a gate before it passed its gate, f_own."""
        node, names = self.plan.nodes[i], self.step.names
        if i in self.ends:
            return f"{self.arrays[self.ends[i]]}_new"
        if node.op == "state":
            return self.arrays[list(self.step.states)[i - 1]]
        if node.op == "x":
            return "x_"
        if i in names and names[i].isidentifier() and names[i].isascii():
            return names[i]
        if len(node.users) == 1 and (node.op == "affine" or node.users[0] in self.announced):
            name = self.wanted(node.users[0]).removesuffix("_own").removesuffix("_new")
            return f"{name}_sum" if node.op == "affine" else f"{name}_own"
        return f"v{i}"

    def gate_alone(self, i):
        """The gate for whose own value alone a node is computed; None where it is wanted otherwise, too."""
        nodes = self.plan.nodes
        kept = {*self.seen, *self.ends, *self.plan.operands}
        while i not in kept and len(nodes[i].users) == 1:
            (i,) = nodes[i].users
            if i in self.announced:
                return self.announced[i]
        return None

    # ---- Places ----

    def stands_in(self, i):
        """(array, where the numbers of this step begin) of a node."""
        node, width = self.plan.nodes[i], self.width(i)
        if node.op == "x":
            return "x", f"at{width}"
        if node.op == "state":
            return f"${self.arrays[list(self.step.states)[i - 1]]}", f"old{width}"
        if i in self.ends:
            return f"${self.arrays[self.ends[i]]}", f"new{width}"
        if i in self.announced:
            return f"${self.arrays[self.announced[i]]}", f"at{width}"
        return f"${self.names[i]}", "0" if i in self.scratch else f"at{width}"

    def gradient(self, i):
        """(array, where) of the gradient of a node that is read in another pass."""
        node, width = self.plan.nodes[i], self.width(i)
        if node.op == "x":
            return "d.x", f"at{width}"
        if node.op == "state":
            return f"$d_{self.arrays[list(self.step.states)[i - 1]]}", f"old{width}"
        return f"$d_{self.names[i]}", "0"

    def width(self, i):
        return self.step.widths[self.plan.nodes[i].width]

    def weight(self, index):
        """The array of a tensor."""
        view = self.step.views[index]
        return f"$constant{index}" if view.weight is None else f"$w_{view.weight}"

    def vector(self, index, array=None):
        view = self.step.views[index]
        return at(array or self.weight(index), view.first, "k", view.steps[0])


class Values:
    """The values of nodes for one unit; each is read, or computed, once.

    fresh    the nodes that are computed here although they have a place, which is written afterwards
    """

    def __init__(self, writer, lines, fresh=()):
        self.writer, self.lines, self.fresh, self.known = writer, lines, fresh, {}

    def __getitem__(self, i):
        if isinstance(i, float):
            return Expression(number(i))
        if isinstance(i, str):
            return Expression(f"({number(self.writer.step.constants[int(i.removeprefix('constant'))])})")
        if i not in self.known:
            self.known[i] = self.read(i)
        return self.known[i]

    def read(self, i):
        writer = self.writer
        node, name = writer.plan.nodes[i], writer.names[i]
        if node.op == "vector":
            return Expression(writer.vector(node.index))
        if node.slot is not None and i not in self.fresh or node.op in ("x", "state"):
            return self.lines.let(name, Expression(at(*writer.stands_in(i), "k")))
        if node.op != "gate":
            return self.lines.let(name, ROW[node.op].value(*(self[a] for a in node.args)))
        gate, value = writer.announced[i], self[node.args[0]]
        rule, where = f"rules[{quoted(gate)}]", sum_of(writer.stands_in(i)[1], "k")
        self.lines.do(f"const {name} = {rule} ? ruled({rule}, fixed[{quoted(gate)}], {where}, step, "
                      f"{self.lines.text(value)}, k, seq) : {self.lines.text(value)};")  # fmt: skip
        return Expression(name)


def own(name):
    """A name that is none of those of gradients, weights and constants."""
    return f"own_{name}" if re.match(r"d_|w_|constant\d", name) else name


def free(name, used):
    """name, longer by as many _ as it takes to be none of those used, nor of the loops' own."""
    while name in used or re.fullmatch(r"(at|old|new|t)\d+_?|t\d+_", name):
        name += "_"
    return name


def at(array, begin, k, step=1):
    """An element: array[begin + step k]."""
    return f"{array}[{sum_of(begin, k if step == 1 else f'{step} * {k}' if step else '0')}]"


def sum_of(*terms):
    return " + ".join(str(term) for term in terms if str(term) != "0") or "0"


def flat(how):
    """A move's first places and its three loops, as arguments."""
    first, goal, loops = how
    return ", ".join(str(n) for n in (first, goal, *(n for loop in loops for n in loop)))


def loop(lines, width, body):
    lines.do(f"for (let k = 0; k < {width}; k++) {{")
    lines.lines += body.lines
    lines.do("}")
