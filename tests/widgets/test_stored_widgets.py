"""The widgets that the notebooks hold for readers are those that the library writes today."""

import json
import re
from html import unescape
from pathlib import Path

import pytest

from course_lib.cells import CELLS
from course_lib.diagram import graph_of
from course_lib.page import read
from course_lib.script import script
from course_lib.script.module import HELPERS, text
from course_lib.widgets import every, in_motion

ROOT = Path(__file__).parents[2]
AGAIN = "make notebooks ARGS=notebooks/{}.ipynb stores it anew"
BY_TITLE = {Widget.title: Widget for Widget in every().values()}
CLASSES = {Cls.__name__: Cls for Cls in CELLS}


def stored():
    """[(notebook, source, page)] of every widget in an output, the pages as the browser gets them."""
    found = []
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            for output in cell.get("outputs", []):
                html = "".join(output.get("data", {}).get("text/html", ""))
                found += [(path.stem, "".join(cell["source"]), unescape(page))
                          for page in re.findall('<iframe[^>]* srcdoc="([^"]*)"', html)]  # fmt: skip
    return found


STORED = stored()
every_stored = pytest.mark.parametrize(
    "notebook, source, page", STORED, ids=[f"{name} {k}" for k, (name, _, _) in enumerate(STORED)]
)


def shell(page):
    """A page without its cells and its data."""
    begin, end = page.index("const CELLS = {"), page.index(read("svg.js")) if read("svg.js") in page else None
    return page[:begin] + page[end:] if end else None


def unnumbered(page):
    """A page without its weights and other fractions, which differ between machines."""
    return re.sub(r"-?\d+\.\d+(e[+-]?\d+)?|\d+e[+-]?\d+", "#", page)


def test_every_kind_of_widget_is_stored_somewhere():
    assert {page.partition("<title>")[2].partition("<")[0] for _, _, page in STORED} == set(BY_TITLE)


@every_stored
def test_its_looks_and_its_scripts_are_those_of_today(notebook, source, page):
    Widget = BY_TITLE[page.partition("<title>")[2].partition("<")[0]]
    assert shell(page) == shell(Widget.example().page()), AGAIN.format(notebook)


@every_stored
def test_its_cells_are_written_as_today(notebook, source, page):
    assert page.count(HELPERS.replace("export ", "")) == page.count("function make(batch, steps)") > 0 or (
        "const CELLS = {\n};" in page
    ), AGAIN.format(notebook)
    for name, inputs, units in re.findall(r'name: "(\w+)",\n  inputs: (\d+),\n  states: {"h": (\d+)', page):
        if name in CLASSES:
            graph = graph_of(CLASSES[name](int(inputs), int(units)))
            plain, seen = script(graph.cell).text, text(graph.step, in_motion.seen(graph))
            assert any(one.replace("export ", "") in page for one in (plain, seen)), f"{name}: {AGAIN.format(notebook)}"


@every_stored
def test_one_that_needs_nothing_of_its_notebook_is_what_its_cell_gives_today(notebook, source, page):
    names = {}
    *before, last = source.strip().splitlines()
    try:
        exec("\n".join(before), names)
        shown = eval(last, names)
    except NameError:  # of a cell or numbers of the notebook
        return
    assert unnumbered(shown.page()) == unnumbered(page), AGAIN.format(notebook)
