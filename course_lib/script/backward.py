"""The text of the loop backward through time, from the slopes of the rows; every function takes the Writer w."""

from course_lib.fuse.backward import share
from course_lib.fuse.move import MOVES
from course_lib.script.expression import Expression, Lines, quoted
from course_lib.script.write import Values, at, flat, loop


def backward(w, lines):
    """One step backwards, the last pass first; w.summed: what needs a place for its gradient, cleared at every step."""
    w.crossing, w.summed, w.felt = set(), set(), felt(w.plan.nodes, w.ends)
    for p in reversed(range(w.plan.passes)):
        for operand in sorted(w.plan.operands, reverse=True):
            if w.plan.nodes[operand].at == p and operand not in w.plan.leaves:
                read_backward(w, lines, operand)
        for width in range(len(w.step.widths)):
            backward_pass(w, lines, p, width)
    for leaf in w.plan.leaves:
        read_backward(w, lines, leaf)


def felt(nodes, ends):
    """The nodes that a new state depends on. The others have no gradient: 0 times an infinite slope were NaN."""
    found, left = set(), [*ends]
    while left:
        if (i := left.pop()) not in found:
            found.add(i)
            node = nodes[i]
            left += [one for one in (*node.args, *(term for term, _ in node.terms), *node.sources)
                     if isinstance(one, int)]  # fmt: skip
    return found


def read_backward(w, lines, operand):
    """The gradient of what products and moves have read, and of the matrices."""
    (source, where), (goal, begin) = w.stands_in(operand), w.gradient(operand)
    for i in filter(w.felt.__contains__, w.plan.order):
        node = w.plan.nodes[i]
        array = f"$d_{w.names[i]}"
        for term, index in node.terms:
            if term == operand:
                view = w.step.views[index]
                learnt = f"$d_w_{view.weight}" if view.learns else "null"
                lines.do(f"back({array}, {w.width(i)}, {w.weight(index)}, {learnt}, {view.first}, "
                         f"{view.steps[0]}, {view.steps[1]}, {source}, {where}, {goal}, {begin}, "
                         f"{w.width(operand)});")  # fmt: skip
                w.summed.add(operand)
        for k, one in enumerate(node.sources):
            if one == operand and node.op != "max":
                first, last, loops = w.step.moves[node.index][k]
                how = last, first, tuple((n, t, f) for n, f, t in loops)
                lines.do(f'move("sum", {array}, 0, {goal}, {begin}, {flat(how)});')
                w.summed.add(operand)


def become(w, i):
    """The new states that a node becomes, if more is computed from it: their gradient is that by all ways."""
    nodes, ends, copies = w.plan.nodes, [w.ends[i]] if i in w.ends else [], {i}
    for end in sorted(w.ends):
        if nodes[end].op == "clone" and nodes[end].args[0] in copies:
            copies.add(end)
            ends.append(w.ends[end])
    more = i in w.plan.operands or len(ends) > 1 or any(user not in copies for user in nodes[i].users)
    return ends if more else []


def backward_pass(w, lines, p, width):
    plan = w.plan
    here = [i for i in plan.order if (plan.nodes[i].at, plan.nodes[i].width) == (p, width)
            and plan.nodes[i].op not in ("x", "state", "vector") and i in w.felt]  # fmt: skip
    if not here:
        return
    body = Lines(lines.indent + 1)
    values, gradients, onward, learnt = Values(w, body), {}, {}, []

    def give(i, gradient):
        node = plan.nodes[i]
        if node.op == "vector":
            learnt.append((node.index, gradient))
        else:
            goal = gradients if i in here else onward
            goal[i] = goal[i] + gradient if i in goal else gradient

    for i in reversed(here):
        node = plan.nodes[i]
        if i in w.ends:
            give(i, Expression(at(f"$d_{w.arrays[w.ends[i]]}", f"new{w.width(i)}", "k")))
        if i in w.summed:
            give(i, Expression(at(*w.gradient(i), "k")))
        gradient = gradients.get(i)
        if gradient is not None and (states := become(w, i)):
            gradient = body.let(f"all$_{w.names[i]}", gradient)
            for state in states:
                body.do(f"{at(f'$d_{w.arrays[state]}', f'new{w.width(i)}', 'k')} = {gradient.template};")
        if node.op == "affine" or node.op in MOVES:
            name = "0" if gradient is None else body.text(gradient)
            if node.biases and gradient is not None:
                body.do(f"const d_{w.names[i]} = {name};")
                gradient = Expression(f"d_{w.names[i]}")
                learnt += [(index, gradient) for index in node.biases]
                name = gradient.template
            body.do(f"{at(*w.gradient(i), 'k')} = {name};")
            w.crossing.add(i)
        elif gradient is not None:
            g = body.let(f"d_{w.names[i]}", gradient)
            if node.op == "gate":
                where = at(f"fixed[{quoted(w.announced[i])}]", w.stands_in(i)[1], "k")
                give(node.args[0], Expression(where).choose(0.0, g))
            else:
                share(node, g, values, i, give)
        for index, gradient in learnt:
            view = w.step.views[index]
            if view.learns:
                body.do(f"{w.vector(index, f'$d_w_{view.weight}')} += {body.text(gradient)};")
        learnt.clear()
    for i, gradient in onward.items():
        body.do(f"{at(*w.gradient(i), 'k')} += {body.text(gradient)};")
        w.summed.add(i)
    loop(lines, w.step.widths[width], body)
