"""Write docs/compiled_path.md anew: one step of an LSTM on its way from equations to machine code.

    python -m tools.authoring.compiled_path             # the text of every stage, as it is now
    python -m tools.authoring.compiled_path --measure   # and sizes and seconds on this machine

What was measured is kept in results/compiled_path.json.

The text of LLVM is shown for vectors of 128 bits, which every processor has.
"""

import inspect
import json
import sys
import time
from pathlib import Path
from statistics import median
from unittest.mock import patch

import torch

from course_lib import bench
from course_lib.cells import LSTMCell
from course_lib.files import write
from course_lib.fuse import compile as compiler
from course_lib.fuse import forward, fuse
from course_lib.fuse.ir import Target
from course_lib.fuse.plan import Plan
from course_lib.fuse.program import Program
from course_lib.fuse.run import Loops
from course_lib.fuse.write import Values, Writer
from course_lib.rivals import KINDS, NAMES, SIZES, summary
from tools.authoring.readme import about, with_tables

ROOT = Path(__file__).resolve().parents[2]
PAGE, MEASURED = ROOT / "docs" / "compiled_path.md", ROOT / "results" / "compiled_path.json"
INPUTS, UNITS, STEPS, BATCH = 2, 32, 100, 64
LONG = 6  # lines of one value from which on its middle is left out


def example():
    """The cell of the page, and its program."""
    cell = LSTMCell(INPUTS, UNITS)
    return cell, Program(cell, cell.start(1), torch.float32)


def code(text, kind=""):
    return [f"```{kind}", *text.splitlines(), "```"]


def step():
    """The step, as it stands in cells.py."""
    yield from code(inspect.cleandoc("\n" + inspect.getsource(LSTMCell.step)), "python")


def trace():
    """The nodes of the program, a line each."""
    cell, program = example()
    names = {id(tensor): name for name, tensor in cell.named_parameters()}
    states = iter(program.names)
    yield from ("| node | operation | of | width | |", "|---|---|---|---|---|")
    for number, (op, args, wide, index) in enumerate(program.nodes):
        what = names[id(program.tensors[index])] if index is not None else next(states) if op == "state" else ""
        ends = [f"new {name}" for name, new in zip(program.names, program.new) if new == number]
        yield f"| {number} | {op} | {', '.join(map(str, args))} | {program.widths[wide]} | {' '.join([what, *ends])} |"


def plan():
    """Products and passes, in the order in which they run."""
    plan = Plan(example()[1].nodes, example()[1].new)
    for number in range(plan.passes):
        for operand, runs in plan.runs.items():
            for run in runs if plan.nodes[operand].ready + 1 == number else ():
                begin = "from the bias" if run.first else "added to it"
                yield f"- product: {len(run.nodes)} matrices on node {operand}, for nodes {run.nodes}, {begin}"
        here = [i for i in plan.order if plan.nodes[i].args and plan.nodes[i].at == number]
        kept = [i for i in here if plan.nodes[i].slot is not None]
        if here:
            again = ", ".join(str(i) for i in here if i not in kept)
            yield f"- pass {number}: computes nodes {', '.join(map(str, kept))}, kept; {again} in registers only"
    slots = [f"{i} ({plan.nodes[i].op})" for i in plan.slots]
    yield f"- a frame holds, side by side: nodes {', '.join(slots)}"


class Spoken(Values):
    """Values that remember which lines of the text compute which node."""

    lines = {}

    def __getitem__(self, i):
        if not isinstance(i, int) or i in self.known:
            return super().__getitem__(i)
        before = len(self.writer.f.lines)
        value = super().__getitem__(i)
        self.lines.setdefault(i, (before, len(self.writer.f.lines)))
        return value


def llvm():
    """The text of the pass of the step that computes the gates, the new memory and the new h, long values cut."""
    _, program = example()
    plan = Plan(program.nodes, program.new)
    with (
        patch.object(compiler, "vector_unit", lambda: (16, 16)),
        patch("course_lib.fuse.ir.vector_unit", lambda: (16, 16)),
    ):
        target = Target("float")
    with patch.object(forward, "Values", Spoken):
        Spoken.lines = {}
        lines = forward.steps(Writer(plan, target, False)).lines
    shown = []
    for i in (8, 27, 28, 29, 31):
        begin, end = Spoken.lines[i]
        inner = max([b[1] for k, b in Spoken.lines.items() if k != i and begin <= b[0] and b[1] <= end], default=begin)
        own = [short(line) for line in lines[inner:end]]
        if len(own) > LONG:
            own = [*own[:3], f"; {len(own) - 4} more lines", own[-1]]
        shown += [f"; node {i}: {plan.nodes[i].op} of {', '.join(map(str, plan.nodes[i].args))}", *own]
    yield from code("\n".join(shown), "llvm")


