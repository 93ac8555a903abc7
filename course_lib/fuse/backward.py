"""The text of the loop backward through time; every function takes the Writer w."""

from course_lib.fuse.move import MOVES
from course_lib.fuse.number import Number
from course_lib.fuse.ops import LETTERS, ROW
from course_lib.fuse.write import FRAME, Values


def adjoint(w):
    """The gradients of n steps, the last one first, and of the matrices, from the frames of these steps."""
    f, plan = w.function("adjoint", extra=FRAME), w.plan
    w.old, w.young = f.variable("ptr"), f.variable("ptr")
    tables = [f.address_of(name) for name in ("old", "young")]
    for variable, table in zip((w.old, w.young), tables):
        f.set(variable, "ptr", f.let(f"load ptr, ptr {table}"))
    with f.loop("0", "%n") as back:
        step = f.let(f"sub i64 %n, {f.add(back, '1')}")
        frames, t = w.frames(step), f.add("%t0", step)
        with f.when(f.let(f"icmp ne ptr {f.entry('dout', 'ptr')}, null")):
            source = f.at(f.entry("dout", "ptr"), f.mul(t, f.entry("out_step")))
            w.copy((source, "out_row"), (f.get(w.young, "ptr"), "state"), "out_step", add=True)
        w.started = set()
        for number in reversed(range(plan.passes)):
            for operand, runs in plan.runs.items():
                if plan.nodes[operand].at == number and operand not in plan.leaves:
                    runs_backward(w, operand, runs, frames, t)
                    moves_backward(w, operand, frames, t)
            for width in sorted({plan.nodes[i].width for i in plan.order}):
                backward_pass(w, number, width, frames, t)
        for leaf in plan.leaves if w.grad_x else plan.leaves[1:]:
            runs_backward(w, leaf, plan.runs.get(leaf, []), frames, t)
            moves_backward(w, leaf, frames, t)
            if leaf not in w.started:
                w.fill(w.gradient_at(leaf, t), plan.nodes[leaf].width, 0.0)
        swapped = f.get(w.old, "ptr")
        f.set(w.old, "ptr", f.get(w.young, "ptr"))
        f.set(w.young, "ptr", swapped)
    for variable, table in zip((w.old, w.young), tables):
        f.do(f"store ptr {f.get(variable, 'ptr')}, ptr {table}")
    for run in w.all_runs():
        matrix_gradient(w, run)
    return f


def runs_backward(w, operand, runs, frames, t):
    """The gradient of an operand: the gradients of the runs times their matrices."""
    f, plan = w.f, w.plan
    for run in runs:
        c, cm = w.gradient_at(operand, t)
        a, am = w.value_at(run.nodes[0], frames)
        width, inputs = plan.nodes[run.nodes[0]].width, plan.nodes[operand].width
        wide, count = 2 * w.target.lanes, len(run.nodes)
        panel = f.mul(f.mul(str(count), f.entry(f"width{width}")), str(wide))
        init, im = (c, f.entry(cm)) if operand in w.started else (f.entry("zeros", "ptr"), "0")
        w.product(a, f.entry(am), f.entry(f"pad{width}"), "1",
                     f.entry(f"transposed{w.all_runs().index(run)}", "ptr"), panel, str(wide), c, f.entry(cm),
                     init, im, f.entry("rows"), f.entry(f"pad{inputs}"), str(count),
                     f.entry(f"width{width}"), soon=w.frame_before(frames))  # fmt: skip
        w.started.add(operand)


def moves_backward(w, source, frames, t):
    """The gradient of a node gets what was taken from it back, from the gradients of the moves."""
    plan = w.plan
    for i in plan.order:
        for k, from_ in enumerate(plan.nodes[i].sources):
            if from_ == source and plan.nodes[i].op != "max":
                goal = w.gradient_at(source, t)
                if source not in w.started:
                    w.fill(goal, plan.nodes[source].width, 0.0)
                    w.started.add(source)
                w.move("sum", f"back{plan.nodes[i].index}_{k}", w.value_at(i, frames), goal)


def matrix_gradient(w, run):
    """The gradient of a run's matrices, summed over the rows of all n frames."""
    f = w.f
    a, am = w.value_at(run.operand, frames := w.frames("0"))
    b, _ = w.value_at(run.nodes[0], frames)
    number, function = w.all_runs().index(run), f.entry("product_over_rows", "ptr")
    f.do(f"call void {function}(ptr %table, ptr {a}, ptr {b}, i64 {f.entry(am)}, "
         f"ptr {f.entry(f'dmatrix{number}', 'ptr')}, i64 {f.entry(f'dmatrix{number}_row')}, "
         f"i64 {f.entry(f'width{w.plan.nodes[run.operand].width}')}, i64 {w.number_of(run)}, "
         f"i64 {f.mul('%n', f.entry('rows'))})")  # fmt: skip


