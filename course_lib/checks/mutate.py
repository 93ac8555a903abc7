"""Every small change of the code of one function: a term left out, a name for another, a bias too many.

On a reference they are the mistakes that nobody has listed; on a solution, wrong answers that a check must reject.
"""

import ast
import copy
from textwrap import dedent

SQUASH = ("tanh", "sigmoid", "exp", "log", "log10", "maximum", "sqrt", "abs")
CHAINED = ("flip", "cumprod", "unsqueeze", "expand", "mean", "transpose", "sum", "cumsum")


def mutants(source, *, scale=(), cut=False):
    """(what was changed, source) for every small change of the one function in a source.

    scale   factors by which every number is multiplied as well, and every name is cut off from its gradient if cut
    """
    tree = ast.parse(dedent(source))
    function = next(node for node in tree.body if isinstance(node, ast.FunctionDef))
    local = [one.arg for one in function.args.args]
    local += [node.id for node in ast.walk(function) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]
    appends = [node.value for node in ast.walk(function) if isinstance(node, ast.Attribute) and node.attr == "append"]
    grown = {node.id for node in appends if isinstance(node, ast.Name)}  # a list put into itself has no end
    local = [name for name in dict.fromkeys(local) if name not in grown]
    loops = letters(function)
    for holder, field, k, node in places(function):
        for words, new in changes(node, local, scale, cut):
            yield words, written(tree, holder, field, k, new)
            inside = next(((name, text) for name, text, body in loops if node in body), None)
            if inside and not isinstance(node, ast.Constant):
                for letter in inside[1]:
                    test = ast.parse(f"{inside[0]} == {letter!r}", mode="eval").body
                    one = ast.IfExp(test=test, body=new, orelse=copy.deepcopy(node))
                    yield f"{words}, for {letter} alone", written(tree, holder, field, k, one)


def letters(function):
    """[(name, the letters it runs over, the nodes inside)] of every comprehension over the letters of a word."""
    found = []
    for node in ast.walk(function):
        if isinstance(node, (ast.DictComp, ast.GeneratorExp, ast.ListComp)):
            over, target = node.generators[0].iter, node.generators[0].target
            if isinstance(over, ast.Constant) and isinstance(over.value, str) and isinstance(target, ast.Name):
                parts = [node.value] if isinstance(node, ast.DictComp) else [node.elt]
                found.append((target.id, over.value, {one for part in parts for one in ast.walk(part)}))
    return found


def places(function):
    """(holder, field, index or None, node) for every expression of the body, from its first line to its last."""
    todo = [(function, "body", k, one) for k, one in enumerate(function.body)]
    while todo:
        holder, field, k, node = todo.pop(0)
        inside = []
        for name, value in ast.iter_fields(node):
            parts = value if isinstance(value, list) else [value]
            inside += [(node, name, j if isinstance(value, list) else None, one)
                       for j, one in enumerate(parts) if isinstance(one, ast.AST)]  # fmt: skip
        todo = inside + todo
        docstring = isinstance(holder, ast.Expr) and isinstance(node, ast.Constant) and isinstance(node.value, str)
        if isinstance(node, ast.expr) and not docstring and not isinstance(getattr(node, "ctx", None), ast.Store):
            yield holder, field, k, node


def written(tree, holder, field, k, new):
    """The source with new in one place."""
    old = getattr(holder, field)
    try:
        setattr(holder, field, new if k is None else [*old[:k], new, *old[k + 1 :]])
        return ast.unparse(tree)
    finally:
        setattr(holder, field, old)


def changes(node, local, scale, cut):
    """(words, new node) for every small change of one expression."""
    text = ast.unparse(node)
    if isinstance(node, ast.BinOp):
        yield from of_operation(node)
    elif isinstance(node, ast.Attribute) and node.attr == "T":
        yield f"`{text}` is left without .T", node.value
    elif isinstance(node, ast.Call):
        yield from of_call(node)
    elif isinstance(node, ast.Name) and node.id in local:
        for other in local:
            if other != node.id:
                yield f"`{other}` stands where `{node.id}` should", ast.Name(other, ast.Load())
        yield f"`1 - {node.id}` stands where `{node.id}` should", parsed(f"1 - {node.id}")
        if cut:
            yield f"`{node.id}` is cut off", parsed(f"{node.id}.detach()")
    elif isinstance(node, ast.Constant) and type(node.value) in (int, float):
        tried = (node.value + 1, node.value - 1, 2 * node.value, -node.value, *(node.value * one for one in scale))
        for other in dict.fromkeys(tried):
            if other != node.value:
                yield f"`{other}` stands where `{node.value}` should", parsed(repr(other))
    elif isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
        for other in "fiogrzn":
            if other != node.slice.value and len(node.slice.value) == 1:
                new = ast.Subscript(node.value, ast.Constant(other), ast.Load())
                yield f"`{ast.unparse(new)}` stands where `{text}` should", new


def of_operation(node):
    """The changes of a sum, a product, a quotient or a power."""
    left, right = ast.unparse(node.left), ast.unparse(node.right)
    yield f"`{right}` is left out of `{ast.unparse(node)}`", node.left
    if not isinstance(node.op, (ast.Div, ast.Pow)):
        yield f"`{left}` is left out of `{ast.unparse(node)}`", node.right
    swaps = {ast.Add: (ast.Sub, ast.Mult), ast.Sub: (ast.Add,), ast.Mult: (ast.Add, ast.Div), ast.Div: (ast.Mult,),
             ast.MatMult: (ast.Mult,)}  # fmt: skip
    for other in swaps.get(type(node.op), ()):
        new = ast.BinOp(node.left, other(), node.right)
        yield f"`{ast.unparse(new)}` stands where `{ast.unparse(node)}` should", new
    if isinstance(node.op, (ast.MatMult, ast.Sub, ast.Div, ast.Pow)):
        new = ast.BinOp(node.right, node.op, node.left)
        yield f"`{ast.unparse(new)}` stands where `{ast.unparse(node)}` should", new


def of_call(node):
    """The changes of a call: the function is left out, or is another one; a loop turns once less."""
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if name in SQUASH and len(node.args) == 1:
        yield f"{name} is left out of `{ast.unparse(node)}`", node.args[0]
        if name in ("tanh", "sigmoid"):
            other = copy.copy(node.func)
            new = {"tanh": "sigmoid", "sigmoid": "tanh"}[name]
            setattr(other, "attr" if isinstance(other, ast.Attribute) else "id", new)
            yield f"{new} stands where {name} should in `{ast.unparse(node)}`", ast.Call(other, node.args, [])
    elif name in CHAINED and isinstance(node.func, ast.Attribute):
        yield f"{name} is left out of `{ast.unparse(node)}`", node.func.value
    elif name == "range" and len(node.args) == 1:
        end = ast.unparse(node.args[0])
        yield f"the last turn of the loop over `{end}` is left out", parsed(f"range({end} - 1)")
        yield f"the first turn of the loop over `{end}` is left out", parsed(f"range(1, {end})")


def parsed(text):
    """The expression of a text."""
    return ast.parse(text, mode="eval").body
