"""The operations of a step, component by component: the value of each, and its derivative, as LLVM's text."""

KEPT = ("sigmoid", "tanh", "exp")  # their derivative follows from their value


def value_of(f, op, a, b=None):
    """The result of an operation."""
    if op in ("copy", "detach"):
        return a
    if op in ("add", "sub", "mul", "div"):
        return f.op("f" + op, a, b)
    if op == "relu":
        return f.choose("ogt", a, f.number(0.0), a, f.choose("uno", a, a, a, f.number(0.0)))
    return getattr(f, op)(a)


def adjoint_of(f, node, i, values, g, give):
    """Give each argument of node i its share of the gradient g: give(argument, gradient)."""
    a, b = (*node.args, None)[:2]

    def share(argument, gradient):
        if isinstance(argument, int):
            give(argument, gradient())

    if node.op in ("add", "sub", "copy"):
        share(a, lambda: g)
        share(b, lambda: g if node.op == "add" else f.op("fmul", g, f.number(-1.0)))
    elif node.op == "mul":
        share(a, lambda: f.op("fmul", g, values[b]))
        share(b, lambda: f.op("fmul", g, values[a]))
    elif node.op == "div":
        share(a, lambda: f.op("fdiv", g, values[b]))
        share(b, lambda: f.op("fmul", f.op("fdiv", g, values[b]), f.op("fmul", values[i], f.number(-1.0))))
    elif node.op == "sigmoid":
        y = values[i]
        share(a, lambda: f.op("fmul", g, f.op("fmul", y, f.op("fsub", f.number(1.0), y))))
    elif node.op == "tanh":
        y = values[i]
        share(a, lambda: f.op("fmul", g, f.op("fsub", f.number(1.0), f.op("fmul", y, y))))
    elif node.op == "relu":
        share(a, lambda: f.choose("ogt", values[i], f.number(0.0), g, f.number(0.0)))
    elif node.op == "exp":
        share(a, lambda: f.op("fmul", g, values[i]))
