"""The text of a cell's module: the loop forward through time and the loop back, from a Step and the rows of `fuse`."""

import json
import re

from course_lib.fuse.move import MOVES
from course_lib.fuse.ops import LETTERS, ROW
from course_lib.script.expression import Expression, Lines, number

RESERVED = {"seq", "step", "k", "x", "d", "row", "old", "batch", "steps", "rows", "trace", "rules", "fixed", "start",
            "cell", "make", "zeros", "times", "back", "move", "take", "put", "copysign", "override", "weights", "new",
            "forward", "backward", "with", "in", "do", "if", "of", "as", "is", "for", "let", "var", "int", "try",
            "this", "null", "true", "false", "void", "else", "enum", "case", "const", "default", "function", "yield",
            "await", "class", "delete", "switch", "typeof", "undefined", "NaN", "Infinity", "Math"}  # fmt: skip


class Writer:
    """Writes the two loops. In the text, $f is the array of all values of f, and f one of its numbers.

    names    {node: the name of its number}
    """

    def __init__(self, step):
        self.step, self.plan, self.names = step, step.plan, {}
        self.ends = {i: name for name, i in step.states.items()}
        self.announced = {i: name for name, i in step.gates.items()}
        taken = set()
        for i in self.plan.order:
            name = self.wanted(i)
            while name in RESERVED | taken or re.fullmatch(r"(at|old|new|t)\d+_?|t\d+_", name):
                name += "_"
            taken.add(name)
            self.names[i] = name
        held = {node.slot for node in self.plan.nodes if node.op not in ("affine",)} - {None}
        self.scratch = [i for i in self.plan.order if self.plan.nodes[i].op == "affine" and i in held]
        self.kept = [i for i in self.plan.order if i not in self.scratch and self.plan.nodes[i].slot is not None
                     and i not in self.ends and i not in self.announced and self.plan.nodes[i].op != "x"]  # fmt: skip

    def wanted(self, i):
        """What a node is called: as in the step; new states like h_new; a gate before it passed its gate, f_own."""
        node, names = self.plan.nodes[i], self.step.names
        if i in self.ends:
            return f"{self.ends[i]}_new"
        if node.op == "state":
            return list(self.step.states)[i - 1]
        if node.op == "x":
            return "x_"
        if i in names and names[i].isidentifier() and names[i].isascii():
            return names[i]
        if len(node.users) == 1 and (node.op == "affine" or node.users[0] in self.announced):
            name = self.wanted(node.users[0]).removesuffix("_own").removesuffix("_new")
            return f"{name}_sum" if node.op == "affine" else f"{name}_own"
        return f"v{i}"

    # ---- Places ----

    def place(self, i):
        """(array, where the numbers of this step begin) of a node."""
        node, width = self.plan.nodes[i], self.width(i)
        if node.op == "x":
            return "x", f"at{width}"
        if node.op == "state":
            return f"${list(self.step.states)[i - 1]}", f"old{width}"
        if i in self.ends:
            return f"${self.ends[i]}", f"new{width}"
        if i in self.announced:
            return f"${self.announced[i]}", f"at{width}"
        return f"${self.names[i]}", "0" if i in self.scratch else f"at{width}"

    def gradient(self, i):
        """(array, where) of the gradient of a node that is read in another pass."""
        node, width = self.plan.nodes[i], self.width(i)
        if node.op == "x":
            return "d.x", f"at{width}"
        if node.op == "state":
            return f"$d_{list(self.step.states)[i - 1]}", f"old{width}"
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

    # ---- Forward ----

    def forward(self, lines):
        for p in range(self.plan.passes):
            for i in self.plan.order:
                if self.plan.nodes[i].ready == p and self.plan.nodes[i].op == "affine":
                    self.affine(lines, i)
                if self.plan.nodes[i].ready == p and self.plan.nodes[i].op in MOVES:
                    self.move(lines, i)
            for width in range(len(self.step.widths)):
                self.forward_pass(lines, p, width)

    def affine(self, lines, i):
        node, (array, begin), width = self.plan.nodes[i], self.place(i), self.width(i)
        biases = " + ".join(self.vector(index) for index in node.biases) or "0"
        lines.do(f"for (let k = 0; k < {width}; k++) {at(array, begin, 'k')} = {biases};")
        for operand, index in node.terms:
            view, (source, where) = self.step.views[index], self.place(operand)
            lines.do(f"times({array}, {begin}, {width}, {self.weight(index)}, {view.first}, {view.steps[0]}, "
                     f"{view.steps[1]}, {source}, {where}, {self.width(operand)});")  # fmt: skip

    def move(self, lines, i):
        node, (array, begin), width = self.plan.nodes[i], self.place(i), self.width(i)
        if node.op != "take":
            lines.do(f"{array}.fill({'0' if node.op == 'sum' else '-Infinity'}, {begin}, {begin} + {width});")
        for source, how in zip(node.sources, self.step.moves[node.index]):
            from_, where = self.place(source)
            lines.do(f"move({json.dumps(node.op)}, {from_}, {where}, {array}, {begin}, {flat(how)});")

    def forward_pass(self, lines, p, width):
        nodes = self.plan.nodes
        here = [i for i in self.plan.order if (nodes[i].at, nodes[i].width) == (p, width)
                and nodes[i].slot is not None and nodes[i].op not in ("x", "affine", *MOVES)]  # fmt: skip
        if not here:
            return
        body = Lines(lines.indent + 1)
        values = Values(self, body, fresh=set(here))
        for i in here:
            values[i]
            body.do(f"{at(*self.place(i), 'k')} = {self.names[i]};")
        self.loop(lines, self.step.widths[width], body)

    def loop(self, lines, width, body):
        lines.do(f"for (let k = 0; k < {width}; k++) {{")
        lines.lines += body.lines
        lines.do("}")

    # ---- Backward ----

    def backward(self, lines):
        self.crossing, self.summed = set(), set()
        for p in reversed(range(self.plan.passes)):
            for operand in sorted(self.plan.operands, reverse=True):
                if self.plan.nodes[operand].at == p and operand not in self.plan.leaves:
                    self.read_backward(lines, operand)
            for width in range(len(self.step.widths)):
                self.backward_pass(lines, p, width)
        for leaf in self.plan.leaves:
            self.read_backward(lines, leaf)

    def read_backward(self, lines, operand):
        """The gradient of what products and moves have read, and of the matrices."""
        (source, where), (goal, begin) = self.place(operand), self.gradient(operand)
        for i in self.plan.order:
            node = self.plan.nodes[i]
            array = f"$d_{self.names[i]}"
            for term, index in node.terms:
                if term == operand:
                    view = self.step.views[index]
                    learnt = f"$d_w_{view.weight}" if view.learns else "null"
                    lines.do(f"back({array}, {self.width(i)}, {self.weight(index)}, {learnt}, {view.first}, "
                             f"{view.steps[0]}, {view.steps[1]}, {source}, {where}, {goal}, {begin}, "
                             f"{self.width(operand)});")  # fmt: skip
                    self.summed.add(operand)
            for k, one in enumerate(node.sources):
                if one == operand and node.op != "max":
                    first, last, loops = self.step.moves[node.index][k]
                    how = last, first, tuple((n, t, f) for n, f, t in loops)
                    lines.do(f'move("sum", {array}, 0, {goal}, {begin}, {flat(how)});')
                    self.summed.add(operand)

    def backward_pass(self, lines, p, width):
        plan = self.plan
        here = [i for i in plan.order if (plan.nodes[i].at, plan.nodes[i].width) == (p, width)
                and plan.nodes[i].op not in ("x", "state", "vector")]  # fmt: skip
        if not here:
            return
        body = Lines(lines.indent + 1)
        values, gradients, onward, learnt = Values(self, body), {}, {}, []

        def give(i, gradient):
            node = plan.nodes[i]
            if node.op == "vector":
                learnt.append((node.index, gradient))
            else:
                goal = gradients if i in here else onward
                goal[i] = goal[i] + gradient if i in goal else gradient

        for i in reversed(here):
            node = plan.nodes[i]
            if i in self.ends:
                give(i, Expression(at(f"$d_{self.ends[i]}", f"new{self.width(i)}", "k")))
            if i in self.summed:
                give(i, Expression(at(*self.gradient(i), "k")))
            gradient = gradients.get(i)
            if node.op == "affine" or node.op in MOVES:
                name = "0" if gradient is None else body.text(gradient)
                if node.biases and gradient is not None:
                    body.do(f"const d_{self.names[i]} = {name};")
                    gradient = Expression(f"d_{self.names[i]}")
                    learnt += [(index, gradient) for index in node.biases]
                    name = gradient.template
                body.do(f"{at(*self.gradient(i), 'k')} = {name};")
                self.crossing.add(i)
            elif gradient is not None:
                g = body.let(f"d_{self.names[i]}", gradient)
                if node.op == "gate":
                    where = at(f"fixed[{json.dumps(self.announced[i])}]", self.place(i)[1], "k")
                    give(node.args[0], Expression(where).choose(0.0, g))
                else:
                    share(node, g, values, i, give)
            for index, gradient in learnt:
                view = self.step.views[index]
                if view.learns:
                    body.do(f"{self.vector(index, f'$d_w_{view.weight}')} += {body.text(gradient)};")
            learnt.clear()
        for i, gradient in onward.items():
            body.do(f"{at(*self.gradient(i), 'k')} += {body.text(gradient)};")
            self.summed.add(i)
        self.loop(lines, self.step.widths[width], body)


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
            return self.lines.let(name, Expression(at(*writer.place(i), "k")))
        if node.op != "gate":
            return self.lines.let(name, ROW[node.op].value(*(self[a] for a in node.args)))
        gate, value = writer.announced[i], self[node.args[0]]
        rule, where = f"rules[{json.dumps(gate)}]", sum_of(writer.place(i)[1], "k")
        self.lines.do(f"const {name} = {rule} ? ruled({rule}, fixed[{json.dumps(gate)}], {where}, step, "
                      f"{self.lines.text(value)}, k, seq) : {self.lines.text(value)};")  # fmt: skip
        return Expression(name)


def share(node, g, values, i, give):
    """Give each argument of node i its share of the gradient g: give(argument, gradient)."""

    def find(letter):
        return g if letter == "g" else values[i] if letter == "y" else values[node.args[LETTERS.index(letter)]]

    row = ROW[node.op]
    for which, argument in enumerate(node.args):
        if isinstance(argument, int) and row.slopes[which]:
            give(argument, row.share(which, find))


def at(array, begin, k, step=1):
    """An element: array[begin + step k]."""
    return f"{array}[{sum_of(begin, k if step == 1 else f'{step} * {k}' if step else '0')}]"


def sum_of(*terms):
    return " + ".join(str(term) for term in terms if str(term) != "0") or "0"


def flat(how):
    """A move's first places and its three loops, as arguments."""
    first, goal, loops = how
    return ", ".join(str(n) for n in (first, goal, *(n for loop in loops for n in loop)))
