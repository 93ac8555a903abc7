"""Every notebook keeps the form of the course: its anatomy, its size, and outputs that a reader and a test can use.

That a notebook runs and shows what is stored is nbval's part.
"""

import ast
import copy
import json
import re
from pathlib import Path

import nbformat
import pytest

from tools.authoring.fold import fold
from tools.authoring.notebooks import TEMPLATE, all_notebooks

ROOT = Path(__file__).parents[1]
NOTEBOOKS = all_notebooks()
SETS = sorted((ROOT / "solutions").glob("*/*.ipynb"))
NEEDS = re.compile(r"\*Needs: .+\. About \d+ minutes to read, \d+ seconds to run\.\*")
ROUND = ["Predict", "Experiment", "Verdict"]
ROUNDS = 3
IMPORTS = {"course_lib", "torch", "numpy", "matplotlib", "ipywidgets", "IPython"}
TAGS = {"nbval-ignore-output", "hide-input"}  # a cell with the first says why in its metadata, as "reason"
LINES, COLUMNS, BYTES, ALT = 12, 120, 500_000, 40
BANNED = {
    r"^\s*[!%]": "a shell or magic command",
    r";\s*$": "a trailing semicolon",
    r"\bplt\.show\b": "plt.show",
    r"\bwarnings\.": "warnings.",
    r"\w+://|torch\.hub": "an address on the network",
}
ABSOLUTE = re.compile(r"(?<![\w./:~-])/(?:home|root|tmp|usr|var|opt|mnt|Users|private)/\w|\b[A-Z]:\\\\?\w")


def faults(notebook):
    """What is wrong with the form of a notebook, as sentences."""
    text = [cell for cell in notebook.cells if cell.cell_type == "markdown"]
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    found = [*opening(text), *rounds(text, code), *record(notebook, code), *folds(notebook), *announced(notebook)]
    for cell in notebook.cells:
        found += [f"cell {cell.id}: {fault}" for fault in (*tags(cell), *paths(cell))]
    for cell in text:
        found += [f"cell {cell.id}: {fault}" for fault in markdown(cell.source)]
    for cell in code:
        found += [f"cell {cell.id}: {fault}" for fault in (*source(cell.source), *outputs(cell.outputs))]
    return found


def opening(text):
    first = text[0].source if text else ""
    title = first.partition("\n")[0]
    if not (title.startswith("# ") and title.endswith("?")):
        yield f"the first line must be a title that is a question; it is {title!r}"
    if not NEEDS.search(first):
        yield "the first cell must say *Needs: ... About N minutes to read, N seconds to run.*"
    if sum(len(re.findall(r"^# ", cell.source, flags=re.M)) for cell in text) > 1:
        yield "there must be one title"


def rounds(text, code):
    headings = [line for cell in text for line in re.findall(r"^## +(\w+)", cell.source, flags=re.M)]
    found = [heading for heading in headings if heading in ROUND]
    count = len(found) // len(ROUND)
    if found != ROUND * count or not 1 <= count <= ROUNDS:
        yield f"there must be one to three rounds of Predict, Experiment, Verdict; the headings are {found}"
    called = [call for cell in code for call in re.findall(r"\b(predict|verdict)\(", cell.source)]
    for name in ("predict", "verdict"):
        if called.count(name) < count:
            yield f"every round needs its {name}(...); there are {called.count(name)} for {count} rounds"


def record(notebook, code):
    if [cell.execution_count for cell in code] != list(range(1, len(code) + 1)):
        yield "the cells must have been run once each, in order; run `make notebooks`"
    if not any(cell.outputs for cell in code):
        yield "the outputs must be stored; run `make notebooks`"
    if notebook.metadata.get("kernelspec", {}).get("name") != "python3":
        yield "the kernel must be python3"
    if (size := len(json.dumps(notebook))) > BYTES:
        yield f"the file must have at most {BYTES} bytes; it has {size}"


def folds(notebook):
    kept = copy.deepcopy(notebook)
    fold(kept)
    for cell, folded in zip(notebook.cells, kept.cells):
        if cell.metadata != folded.metadata:
            yield f"cell {cell.id} must be folded as {dict(folded.metadata)}; run `make notebooks`"


def announced(notebook):
    for before, cell in zip(notebook.cells, notebook.cells[1:]):
        if before.cell_type == cell.cell_type == "code" and "hide-input" not in cell.metadata.get("tags", []):
            yield f"cell {cell.id} is not folded, and needs a sentence just before it"


def tags(cell):
    for tag in cell.metadata.get("tags", []):
        if tag not in TAGS:
            yield f"no tag {tag!r}; choices: {sorted(TAGS)}"
        elif tag != "hide-input" and len(cell.metadata.get("reason", "")) < 10:
            yield f"a tag {tag!r} needs its reason in the cell's metadata"


def paths(cell):
    shown = [cell.source, *("".join(output.get("text", "")) for output in cell.get("outputs", []))]
    shown += [str(value) for output in cell.get("outputs", []) for kind, value in output.get("data", {}).items()
              if kind.startswith("text/")]  # fmt: skip
    if any(ABSOLUTE.search(part) or str(ROOT) in part for part in shown):
        yield "no absolute path"


