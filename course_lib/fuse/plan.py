"""Plan the loops of a program: which products, which arithmetic between them, and what is kept where."""

from course_lib.fuse.move import MOVES
from course_lib.fuse.ops import ROW


class Node:
    """One value of a step, and where and when it is computed.

    index    of a vector, in the tensors; of a move, in the moves
    terms    of an affine map, [(operand, tensor index of the matrix)], and biases: [tensor index]
    sources  of a move, the nodes whose numbers it takes
    users    the nodes that use it component by component
    at       the pass that computes it; of an affine map or a move, the first pass that may use it
    slot     the node in whose place of the frame it is kept; None where it is computed again when needed
    """

    def __init__(self, op, args, width, index):
        self.op, self.args, self.width, self.index = op, args, width, index
        self.terms, self.biases, self.sources, self.users, self.at, self.slot = [], [], [], [], 0, None
        self.ready = 0  # the first pass that could compute it

    @property
    def read(self):
        """The nodes that must be in their places before the product or the move that gives this one."""
        return [*(operand for operand, _ in self.terms), *self.sources]


class Plan:
    """The order of a step: products and passes by turns.

    nodes     by number, None where a node is not needed
    slots     the nodes with a place of their own in the frame, in order: x, the new states, affine maps, others
    runs      {operand: [[affine nodes that lie side by side and are computed together], ...]}
    vectors   {tensor index: width class} of the tensors that are vectors or biases
    passes    how many; product number p comes before pass p
    """

    def __init__(self, nodes, new):
        self.new, self.nodes = new, [Node(*node) for node in nodes]
        self.leaves = [i for i, node in enumerate(self.nodes) if node.op in ("x", "state")]
        self.merge()
        self.schedule()
        self.give_slots()

    def merge(self):
        """W x + U h + b, a sum of products of which nothing else is used, becomes one affine map."""
        count = [0] * len(self.nodes)
        for node in self.nodes:
            for a in node.args:
                if isinstance(a, int):
                    count[a] += 1
        for node in self.nodes:
            if node.op == "linear":
                node.op, node.terms, node.args = "affine", [(node.args[0], node.index)], ()
            elif node.op in MOVES:
                node.sources, node.args = node.args, ()
            elif node.op == "add" and all(isinstance(a, int) for a in node.args):
                parts = [self.nodes[a] for a in node.args]
                sums = [p.op == "affine" and count[a] == 1 for a, p in zip(node.args, parts)]
                if any(sums) and all(s or p.op == "vector" for s, p in zip(sums, parts)):
                    node.op, node.args = "affine", ()
                    node.terms = [term for p in parts for term in p.terms]
                    node.biases = [b for p in parts for b in (p.biases if p.op == "affine" else [p.index])]
        needed, waiting = set(self.leaves), list(self.new)
        while waiting:
            i = waiting.pop()
            if i not in needed:
                needed.add(i)
                waiting += [a for a in self.nodes[i].args if isinstance(a, int)]
                waiting += self.nodes[i].read
        self.order = sorted(needed)

    def schedule(self):
        """What a product needs is computed as early as possible, all else as late as possible, near its use."""
        self.operands = {i for node in self.order for i in self.nodes[node].read}
        for i in self.order:
            node = self.nodes[i]
            before = [self.nodes[a].ready for a in node.args if isinstance(a, int)]
            node.ready = max([*before, *(1 + self.nodes[i].ready for i in node.read)], default=0)
            for a in set(node.args):
                if isinstance(a, int):
                    self.nodes[a].users.append(i)
        self.passes = 1 + max(self.nodes[i].ready for i in self.order)
        for i in reversed(self.order):
            node = self.nodes[i]
            uses = [self.nodes[user].at for user in node.users]
            node.at = node.ready if i in self.operands else min(uses, default=self.passes - 1)

    def give_slots(self):
        """Slots and runs."""
        affine = [i for i in self.order if self.nodes[i].op == "affine"]
        affine.sort(key=lambda i: (self.nodes[i].width, sorted(operand for operand, _ in self.nodes[i].terms)))
        self.slots = [0, *self.new, *affine, *(i for i in self.order if self.nodes[i].op in MOVES)]
        for i in self.slots:
            self.nodes[i].slot = i
        for i in self.order:
            node = self.nodes[i]
            if node.slot is None and node.op in ROW and ROW[node.op].in_place and i not in self.operands:
                source = self.nodes[node.args[0]]
                if source.op == "affine" and source.users == [i] and node.args[0] not in self.operands:
                    node.slot = node.args[0]
            own = node.op in ROW and ROW[node.op].costly or i in self.operands and node.op not in ("x", "state")
            if node.slot is None and own:
                node.slot = i
                self.slots.append(i)
        self.vectors = {node.index: node.width for node in map(self.nodes.__getitem__, self.order)
                        if node.op == "vector"}  # fmt: skip
        self.vectors |= {k: self.nodes[i].width for i in affine for k in self.nodes[i].biases}
        self.runs, started = {}, set()
        for operand in sorted(self.operands, key=lambda i: self.nodes[i].ready):
            runs = self.runs[operand] = []
            for i in affine:
                for term, matrix in self.nodes[i].terms:
                    if term == operand:
                        last = runs[-1].nodes[-1] if runs else None
                        joins = (last is not None and affine.index(last) + 1 == affine.index(i)
                                 and self.nodes[last].width == self.nodes[i].width
                                 and runs[-1].first == (i not in started))  # fmt: skip
                        if not joins:
                            runs.append(Run(operand, i not in started))
                        runs[-1].nodes.append(i)
                        runs[-1].matrices.append(matrix)
                        started.add(i)


class Run:
    """Matrices on one operand whose results lie side by side in the frame: one product.

    first   whether these results begin here, from the bias, or are added to what is there
    """

    def __init__(self, operand, first):
        self.operand, self.first, self.nodes, self.matrices = operand, first, [], []
