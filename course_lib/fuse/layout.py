"""Where everything of a run lies, and how it is cut: the same for all runs of the same sizes."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from course_lib.fuse.memory import LINE


@dataclass(frozen=True)
class Limits:
    """chunk: bytes of frames in a chunk, a part of a core's own cache, unless the matrices need more themselves; keep:
    bytes of frames up to which they are kept; block: sequences that go through time together; small: multiplications
    below which one thread is faster."""

    chunk: int = 2**18
    keep: int = 3 * 2**26
    block: int = 64
    small: float = 2e6


LIMITS = Limits()
ROOMS = ("work", "slopes", "frames")  # of the whole run; of its backward loop; the frames
OF_STATES = ("start", "last", "dlast", "dstart")  # tensors (batch, units) from outside


class Places:
    """Places in a Room, one after the other, in bytes; each begins where a cache line begins."""

    def __init__(self):
        self.size = 0

    def take(self, size):
        first, self.size = self.size, self.size + -(-size // LINE) * LINE
        return first


class Sizes:
    """How the work of a run is cut.

    slots      {node: its first number in a row of a frame}; frame: numbers in a row; states: those of each state
    hidden     units of the state h; weights: numbers in the matrices
    blocks     [(first sequence, sequences)], threads: how many work on them, parts: how many on the cell's numbers
    chunk      steps; chunks: how many; first: the first one whose frames are kept, and those of all that follow
    """

    def __init__(self, compiled, widths, batch, time, grad, threads, limits):
        self.compiled, self.widths, self.batch, self.time, self.grad = compiled, widths, batch, time, grad
        self.plan, self.bytes = compiled.plan, compiled.target.bytes
        self.pads = [compiled.padded(width) for width in widths]
        self.lay_out_frame()
        self.share_out(threads, limits)
        self.cut(limits)

    def width(self, i):
        return self.widths[self.plan.nodes[i].width]

    def pad(self, i):
        return self.pads[self.plan.nodes[i].width]

    def lay_out_frame(self):
        self.slots, self.frame = {}, 0
        for i in self.plan.slots:
            self.slots[i] = self.frame
            self.frame += self.pad(i)
        self.frame = self.odd(self.frame)
        self.states = [self.pad(i) for i in self.plan.new]
        self.hidden = self.width(self.plan.new[0])

    def odd(self, size):
        """size or one vector more: rows an odd number of vectors apart do not compete for a place in the cache."""
        lanes = self.compiled.target.lanes
        return size + lanes if size // lanes % 2 == 0 else size

    def share_out(self, threads, limits):
        """Blocks, and the threads that take them: every thread has the same number."""
        matrices = [len(run.nodes) * self.width(run.nodes[0]) * self.width(run.operand) for run in self.compiled.runs]
        self.weights = sum(matrices)
        self.threads = min(threads, self.batch) if self.batch * self.time * self.weights > limits.small else 1
        blocks = min(self.threads * -(-self.batch // (self.threads * limits.block)), self.batch)
        ends = [self.batch * k // blocks for k in range(blocks + 1)]
        self.blocks = [(first, end - first) for first, end in zip(ends, ends[1:])]
        self.parts = min(self.threads, blocks) if self.weights > limits.small / 16 else 1

    def cut(self, limits):
        """Chunks. One has about as many bytes as the matrices: each of the two is read for the sake of the other."""
        rows, row_bytes = max(rows for _, rows in self.blocks), self.frame * self.bytes
        wanted = max(limits.chunk, min(self.weights * self.bytes, 16 * limits.chunk))
        self.chunk = min(self.time, max(1, -(-64 // rows), wanted // (rows * row_bytes)))
        self.chunks = -(-self.time // self.chunk)
        kept = self.chunks
        if not self.grad or (self.time + 1) * self.batch * row_bytes > limits.keep:
            kept = max(1, limits.keep // (self.chunk * self.batch * row_bytes)) if self.grad else 1
        self.first = self.chunks - min(kept, self.chunks)

    def kept_bytes(self, rows):
        """Bytes of the frames of a block, with the one before the first step."""
        return (min(self.time, (self.chunks - self.first) * self.chunk) + 1) * rows * self.frame * self.bytes


class Layout(Sizes):
    """The tables of a run, complete but for addresses, and the sizes of its rooms.

    table      (blocks, entries), where what has an address holds its place within that room or tensor
    addresses  {what has an address: its place in a list of them, of which 0 stays empty}
    of         for every column the place of the address that is added to it
    rooms      {name: bytes}; outside: {name: column} of tensors from outside
    constants  [column]; strides: [(column, column)]; again: the column for how many chunks are computed again
    """

    def __init__(self, compiled, widths, moves, batch, time, grad, threads, limits):
        super().__init__(compiled, widths, batch, time, grad, threads, limits)
        rows = max(rows for _, rows in self.blocks)
        places = {name: Places() for name in ROOMS}
        entries = self.sizes() | self.of_tensors() | self.of_moves(moves)
        located = self.work(places["work"], rows) | self.slopes(places["slopes"], rows, entries)
        located["frames"] = "frames", [places["frames"].take(self.kept_bytes(rows)) for _, rows in self.blocks]
        self.fill(entries, located)
        self.rooms = {name: places[name].size for name in ROOMS}

    def sizes(self):
        """The entries that are numbers, one for all blocks or a list."""
        inputs, rows = self.widths[self.plan.nodes[0].width], np.array([rows for _, rows in self.blocks])
        state = sum(self.states)
        entries = {"frame": self.frame, "state": state, "time": self.time, "chunk": self.chunk, "chunks": self.chunks,
                   "first": self.first, "again": self.first, "rows": rows, "widest": max(self.pads),
                   "frames_chunk": rows * self.chunk * self.frame, "saved_chunk": rows * state if self.grad else 0,
                   "x_row": self.time * inputs, "x_step": inputs, "out_row": self.time * self.hidden,
                   "out_step": self.hidden, "dx_row": self.time * self.pad(0), "dx_step": self.pad(0),
                   "part": np.arange(len(self.blocks)), "parts": self.parts} | self.compiled.shared  # fmt: skip
        entries |= {f"state{k}": sum(self.states[:k]) for k in range(len(self.states))}
        for width, (size, pad) in enumerate(zip(self.widths, self.pads)):
            entries |= {f"width{width}": size, f"pad{width}": pad}
        return entries | {f"slot{i}": offset for i, offset in self.slots.items()}

    def of_tensors(self):
        """Entries for the strides of tensors that lie one number after the other, and places among the vectors."""
        entries, self.vectors = {}, 0
        for k, width in self.plan.vectors.items():
            entries |= {f"row{k}": 0, f"column{k}": 1, f"vector{k}": self.vectors}
            self.vectors += self.pads[width]
        for run in self.compiled.runs:
            entries |= {f"row{k}": self.width(run.operand) for k in run.matrices}
            entries |= {f"column{k}": 1 for k in run.matrices}
        return entries

    def of_moves(self, moves):
        """Entries for what moves within a row: as it is read forward, and back."""
        found = [(k, j, move) for k, group in enumerate(moves) for j, move in enumerate(group)]
        self.moves = np.array([[[a, c, *sum(loops, ())], [c, a, *(n for m, f, t in loops for n in (m, t, f))]]
                               for _, _, (a, c, loops) in found], np.int64)  # fmt: skip
        return {f"{name}{k}_{j}": how.ctypes.data for row, (k, j, _) in enumerate(found)
                for name, how in zip(("move", "back"), self.moves[row])}  # fmt: skip

    def work(self, places, rows):
        """{entry: (room, place, or a place for each block)} for the cell's numbers and the states between chunks."""
        wide, found = 2 * self.compiled.target.lanes, {}
        sizes = {"zeros": max(self.pads), "vectors": self.vectors, "bias": self.frame}
        for number, run in enumerate(self.compiled.runs):
            outputs, inputs = len(run.nodes) * self.pad(run.nodes[0]), self.pad(run.operand)
            sizes[f"matrix{number}"] = -(-outputs // wide) * wide * self.width(run.operand)
            sizes[f"transposed{number}"] = -(-inputs // wide) * wide * len(run.nodes) * self.width(run.nodes[0])
        found = {name: ("work", places.take(size * self.bytes)) for name, size in sizes.items()}
        saved = (self.chunks + 1 if self.grad else 1) * rows * sum(self.states) * self.bytes
        return found | {"saved": ("work", [places.take(saved) for _ in self.blocks])}

    def slopes(self, places, rows, entries):
        """The same for the backward loop, whose blocks all have the same places within their part of the room."""
        block, state = Places(), sum(self.states)
        offsets = {"dvectors": block.take(self.vectors * self.bytes)}
        for number, run in enumerate(self.compiled.runs):
            row = self.odd(len(run.nodes) * self.pad(run.nodes[0]))
            offsets[f"dmatrix{number}"] = block.take(self.width(run.operand) * row * self.bytes)
            entries[f"dmatrix{number}_row"] = row
            entries[f"dmatrix{number}_place"] = offsets[f"dmatrix{number}"] // self.bytes
        through = [0, *np.cumsum([self.pad(i) for i in self.compiled.through], dtype=int)]
        entries |= {f"through{place}": first for place, first in enumerate(through[:-1])}
        entries |= {"sums": block.size // self.bytes, "dvectors_place": 0, "gradient": through[-1]}
        sizes = {"young": state, "old": state, "gradients": entries["gradient"]}
        offsets |= {name: block.take(rows * size * self.bytes) for name, size in sizes.items()}
        first = [places.take(block.size) for _ in self.blocks]
        entries |= {"blocks": len(self.blocks), "block": block.size // self.bytes}
        return {"slopes": ("slopes", 0)} | {
            name: ("slopes", [begin + offset for begin in first]) for name, offset in offsets.items()
        }

    def fill(self, entries, located):
        """The table, and where in it everything from outside goes."""
        names = self.compiled.entries
        self.table = np.zeros((len(self.blocks), len(names)), np.int64)
        firsts = np.array([first for first, _ in self.blocks]) * self.bytes
        rows = {"x": entries["x_row"], "out": entries["out_row"], "dout": entries["out_row"], "dx": entries["dx_row"]}
        for k, i in enumerate(self.plan.new):
            rows |= {f"{name}{k}": self.width(i) for name in OF_STATES}
        entries = entries | {name: firsts * row for name, row in rows.items()}
        entries |= {name: place for name, (_, place) in located.items()}
        for name, value in entries.items():
            if name in names:
                self.table[:, names[name]] = value
        self.outside = {name: names[name] for name in rows if name in names}
        self.again = names["again"]
        count = len({*self.plan.vectors, *(k for run in self.compiled.runs for k in run.matrices)})
        numbered = [f"{kind}{k}" for kind in ("tensor", "grad") for k in range(count)]
        self.addresses = {name: 1 + place for place, name in enumerate([*ROOMS, *self.outside, *numbered])}
        within = self.addresses | {name: self.addresses[room] for name, (room, _) in located.items()}
        self.of = np.array([within.get(name, 0) for name in names])
        self.constants = [names[f"constant{k}"] for k in range(len(names)) if f"constant{k}" in names]
        self.strides = [(names.get(f"row{k}"), names.get(f"column{k}")) for k in range(count)]


@lru_cache(maxsize=256)
def lay_out(compiled, widths, moves, batch, time, grad, threads, limits):
    """The Layout of a run, made once."""
    return Layout(compiled, widths, moves, batch, time, grad, threads, limits)
