"""What of a notebook is folded away until a reader asks for it: code that is not the experiment, and stored results.

JupyterLab folds by `jupyter.source_hidden` and `jupyter.outputs_hidden`, and opens the outputs of a cell that is run; a
page made from the notebook folds by the tag `hide-input`. On a code host everything is seen.
"""

import ast

HIDE = "hide-input"
MAPS = {"argument", "where_the_gates_are"}
SETTINGS = {"predict", "diagram", "equations", "source"} | MAPS  # these put a thing before the reader
RESULTS = {"show", "verdict", "attack"}  # and these what came out; as do the functions of course_lib.figures


def statements(cell):
    """The statements of a code cell; none where it is not Python."""
    try:
        return ast.parse("".join(cell["source"])).body
    except SyntaxError:
        return []


def is_import(node):
    return isinstance(node, (ast.Import, ast.ImportFrom))


def drawing(cells):
    """The names of the functions of course_lib.figures that code cells import."""
    nodes = [node for cell in cells for node in statements(cell) if isinstance(node, ast.ImportFrom)]
    return {alias.name for node in nodes if f"{node.module}.".startswith("course_lib.figures.") for alias in node.names}


def folded(cell, drawn):
    """(whether the code of a cell is folded, whether its outputs are).

    Folded is code that only imports, or whose last line calls one of SETTINGS, of RESULTS, or of drawn; and the outputs
    of RESULTS and of drawn, and whatever is printed.
    """
    rest = [node for node in statements(cell) if not is_import(node)]
    functions = (node.func for node in ast.walk(rest[-1]) if isinstance(node, ast.Call)) if rest else ()
    called = {function.id for function in functions if isinstance(function, ast.Name)}
    result = bool(called & (RESULTS | drawn - SETTINGS))
    printed = any(output["output_type"] == "stream" for output in cell["outputs"])
    return not rest or result or bool(called & SETTINGS), result or printed


def fold(notebook):
    """Say in the metadata of every code cell of a notebook what of it is folded."""
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    drawn = drawing(cells)
    for cell in cells:
        code, outputs = folded(cell, drawn)
        jupyter = {"source_hidden": code, "outputs_hidden": outputs}
        about = cell["metadata"]
        about["jupyter"] = {name: True for name, hidden in jupyter.items() if hidden}
        about["tags"] = sorted({*about.get("tags", [])} - {HIDE} | ({HIDE} if code else set()))
        for name in ("jupyter", "tags"):
            if not about[name]:
                del about[name]
