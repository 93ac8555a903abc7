"""No output that nbval compares holds what was trained here: another processor rounds otherwise, and trains otherwise.

Read from the text, from the first cell to the last: a name holds what was trained if it is bound to what calls `train`,
a widget that fits its own cells, or a function or a name that does. A table that was stored is none of it.
"""

import ast
import re
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[1]
NOTEBOOKS = [*sorted((ROOT / "notebooks").glob("[0-9]*.ipynb")), *sorted((ROOT / "solutions").glob("*/*.ipynb"))]
FITS = [
    path.stem for path in (ROOT / "course_lib" / "widgets").glob("*.py") if "torch.optim" in path.read_text("utf-8")
]
HELD = ("text/html", "text/markdown", "text/latex", "text/plain")  # of what an output is compared by, the first it has
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


class Trained(ast.NodeVisitor):
    """Visits a notebook's statements in their order; names: those that hold what was trained."""

    def __init__(self):
        self.names = {"train"}

    def used(self, *nodes, own=frozenset()):
        """Whether one of the nodes reads such a name; own: the names that a comprehension around them binds."""
        for node in nodes:
            if isinstance(node, ast.Name):
                found = node.id in self.names - own
            else:
                inner = own
                if isinstance(node, COMPREHENSIONS):
                    clean = [each.target for each in node.generators if not self.used(each.iter, own=own)]
                    inner = own | {name.id for name in ast.walk(ast.Tuple(clean)) if isinstance(name, ast.Name)}
                found = self.used(*ast.iter_child_nodes(node), own=inner)
            if found:
                return True
        return False

    def bind(self, target, trained):
        for node in ast.walk(target):
            if isinstance(node, ast.Name) and trained:
                self.names.add(node.id)
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                self.names.discard(node.id)

    def visit_ImportFrom(self, node):
        if node.module and node.module.rpartition(".")[2] in FITS:
            self.names |= {name.asname or name.name for name in node.names}

    def visit_Assign(self, node):
        for target in node.targets:
            if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                for one, value in zip(target.elts, node.value.elts):
                    self.bind(one, self.used(value))
            else:
                self.bind(target, self.used(node.value))

    def visit_AugAssign(self, node):
        if self.used(node.value):
            self.bind(node.target, True)

    def visit_For(self, node):
        self.bind(node.target, self.used(node.iter))
        self.generic_visit(node)

    def visit_FunctionDef(self, node):
        self.bind(ast.Name(node.name, ast.Store()), self.used(*node.body))

    visit_ClassDef = visit_FunctionDef

    def visit_Expr(self, node):  # found.append(...)
        call = node.value
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and self.used(*call.args):
            self.bind(call.func.value, True)


def shown(output):
    """What is compared of an output, without what stands for a picture and a page."""
    held = next((output.data[kind] for kind in HELD if kind in output.get("data", {})), output.get("text", ""))
    return " ".join(re.findall(r'alt="([^"]*)"', held)) or held


def compared(notebook):
    """Sentences: the cells whose compared outputs have numbers in them and read what was trained."""
    trained = Trained()
    for k, cell in enumerate(notebook.cells):
        if cell.cell_type != "code":
            continue
        tree = ast.parse(re.sub(r"^[%!].*$", "", cell.source, flags=re.MULTILINE))
        trained.visit(tree)
        numbers = any(re.search(r"\d", shown(output)) for output in cell.outputs)
        if numbers and trained.used(tree) and "nbval-ignore-output" not in cell.metadata.get("tags", []):
            yield f"cell {k} shows trained numbers, so tag it nbval-ignore-output and say why: {cell.source[-80:]!r}"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_no_compared_output_holds_what_was_trained(path):
    assert list(compared(nbformat.read(path, as_version=4))) == []


def made(*sources, text="0.5", tags=()):
    """A notebook of code cells, of which the last has an output."""
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    cells[-1].outputs = [nbformat.v4.new_output("stream", text=text)]
    cells[-1].metadata.tags = list(tags)
    return nbformat.v4.new_notebook(cells=cells)


@pytest.mark.parametrize("sources", [
    ("run = train(LSTMCell, task)", "print(run.loss)"),
    ("def learn(k):\n    return train(LSTMCell, task, k)", "ends = [learn(k) for k in (1, 2)]", "print(ends)"),
    ("found = {}", "for seed in (1, 2):\n    found[seed] = train(LSTMCell, task, seed=seed)", "print(found)"),
    ("found = []", "found.append(train(LSTMCell, task))", "print(found)"),
    ("one, two = train(LSTMCell, task), 2", "print(one)"),
    ("from course_lib.widgets.time_warp import TimeWarp", "TimeWarp()"),
], ids=lambda sources: sources[0])  # fmt: skip
def test_a_trained_number_that_is_compared_is_found(sources):
    assert len(list(compared(made(*sources)))) == 1
    assert list(compared(made(*sources, tags=["nbval-ignore-output"]))) == []
    assert list(compared(made(*sources, text="solved"))) == []


@pytest.mark.parametrize("sources", [
    ("rows = read(path)", "print(rows)"),
    ("found = train(LSTMCell, task)", "found = read(path)", "print(found)"),
    ("name = train(LSTMCell, task)", "ends = [name for name in read(path)]", "print(ends)"),
    ("one, two = train(LSTMCell, task), 2", "print(two)"),
], ids=lambda sources: sources[-1])  # fmt: skip
def test_what_was_stored_is_compared(sources):
    assert list(compared(made(*sources))) == []
