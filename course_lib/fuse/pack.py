"""The text of what comes before and after the loops: the cell's numbers as the loops read them, and its gradients.

Both functions take the Writer w. A kernel gets the address of every tensor and its strides; several threads may deal
the units of its matrices among themselves, each the `part` of its table out of `parts`.
"""

TILE = 16  # rows that are read side by side where rows become columns


def prepare(w):
    """Vectors and biases padded with zeros; matrices in panels, as the product reads them, and the same transposed."""
    f, plan = w.function("prepare_all"), w.plan
    with f.loop("0", f.entry("widest"), w.target.lanes) as unit:
        f.store(f.number(0.0), f.at(f.entry("zeros", "ptr"), unit))
    for k, width in plan.vectors.items():
        padded_sum(w, [k], width, f.at(f.entry("vectors", "ptr"), f.entry(f"vector{k}")))
    for i in plan.slots:
        node = plan.nodes[i]
        if node.op == "affine":
            padded_sum(w, node.biases, node.width, f.at(f.entry("bias", "ptr"), f.entry(f"slot{i}")))
    for number, run in enumerate(w.all_runs()):
        for place, k in enumerate(run.matrices):
            panels(w, number, run, place, k)
            if f"transposed{number}" in w.entries:
                transposed_panels(w, number, run, place, k)
    return f


def tensor(w, k):
    """(address, entry with the step from row to row, from column to column) of a tensor of the cell."""
    return w.f.entry(f"tensor{k}", "ptr"), w.f.entry(f"row{k}"), w.f.entry(f"column{k}")


def own_part(w, size):
    """The bounds of what this thread does of so many."""
    f = w.f
    first, parts = f.mul(size, f.entry("part")), f.entry("parts")
    return f.let(f"sdiv i64 {first}, {parts}"), f.let(f"sdiv i64 {f.add(first, size)}, {parts}")


def padded_sum(w, tensors, width, goal):
    """goal = the sum of vectors of a width class, and zeros up to whole lanes."""
    f = w.f
    with w.units(width) as unit:
        f.store(f.number(0.0), f.at(goal, unit))
    for k in tensors:
        source, _, column = tensor(w, k)
        with f.loop("0", f.entry(f"width{width}")) as unit:
            place = f.at(goal, unit)
            f.write(f.one("fadd", f.get(place), f.get(f.at(source, f.mul(unit, column)))), place)


def panels(w, number, run, place, k):
    """One matrix (units, inputs) of a run: its units side by side, two vectors of them, all inputs of these, the next.

    A column of the run is a unit; those that only fill up the last vector are zero.
    """
    f, plan, wide = w.f, w.plan, 2 * w.target.lanes
    source, row, column = tensor(w, k)
    node = plan.nodes[run.nodes[0]]
    inputs, pad = f.entry(f"width{plan.nodes[run.operand].width}"), f.entry(f"pad{node.width}")
    goal, panel = f.entry(f"matrix{number}", "ptr"), f.mul(inputs, str(wide))
    with f.loop("0", inputs, 4 * TILE) as first:  # so few that their lines stay in the cache until they are full
        last = f.least(f.add(first, str(4 * TILE)), inputs)
        with f.loop(*own_part(w, pad)) as unit:
            at = f.add(f.mul(str(place), pad), unit)
            begin = f.at(goal, f.mul(f.let(f"sdiv i64 {at}, {wide}"), panel), f.let(f"srem i64 {at}, {wide}"))
            there = f.let(f"icmp slt i64 {unit}, {f.entry(f'width{node.width}')}")
            with f.when(there), f.loop(first, last) as i:
                number_ = f.get(f.at(source, f.mul(unit, row), f.mul(i, column)))
                f.write(number_, f.at(begin, f.mul(i, str(wide))))
            with f.when(f.let(f"xor i1 {there}, true")), f.loop(first, last) as i:
                f.write("0.0", f.at(begin, f.mul(i, str(wide))))


def transposed_panels(w, number, run, place, k):
    """The same the other way round: inputs side by side, two vectors of them, all units of the run, the next inputs."""
    f, plan, wide = w.f, w.plan, 2 * w.target.lanes
    source, row, column = tensor(w, k)
    width, operand = plan.nodes[run.nodes[0]].width, plan.nodes[run.operand].width
    units, inputs, pad = f.entry(f"width{width}"), f.entry(f"width{operand}"), f.entry(f"pad{operand}")
    goal, panel = f.entry(f"transposed{number}", "ptr"), f.mul(f.mul(str(len(run.nodes)), units), str(wide))
    with f.loop(*own_part(w, units)) as unit:
        line = f.at(goal, f.mul(f.add(f.mul(str(place), units), unit), str(wide)))
        for start, stop in (("0", inputs), (inputs, pad)):
            with f.loop(start, stop) as i:
                number_ = f.get(f.at(source, f.mul(unit, row), f.mul(i, column))) if start == "0" else "0.0"
                there = f.mul(f.let(f"sdiv i64 {i}, {wide}"), panel)
                f.write(number_, f.at(line, there, f.let(f"srem i64 {i}, {wide}")))


def finish(w):
    """The gradient of every tensor: what the blocks have found, added up, the matrices turned back."""
    f, plan, started = w.function("finish_all"), w.plan, set()
    slopes, block = f.entry("slopes", "ptr"), f.entry("block")

    def total(begin, *offsets):
        """The sum over blocks of the number at begin + offsets."""
        place = f.at(begin, *offsets)
        result = f.variable(w.target.real)
        f.set(result, w.target.real, f.get(place))
        with f.loop("1", f.entry("blocks")) as b:
            more = f.get(f.at(place, f.mul(b, block)))
            f.set(result, w.target.real, f.one("fadd", f.get(result, w.target.real), more))
        return f.get(result, w.target.real)

    for k, width in plan.vectors.items():
        begin = f.at(slopes, f.entry("dvectors_place"), f.entry(f"vector{k}"))
        with f.loop(*own_part(w, f.entry(f"width{width}"))) as unit:
            f.write(total(begin, unit), f.at(f.entry(f"grad{k}", "ptr"), unit))
    for number, run in enumerate(w.all_runs()):
        width = plan.nodes[run.nodes[0]].width
        inputs = f.entry(f"width{plan.nodes[run.operand].width}")
        for place, k in enumerate(run.matrices):
            begin = f.at(slopes, f.entry(f"dmatrix{number}_place"), f.mul(str(place), f.entry(f"pad{width}")))
            with f.loop("0", inputs, TILE) as first:
                last = f.least(f.add(first, str(TILE)), inputs)
                with f.loop(*own_part(w, f.entry(f"width{width}"))) as unit, f.loop(first, last) as i:
                    goal = f.at(f.entry(f"grad{k}", "ptr"), f.mul(unit, inputs), i)
                    value = total(begin, f.mul(i, f.entry(f"dmatrix{number}_row")), unit)
                    f.write(f.one("fadd", value, f.get(goal)) if k in started else value, goal)
            started.add(k)
    return f