def pictures(text):
    if re.search(r"!\[\s*\]\(|<img(?![^>]*\balt=\"[^\"]+\")", text):
        yield "a picture needs a text alternative"


def markdown(text):
    yield from pictures(text)
    for target in re.findall(r"\]\((?!\w+:|#)([^)#\s]+)", text):
        if not (ROOT / "notebooks" / target).exists():
            yield f"the link to {target} leads nowhere"
    for line, after in zip(text.splitlines(), text.splitlines()[1:]):
        if re.match(r"[+*-] ", after) and line.strip() and (line + after).count("$") % 2 == 0 and line.count("$") % 2:
            yield f"a sum goes on in a line that reads as an item of a list: {after}"


def source(code):
    lines = [line for line in code.splitlines() if line.strip()]
    if not 1 <= len(lines) <= LINES:
        yield f"a code cell has 1 to {LINES} lines; this one has {len(lines)}"
    if max(map(len, lines), default=0) > COLUMNS:
        yield f"a line has at most {COLUMNS} columns"
    banned = [name for pattern, name in BANNED.items() if re.search(pattern, code, flags=re.M)]
    yield from (f"no {name}" for name in banned)
    try:
        tree = ast.parse(code)
    except SyntaxError:
        yield "not Python"
        return
    if sum(isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) for node in tree.body) > 1:
        yield "one definition in a cell at most"  # a class with its methods is one
    nodes = list(ast.walk(tree))
    modules = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    modules += [node.module for node in nodes if isinstance(node, ast.ImportFrom)]
    for name in sorted({module.partition(".")[0] for module in modules} - IMPORTS):
        yield f"no import of {name}; choices: {', '.join(sorted(IMPORTS))}"


def outputs(stored):
    for output in stored:
        if output.output_type == "error":
            yield f"no error may be stored; {output.ename}"
        if output.get("name") == "stderr":
            yield "nothing may be written to stderr"
        data = output.get("data", {})
        alts = re.findall(r'<img(?: alt="([^"]*)")?', data.get("text/html", ""))
        if not alts and any(kind.startswith("image/") for kind in data):
            alts = [""]  # JupyterLab reads no text to anyone but that of an image in HTML
        if any(len(alt) < ALT for alt in alts):
            yield f"a figure needs a text alternative of {ALT} characters or more: use lesson.show(figure, text)"


@pytest.mark.parametrize("path", [*NOTEBOOKS, TEMPLATE], ids=lambda path: path.stem)
def test_a_notebook_keeps_the_form_of_the_course(path):
    assert faults(nbformat.read(path, as_version=4)) == []


@pytest.mark.parametrize("path", SETS, ids=lambda path: path.stem)
def test_what_a_set_of_exercises_shows_has_its_text(path):
    cells = nbformat.read(path, as_version=4).cells
    assert [fault for cell in cells for fault in outputs(cell.get("outputs", []))] == []
    assert [fault for cell in cells if cell.cell_type == "markdown" for fault in pictures(cell.source)] == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_named_by_its_number_and_its_subject(path):
    assert re.fullmatch(r"\d\d[b-z]?(_[a-z0-9]+)+", path.stem)


@pytest.fixture
def template():
    return nbformat.read(TEMPLATE, as_version=4)


def replace(old, new):
    """A change of a notebook: new instead of old in every cell's source."""

    def change(notebook):
        assert any(old in cell.source for cell in notebook.cells), f"{old!r} is not in the template"
        for cell in notebook.cells:
            cell.source = cell.source.replace(old, new)

    return change


def code(text):
    """A change of a notebook: text is the source of its first code cell."""

    def change(notebook):
        next(cell for cell in notebook.cells if cell.cell_type == "code").source = text

    return change


def output(kind, **content):
    """A change of a notebook: its first code cell has one more output."""

    def change(notebook):
        cell = next(cell for cell in notebook.cells if cell.cell_type == "code")
        cell.outputs.append(nbformat.v4.new_output(kind, **content))

    return change


def setting(**metadata):
    """A change of a notebook: metadata of its first cell."""
    return lambda notebook: notebook.cells[0].metadata.update(metadata)


def forget_outputs(notebook):
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = []


def run_twice(notebook):
    next(cell for cell in notebook.cells if cell.cell_type == "code").execution_count = 99


def unfolded(notebook):
    next(cell for cell in notebook.cells if cell.cell_type == "code").metadata = {}


def two_in_a_row(notebook):
    first = next(k for k, cell in enumerate(notebook.cells) if cell.cell_type == "code")
    notebook.cells.insert(first + 1, nbformat.v4.new_code_cell("x = 1"))


def another_kernel(notebook):
    notebook.metadata.kernelspec.name = "my-env"


def four_rounds(notebook):
    played = [
        copy.deepcopy(cell) for cell in notebook.cells if re.match("## (Predict|Experiment|Verdict)", cell.source)
    ]
    notebook.cells += played * 3


