"""The text of the loop forward through time; every function takes the Writer w."""

import math

from course_lib.fuse.move import MOVES
from course_lib.fuse.write import FRAME, Values


def steps(w):
    """n steps, each from the state in the frame before it."""
    f, plan = w.function("steps", extra=FRAME), w.plan
    with f.loop("0", "%n") as step:
        frames, t = w.frames(step), f.add("%t0", step)
        source, goal = f.at(f.entry("x", "ptr"), f.mul(t, f.entry("x_step"))), w.value_at(0, frames)[0]
        w.copy((source, "x_row"), (goal, "frame"), f"width{plan.nodes[0].width}")
        for number in range(plan.passes):
            for operand, runs in plan.runs.items():
                if plan.nodes[operand].ready + 1 == number:
                    for run in runs:
                        run_forward(w, run, frames)
            for i in plan.order:
                if plan.nodes[i].op in MOVES and plan.nodes[i].ready == number:
                    move_forward(w, i, frames)
            for width in sorted({plan.nodes[i].width for i in plan.order}):
                forward_pass(w, number, width, frames)
        with f.when(f.let(f"icmp ne ptr {f.entry('out', 'ptr')}, null")):
            goal = f.at(f.entry("out", "ptr"), f.mul(t, f.entry("out_step")))
            w.copy(w.value_at(plan.new[0], frames), (goal, "out_row"), "out_step")
    return f


def run_forward(w, run, frames):
    f = w.f
    a, am = w.value_at(run.operand, frames)
    c, cm = w.value_at(run.nodes[0], frames)
    inputs = f.entry(f"width{w.plan.nodes[run.operand].width}")
    wide = 2 * w.target.lanes
    bias = f.at(f.entry("bias", "ptr"), f.entry(f"slot{run.nodes[0]}")) if run.first else c
    w.product(a, f.entry(am), "0", "1", f.entry(f"matrix{w.all_runs().index(run)}", "ptr"),
                 f.mul(inputs, str(wide)), str(wide), c, f.entry(cm), bias, "0" if run.first else f.entry(cm),
                 f.entry("rows"), w.number_of(run), "1", inputs, soon=w.frame_after(frames))  # fmt: skip


def move_forward(w, i, frames):
    node = w.plan.nodes[i]
    goal = w.value_at(i, frames)
    if node.op != "take":
        w.fill(goal, node.width, 0.0 if node.op == "sum" else -math.inf)
    for k, source in enumerate(node.sources):
        w.move(node.op, f"move{node.index}_{k}", w.value_at(source, frames), goal)


def forward_pass(w, number, width, frames):
    plan, f = w.plan, w.f
    kept = [i for i in plan.order if plan.nodes[i].slot is not None and plan.nodes[i].op not in ("x", "affine", *MOVES)
            and (plan.nodes[i].at, plan.nodes[i].width) == (number, width)]  # fmt: skip
    if kept:
        with w.units(width) as unit:
            vectors = w.vectors(kept, unit)
            with w.rows() as row:
                values = Values(w, frames, vectors, unit, row, set(kept))
                for i in kept:
                    f.store(values[i], values.address_of(i))


def forward(w):
    """All steps, chunk after chunk. `saved` gets the state before each chunk, and that after the last one."""
    f, widths = w.function("forward_all"), [w.plan.nodes[i].width for i in w.plan.new]
    begin = f.entry("saved", "ptr")
    for k, width in enumerate(widths):
        w.fill(w.state_at(begin, k), width, 0.0)
        w.copy(w.given("start", k), w.state_at(begin, k), f"width{width}")
    with w.chunks() as (_, start, n, frame, saved):
        w.copy((saved, "state"), w.states(frame), "state")
        f.do(f"call void @steps(ptr %table, ptr {frame}, i64 {start}, i64 {n})")
        last = f.at(frame, f.mul(n, f.mul(f.entry("rows"), f.entry("frame"))))
        w.copy(w.states(last), (f.at(saved, f.entry("saved_chunk")), "state"), "state")
    end = f.at(begin, f.mul(f.entry("chunks"), f.entry("saved_chunk")))
    for k, width in enumerate(widths):
        w.copy(w.state_at(end, k), w.given("last", k), f"width{width}")
    return f
