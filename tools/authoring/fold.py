"""What of a notebook is folded away until a reader asks for it: code that is not the experiment, and stored results.

JupyterLab folds by `jupyter.source_hidden` and `jupyter.outputs_hidden`, and opens the outputs of a cell that is run; a
page made from the notebook folds by the tag `hide-input`. On a code host everything is seen.
"""

import ast

HIDE = "hide-input"
MAPS = {"argument", "where_the_gates_are"}
SETTINGS = {"predict", "diagram", "equations", "source"} | MAPS  # these put a thing before the reader
RESULTS = {"show", "verdict", "attack"}  # and these what came out; as do the functions of course_lib.figures
OUT = {"display"}  # what came out as well, where a prediction was asked before: shown, it would give the answer away


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


def calls(cell):
    """The names of the functions that the last line of a code cell calls."""
    functions = [node.func for line in statements(cell)[-1:] for node in ast.walk(line) if isinstance(node, ast.Call)]
    return {function.id for function in functions if isinstance(function, ast.Name)}


def folded(cell, drawn, asked=False):
    """(whether the code of a cell is folded, whether its outputs are).

    Folded is code that only imports, or whose last line calls one of SETTINGS, of RESULTS, or of drawn; and the outputs
    of RESULTS and of drawn, whatever is printed, and, where a prediction was asked before the cell, the outputs of OUT.
    """
    imports, called = all(map(is_import, statements(cell))), calls(cell)
    result = bool(called & (RESULTS | drawn - SETTINGS))
    printed = any(output["output_type"] == "stream" for output in cell["outputs"])
    return imports or result or bool(called & SETTINGS), result or printed or asked and bool(called & OUT)


def fold(notebook):
    """Say in the metadata of every code cell of a notebook what of it is folded."""
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    drawn, asked = drawing(cells), False
    for cell in cells:
        code, outputs = folded(cell, drawn, asked)
        asked |= "predict" in calls(cell)
        jupyter = {"source_hidden": code, "outputs_hidden": outputs}
        about = cell["metadata"]
        about["jupyter"] = {name: True for name, hidden in jupyter.items() if hidden}
        about["tags"] = sorted({*about.get("tags", [])} - {HIDE} | ({HIDE} if code else set()))
        for name in ("jupyter", "tags"):
            if not about[name]:
                del about[name]
