"""The text of the loop forward through time; every function takes the Writer w."""

from course_lib.fuse.move import MOVES
from course_lib.script.expression import Lines, quoted
from course_lib.script.write import Values, at, flat, loop


def forward(w, lines):
    """One step: what each pass needs of products and moves, then its arithmetic."""
    for p in range(w.plan.passes):
        for i in w.plan.order:
            if w.plan.nodes[i].ready == p and w.plan.nodes[i].op == "affine":
                affine(w, lines, i)
            if w.plan.nodes[i].ready == p and w.plan.nodes[i].op in MOVES:
                move(w, lines, i)
        for width in range(len(w.step.widths)):
            forward_pass(w, lines, p, width)


def affine(w, lines, i):
    """W x + U h + b: the biases, to which each product is added, unless all is for a gate that is held at a number."""
    node, (array, begin), width = w.plan.nodes[i], w.stands_in(i), w.width(i)
    gate = w.gate_alone(i)
    unless = f"if (!rules[{quoted(gate)}]?.held) " if gate is not None else ""
    biases = " + ".join(w.vector(index) for index in node.biases) or "0"
    lines.do(f"for (let k = 0; k < {width}; k++) {at(array, begin, 'k')} = {biases};")
    for operand, index in node.terms:
        view, (source, where) = w.step.views[index], w.stands_in(operand)
        lines.do(f"{unless}times({array}, {begin}, {width}, {w.weight(index)}, {view.first}, {view.steps[0]}, "
                 f"{view.steps[1]}, {source}, {where}, {w.width(operand)});")  # fmt: skip


def move(w, lines, i):
    node, (array, begin), width = w.plan.nodes[i], w.stands_in(i), w.width(i)
    if node.op != "take":
        lines.do(f"{array}.fill({'0' if node.op == 'sum' else '-Infinity'}, {begin}, {begin} + {width});")
    for source, how in zip(node.sources, w.step.moves[node.index]):
        from_, where = w.stands_in(source)
        lines.do(f"move({quoted(node.op)}, {from_}, {where}, {array}, {begin}, {flat(how)});")


def forward_pass(w, lines, p, width):
    """The arithmetic of a pass, in one loop over units."""
    nodes = w.plan.nodes
    here = [i for i in w.plan.order if (nodes[i].at, nodes[i].width) == (p, width)
            and nodes[i].slot is not None and nodes[i].op not in ("x", "affine", *MOVES)]  # fmt: skip
    if not here:
        return
    body = Lines(lines.indent + 1)
    values = Values(w, body, fresh=set(here))
    for i in here:
        values[i]
        body.do(f"{at(*w.stands_in(i), 'k')} = {w.names[i]};")
    loop(lines, w.step.widths[width], body)
