"""Where a cell below an answer takes away what it uses: in Jupyter the answer had been checked before that cell ran."""

import ast
import builtins
import re

from tools.grading.submissions import FUNCTIONS, tree

MAGIC = re.compile(r"^[ \t]*[%!?].*$", re.MULTILINE)
SCOPES = (*FUNCTIONS, ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
ALL = "*"  # names that nobody can tell
MOST = 5  # places to try


def statements(source):
    """The statements of a cell, without its magics; none where it is not Python."""
    return tree(source) or tree(MAGIC.sub("", source)) or []


def bound(source):
    """{name: what it is bound to} for the names that a cell binds or deletes; an import is the same anywhere."""
    found, left = {}, list(statements(source))
    while left:
        node = left.pop()
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            whence = getattr(node, "module", None)
            for one in node.names:
                name = one.asname or (one.name if whence else one.name.partition(".")[0])
                found[name] = ("import", whence, one.name if one.asname or whence else name)
        elif isinstance(node, FUNCTIONS):
            found[node.name] = ("cell", source)
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            found[node.id] = ("cell", source)
        if not isinstance(node, SCOPES):
            left += ast.iter_child_nodes(node)
    return found


def used(source):
    """The names that a cell reads, anywhere in it."""
    return {node.id for part in statements(source) for node in ast.walk(part) if isinstance(node, ast.Name)}


def own(name, what):
    """What a name is bound to where no cell above has bound it: Python's own, or nothing, which what then is."""
    return "Python's" if hasattr(builtins, name) else what


def places(cells, names, defined):
    """Where the cells, [(key, source)], may be cut off so that functions of these names are as they were checked.

    In the order in which to try them; defined says whether all cells leave functions of these names. Then a cell
    below the last of their definitions may have changed what they use: the first that did is the place. If not, some
    cell put something else in the place of a function, or deleted it: the last one of these, and those before it.
    """
    binds = [bound(source) for _, source in cells]
    defining = [[k for k, one in enumerate(binds) if name in one] for name in names]
    if not all(defining):
        return []
    last = max(max(own) if defined else min(own) for own in defining)
    needed, held, found = set(names), {}, []
    for (_, source), one in list(zip(cells, binds))[last::-1]:  # what they use, and what that uses, stands above
        needed |= used(source) if needed & one.keys() else set()
    for one in binds[: last + 1]:
        held |= one
    for k in range(last + 1, len(cells)):
        new = {name: what for name, what in binds[k].items() if name in needed}
        if ALL in binds[k] or any(held.get(name, own(name, what)) != what for name, what in new.items()):
            found.append(k)
    return found[:1] if defined else found[: -MOST - 1 : -1]
