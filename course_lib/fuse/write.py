"""What the text of every loop shares: the places of values and gradients, loops over rows and units, copies."""

from contextlib import contextmanager

from course_lib.fuse.ir import Function
from course_lib.fuse.number import Number
from course_lib.fuse.ops import ROW

FRAME = ", ptr %frame, i64 %t0, i64 %n"  # the frame before the first of n steps, and the number of that step


class Writer:
    """The text of a kernel's loops, and the names of its table's entries.

    grad_x   whether the gradient of x is wanted
    """

    def __init__(self, plan, target, grad_x):
        self.plan, self.target, self.grad_x, self.entries = plan, target, grad_x, {}
        self.through = {}  # nodes whose gradient passes from one pass to another: {node: place in the gradient frame}

    def function(self, name, *, extra=""):
        self.f = Function(name, self.target, self.entries, extra=extra, internal=True)
        return self.f

    # Places.

    def frames(self, step):
        """The addresses of the frame before a step and of its own."""
        f = self.f
        size = f.mul(f.entry("rows"), f.entry("frame"))
        before = f.at("%frame", f.mul(step, size))
        return before, f.at(before, size)

    def frame_after(self, frames):
        """The first and the last address of the frame after that of a step."""
        before, now = frames
        f = self.f
        size = f.mul(f.entry("rows"), f.entry("frame"))
        after = f.at(now, size)
        return after, f.at(after, size)

    def frame_before(self, frames):
        """Those of the frame before that of a step, which the way back needs next."""
        return frames

    def value_at(self, i, frames):
        """(address, entry of the row stride) of the value of node i."""
        node, (before, now) = self.plan.nodes[i], frames
        slot = self.plan.new[i - 1] if node.op == "state" else 0 if node.op == "x" else node.slot
        return self.f.at(before if node.op == "state" else now, self.f.entry(f"slot{slot}")), "frame"

    def gradient_at(self, i, step):
        """(address, entry of the row stride) of the gradient of node i, for what is not complete within a pass."""
        f, node = self.f, self.plan.nodes[i]
        if node.op == "x":
            return f.at(f.entry("dx", "ptr"), f.mul(step, f.entry("dx_step"))), "dx_row"
        if node.op == "state":
            return f.at(f.get(self.old, "ptr"), f.entry(f"state{i - 1}")), "state"
        self.through.setdefault(i, len(self.through))
        return f.at(f.entry("gradients", "ptr"), f.entry(f"through{self.through[i]}")), "gradient"

    def state_at(self, place, k):
        """(address, entry of the row stride) of state number k where all states lie side by side from place on."""
        return self.f.at(place, self.f.entry(f"state{k}")), "state"

    def given(self, name, k):
        """The same for a tensor (batch, units) from outside that belongs to a state."""
        return self.f.entry(f"{name}{k}", "ptr"), f"width{self.plan.nodes[self.plan.new[k]].width}"

    def product(self, a, am, al, ak, b, bp, bk, c, cm, init, im, M, N, L, K, *, soon=None):  # noqa: N803
        """A call of `product`; soon: (first, end) of the memory that is used after it."""
        first, end = soon or (a, a)
        call = self.f.entry("product", "ptr")
        self.f.do(f"call void {call}(ptr %table, ptr {a}, i64 {am}, i64 {al}, i64 {ak}, ptr {b}, i64 {bp}, i64 {bk}, "
                  f"ptr {c}, i64 {cm}, ptr {init}, i64 {im}, i64 {M}, i64 {N}, i64 {L}, i64 {K}, "
                  f"ptr {first}, ptr {end})")  # fmt: skip

    def units(self, width):
        """A loop over the units of a width class, a vector at a time."""
        return self.f.loop("0", self.f.entry(f"pad{width}"), self.target.lanes)

    def rows(self):
        return self.f.loop("0", self.f.entry("rows"))

    def number_of(self, run):
        """How many numbers wide a run is."""
        return self.f.mul(str(len(run.nodes)), self.f.entry(f"pad{self.plan.nodes[run.nodes[0]].width}"))

    def all_runs(self):
        return [run for runs in self.plan.runs.values() for run in runs]

    def copy(self, source, goal, count, *, add=False):
        """goal = source, or goal += source, for all rows and so many numbers as the entry count says.

        Both are (address, entry of row stride); one may be a tensor from outside, whose rows have no numbers to spare.
        """
        f = self.f
        whole = f.whole(f.entry(count), self.target.lanes)
        with self.rows() as row:
            first, last = (f.at(address, f.mul(row, f.entry(stride))) for address, stride in (source, goal))
            with f.loop("0", whole, self.target.lanes) as unit:
                value, place = f.load(f.at(first, unit)), f.at(last, unit)
                f.store(f.op("fadd", value, f.load(place)) if add else value, place)
            with f.loop(whole, f.entry(count)) as unit:
                value, place = f.get(f.at(first, unit)), f.at(last, unit)
                f.write(f.one("fadd", value, f.get(place)) if add else value, place)

    def fill(self, goal, width, number):
        """goal = number, for all rows and units of a width class."""
        f = self.f
        with self.rows() as row, self.units(width) as unit:
            f.store(f.number(number), f.at(goal[0], f.mul(row, f.entry(goal[1])), unit))

    def move(self, op, name, source, goal):
        """Move numbers of all rows, as the entry of this name says: "take" writes them, "sum" adds, "max" compares."""
        f = self.f
        f.do(f"call void {f.entry(op, 'ptr')}(ptr %table, ptr {source[0]}, i64 {f.entry(source[1])}, ptr {goal[0]}, "
             f"i64 {f.entry(goal[1])}, i64 {f.entry('rows')}, ptr {f.entry(name, 'ptr')})")  # fmt: skip

    def vectors(self, nodes, unit):
        """{node: value} of the vectors that nodes are computed from."""
        found, waiting = {}, list(nodes)
        while waiting:
            i = waiting.pop()
            node = self.plan.nodes[i]
            if node.op == "vector" and i not in found:
                place = self.f.entry("vectors", "ptr"), self.f.entry(f"vector{node.index}"), unit
                found[i] = Number(self.f, self.f.load(self.f.at(*place)))
            waiting += [a for a in node.args if isinstance(a, int)]
        return found

    @contextmanager
    def chunks(self, *, backwards=False):
        """A loop over chunks: (number, first step, steps, the frame before them, the place of the state before them).

        The frames of the chunks up to the `first` that is kept lie in one place, one after the other in time.
        """
        f = self.f
        with f.loop("0", f.entry("chunks")) as index:
            if backwards:
                index = f.let(f"sub i64 {f.entry('chunks')}, {f.add(index, '1')}")
            start = f.mul(index, f.entry("chunk"))
            left = f.let(f"sub i64 {f.entry('time')}, {start}")
            n = f.least(left, f.entry("chunk"))
            kept = f.let(f"sub i64 {index}, {f.least(index, f.entry('first'))}")
            frame = f.at(f.entry("frames", "ptr"), f.mul(kept, f.entry("frames_chunk")))
            yield index, start, n, frame, f.at(f.entry("saved", "ptr"), f.mul(index, f.entry("saved_chunk")))

    def states(self, frame):
        """The place of all states in a frame."""
        return self.f.at(frame, self.f.entry(f"slot{self.plan.new[0]}")), "frame"


class Values:
    """The values of nodes for one vector of units of one row; a value is read, or computed, once.

    fresh    the nodes that are computed here although they have a place, which is written afterwards
    """

    def __init__(self, writer, frames, vectors, unit, row, fresh):
        self.writer, self.frames, self.unit, self.row, self.fresh = writer, frames, unit, row, fresh
        self.known = dict(vectors)

    def address_of(self, i):
        f = self.writer.f
        address, stride = self.writer.value_at(i, self.frames)
        return f.at(address, f.mul(self.row, f.entry(stride)), self.unit)

    def __getitem__(self, i):
        f = self.writer.f
        if not isinstance(i, int):
            return Number(f, f.number(i) if isinstance(i, float) else f.constant(i))
        if i not in self.known:
            node = self.writer.plan.nodes[i]
            kept = node.slot is not None and i not in self.fresh or node.op in ("x", "state")
            self.known[i] = (
                Number(f, f.load(self.address_of(i))) if kept else ROW[node.op].value(*(self[a] for a in node.args))
            )
        return self.known[i]