def backward_pass(w, number, width, frames, t):
    """The arithmetic of a pass backwards: from the gradients of its values to those of what it read."""
    plan, f, v = w.plan, w.f, w.target.vector
    here = [i for i in plan.order if plan.nodes[i].op not in ("x", "state", "vector")
            and (plan.nodes[i].at, plan.nodes[i].width) == (number, width)]  # fmt: skip
    if not here:
        return
    crossing = set()
    with w.units(width) as unit:
        vectors = w.vectors(here, unit)
        tensors = {plan.nodes[i].index for i in vectors} | {b for i in here for b in plan.nodes[i].biases}
        sums = {tensor: f.variable(v) for tensor in sorted(tensors)}
        for total in sums.values():
            f.set(total, v, f.number(0.0))
        with w.rows() as row:
            values, gradients, onward = Values(w, frames, vectors, unit, row, set()), {}, {}

            def give(i, gradient):
                node = plan.nodes[i]
                if node.op == "vector":
                    add_to_sum(node.index, gradient)
                else:
                    goal = gradients if i in here else onward
                    goal[i] = f.op("fadd", goal[i], gradient) if i in goal else gradient

            def add_to_sum(tensor, gradient):
                f.set(sums[tensor], v, f.op("fadd", f.get(sums[tensor], v), gradient))

            def place_of(i):
                address, stride = w.gradient_at(i, t)
                return f.at(address, f.mul(row, f.entry(stride)), unit)

            for i in reversed(here):
                node = plan.nodes[i]
                if i in plan.new:
                    offset = f.entry(f"state{plan.new.index(i)}")
                    give(i, f.load(f.at(f.get(w.young, "ptr"), f.mul(row, f.entry("state")), offset, unit)))
                if i in w.started:
                    give(i, f.load(place_of(i)))
                gradient = gradients.get(i)
                if node.op == "affine" or node.op in MOVES:
                    gradient = gradient or f.number(0.0)
                    f.store(gradient, values.address_of(i))
                    for tensor in node.biases:
                        add_to_sum(tensor, gradient)
                elif gradient is not None:
                    share(node, Number(f, str(gradient)), values, i, give)
            if w.grad_x is False:
                onward.pop(0, None)
            for i, gradient in onward.items():
                place = place_of(i)
                f.store(f.op("fadd", gradient, f.load(place)) if i in w.started else gradient, place)
                crossing.add(i)
        for tensor, total in sums.items():
            place = f.at(f.entry("dvectors", "ptr"), f.entry(f"vector{tensor}"), unit)
            f.store(f.op("fadd", f.load(place), f.get(total, v)), place)
    w.started |= crossing


def share(node, g, values, i, give):
    """Give each argument of node i its share of the gradient g: give(argument, gradient)."""

    def find(letter):
        return g if letter == "g" else values[i] if letter == "y" else values[node.args[LETTERS.index(letter)]]

    row = ROW[node.op]
    for which, argument in enumerate(node.args):
        if isinstance(argument, int) and row.slopes[which]:
            give(argument, row.share(which, find))


def backward(w):
    """The gradients of all steps, last chunk first; the frames of the first `again` chunks are computed again."""
    f, widths = w.function("backward_all"), [w.plan.nodes[i].width for i in w.plan.new]
    with f.loop("0", f.entry("sums"), w.target.lanes) as i:
        f.store(f.number(0.0), f.at(f.entry("dvectors", "ptr"), i))
    for k, width in enumerate(widths):
        w.fill(w.state_at(f.entry("young", "ptr"), k), width, 0.0)
        source = w.given("dlast", k)
        with f.when(f.let(f"icmp ne ptr {source[0]}, null")):
            w.copy(source, w.state_at(f.entry("young", "ptr"), k), f"width{width}")
    with w.chunks(backwards=True) as (index, start, n, frame, saved):
        with f.when(f.let(f"icmp slt i64 {index}, {f.entry('again')}")):
            w.copy((saved, "state"), w.states(frame), "state")
            f.do(f"call void @steps(ptr %table, ptr {frame}, i64 {start}, i64 {n})")
        f.do(f"call void @adjoint(ptr %table, ptr {frame}, i64 {start}, i64 {n})")
    young = f.get(f.address_of("young"), "ptr")  # it may have changed places with the old one
    for k, width in enumerate(widths):
        goal = w.given("dstart", k)
        with f.when(f.let(f"icmp ne ptr {goal[0]}, null")):
            w.copy(w.state_at(young, k), goal, f"width{width}")
    return f