def short(line):
    """A line with the repeated numbers of a vector said once."""
    head, found, tail = line.partition("<float 0x")
    if not found:
        return line
    number, _, rest = tail.partition(",")
    return f"{head}<4 times float 0x{number}>{rest.partition('>')[2]}" if rest else line


def sizes():
    """What was measured: the size of every stage, and the seconds it takes."""
    measured = json.loads(MEASURED.read_text(encoding="utf-8"))
    yield from ("| stage | size | time |", "|---|---|---|")
    yield from (f"| {name} | {size} | {seconds} |" for name, size, seconds in measured["rows"])
    yield ""
    yield about(measured["environment"])


def rivals():
    """Milliseconds of a training step beside what else trains a cell; a ratio is that of our cell to torch.nn's."""
    part = bench.read(ROOT / "results" / "bench.json")["rivals"]
    here = [name for name in NAMES if any(row["name"] == name for row in part["rows"])]
    yield f"| steps, batch, units, inputs | | {' | '.join(here)} | ratio | both flushing |"
    yield "|---" * (len(here) + 4) + "|"
    for size in SIZES:
        for kind in KINDS:
            place = dict(zip(("time", "batch", "hidden", "inputs", "kind"), (*size, kind)))
            rows = {row["name"]: row for row in part["rows"] if place.items() <= row.items()}
            times = " | ".join(f"{1000 * rows[name]['seconds']:.2f}" if name in rows else "" for name in here)
            ratios = " | ".join(f"{rows[name]['ratio']:.2f}" for name in NAMES[:2])
            yield f"| {', '.join(map(str, size))} | {kind} | {times} | {ratios} |"
    yield ""
    yield f"Ratios: {'; '.join(summary(part['rows']))}."
    yield ""
    here = part["environment"]
    yield f"{about(here)} `{here['command']}`, load before it {here['load']}."


TABLES = {"step": step, "trace": trace, "plan": plan, "llvm": llvm, "sizes": sizes, "rivals": rivals}


def seconds(work, repeats=20):
    """The median time of work(), in words."""
    taken = []
    for _ in range(repeats):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    middle = median(taken)
    return f"{middle:.1f} s" if middle > 1 else f"{1000 * middle:.2g} ms" if middle < 0.1 else f"{1000 * middle:.0f} ms"


def measure():
    """The rows of `sizes`, measured here and now: [(stage, size, time)]."""
    cell, program = example()
    loops = Loops(program.nodes, program.new, "float", False)
    assembly = compiler.assembly(loops.text)
    instructions = [line for line in assembly.splitlines() if line.startswith("\t") and not line.startswith("\t.")]
    x = torch.randn(BATCH, STEPS, INPUTS)
    run = bench.training_step(lambda x: fuse(cell)(x)[0], list(cell.parameters()), x)
    run()
    whole = f"{STEPS} steps, batch {BATCH}"
    return [
        ("trace", f"{len(program.nodes)} nodes", seconds(lambda: example()[1])),
        ("plan", f"{len(Plan(program.nodes, program.new).slots)} places in a frame",
         seconds(lambda: Plan(program.nodes, program.new))),
        ("write", f"{len(loops.text.splitlines()):,} lines of LLVM", ""),
        ("compile", f"{len(instructions):,} instructions", seconds(lambda: compiler.compiled(loops.text), 3)),
        ("from the cache", f"{len(compiler.compiled(loops.text)):,} bytes",
         seconds(lambda: Loops(program.nodes, program.new, "float", False), 5)),
        ("run", f"forward and backward, {whole}", seconds(run)),
    ]  # fmt: skip


def main():
    if "--measure" in sys.argv:
        command = "python -m tools.authoring.compiled_path --measure"
        kept = {"command": command, "environment": bench.environment(), "rows": measure()}
        write(MEASURED, json.dumps(kept, indent=1) + "\n")
    write(PAGE, with_tables(PAGE.read_text(encoding="utf-8"), TABLES))


if __name__ == "__main__":
    main()