PLANTED = {
    "a title that is no question": (replace("?\n\n*Needs", ".\n\n*Needs"), "a title that is a question"),
    "no needs": (replace("*Needs:", "*Wants:"), "must say *Needs:"),
    "no minutes": (replace("minutes to read", "to read"), "must say *Needs:"),
    "no seconds": (replace("seconds to run", "to run"), "must say *Needs:"),
    "two titles": (replace("## Sources", "# Sources"), "one title"),
    "no verdict": (replace("## Verdict", "## Result"), "rounds of Predict, Experiment, Verdict"),
    "verdict before experiment": (replace("## Predict", "## Verdict"), "rounds of Predict, Experiment, Verdict"),
    "four rounds": (four_rounds, "rounds of Predict, Experiment, Verdict"),
    "a prediction that is not asked": (replace("predict(", "print("), "needs its predict"),
    "a verdict that is not computed": (replace("verdict(", "print("), "needs its verdict"),
    "an import that is not folded": (unfolded, "must be folded as"),
    "a cell of which no word is said": (two_in_a_row, "needs a sentence just before it"),
    "not run in order": (run_twice, "in order"),
    "cleared": (forget_outputs, "outputs must be stored"),
    "another kernel": (another_kernel, "kernel must be python3"),
    "too large": (output("stream", name="stdout", text="x" * BYTES), "at most 500000 bytes"),
    "an unknown tag": (setting(tags=["nbval-skip"]), "no tag 'nbval-skip'"),
    "a tag without a reason": (setting(tags=["nbval-ignore-output"]), "needs its reason"),
    "an absolute path": (code('open("/home/me/x.csv")'), "no absolute path"),
    "an absolute path of Windows": (code(r'open("C:\\x.csv")'), "no absolute path"),
    "an absolute path that is printed": (output("stream", name="stdout", text="/tmp/x.csv"), "no absolute path"),
    "the folder of the course": (output("stream", name="stdout", text=str(ROOT)), "no absolute path"),
    "a sum over two lines": (replace("## Sources", "So $a\n+ b$.\n\n## Sources"), "reads as an item of a list"),
    "a picture without a text": (replace("## Sources", "![](x.png)\n\n## Sources"), "picture needs a text"),
    "an image tag without a text": (replace("## Sources", '<img src="x.png">\n\n## Sources'), "picture needs a text"),
    "a link that leads nowhere": (replace("## Sources", "[here](no.ipynb)\n\n## Sources"), "leads nowhere"),
    "a long cell": (code("x = 1\n" * 13), "1 to 12 lines; this one has 13"),
    "an empty cell": (code(""), "1 to 12 lines; this one has 0"),
    "a long line": (code("x = " + "1" * 117), "at most 120 columns"),
    "two definitions": (code("def a(): pass\nclass B: pass"), "one definition"),
    "a shell command": (code("!ls"), "a shell or magic command"),
    "a magic command": (code("%matplotlib inline"), "a shell or magic command"),
    "a trailing semicolon": (code("x = 1;"), "a trailing semicolon"),
    "plt.show": (code("plt.show()"), "plt.show"),
    "warnings switched off": (code('warnings.filterwarnings("ignore")'), "no warnings."),
    "a download": (code('x = "https://example.org/x.csv"'), "an address on the network"),
    "a download by torch": (code('torch.hub.load("a", "b")'), "an address on the network"),
    "a syntax error": (code("x = ("), "not Python"),
    "an import": (code("import pandas as pd"), "no import of pandas"),
    "an import from": (code("from urllib.request import urlopen"), "no import of urllib"),
    "an error": (output("error", ename="ValueError", evalue="", traceback=[]), "no error may be stored"),
    "a warning": (output("stream", name="stderr", text="careful"), "stderr"),
    "a figure without a text": (output("display_data", data={"image/png": ""}), "a figure needs a text"),
    "a drawing without a text": (output("display_data", data={"image/svg+xml": "<svg/>"}), "a figure needs a text"),
    "an image in HTML without a text": (
        output("display_data", data={"text/html": "<img src='x.png'>"}),
        "needs a text",
    ),
    "a figure with a short text": (
        output("display_data", data={"text/html": '<img alt="a plot" src="x.png">'}),
        "a figure needs a text",
    ),
    "a figure whose text JupyterLab does not read out": (
        output("display_data", data={"image/png": ""}, metadata={"image/png": {"alt": "a plot " * 9}}),
        "a figure needs a text",
    ),
}


def test_a_class_with_its_methods_is_one_definition():
    assert list(source("class A:\n    def a(self): pass\n    def b(self): pass")) == []


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_fault_is_found(name, template):
    plant, sentence = PLANTED[name]
    plant(template)
    assert any(sentence in fault for fault in faults(template)), faults(template)


def test_code_that_only_looks_like_a_fault_is_let_through(template):
    code("a = 7 % 2\nb = a != 1  # 100 % sure; really\nname = 'a/tmp/b'\nimport torch.nn as nn")(template)
    fold(template)
    assert faults(template) == []
