"""Every widget in a real browser: each control is moved by keyboard, and the picture and the line of text answer.

All of them are in one notebook: what a page and a kernel take to start, they take once.
"""

import ast
from symtable import symtable

import nbformat
import pytest

from tools.authoring.browser import ROOT, SCREENSHOTS
from tools.authoring.latency import LIVE, WIDGETS, cell

CONTROLS = (".course input", ".course select", ".course button", ".course .draw", ".noUi-handle",
            ".widget-dropdown select", ".widget-checkbox input")  # fmt: skip
SEEN = """async where => {
    const all = what => [...document.querySelectorAll(`${where} ${what}`)];
    const drawn = all('.course svg').map(svg => svg.innerHTML);
    for (const image of all('.widget-image')) {
        const bytes = new Uint8Array(await (await fetch(image.src)).arrayBuffer());
        drawn.push(bytes.reduce((sum, byte) => (31 * sum + byte) % 1000000007, 7));
    }
    const text = all('[role=status]').map(line => line.textContent);
    return [JSON.stringify(drawn), JSON.stringify(text)];
}"""
MARK = """places => {
    const cells = [...document.querySelectorAll('.jp-Notebook .jp-Cell')];
    for (const [name, count] of places)
        for (const cell of cells.splice(0, count))
            cell.dataset.place = name;
}"""


def names(source):
    """(bound, used): the names that a cell binds for the cells after it, and those that it uses."""

    def used(table):
        own = {symbol.get_name() for symbol in table.get_symbols() if symbol.is_global() or table.get_type() == "module"
               and symbol.is_referenced()}  # fmt: skip
        return own.union(*map(used, table.get_children()))

    top = symtable(source, "cell", "exec")
    bound = {symbol.get_name() for symbol in top.get_symbols() if symbol.is_assigned() or symbol.is_imported()}
    # From Python 3.12 on, what runs in a comprehension counts as assigned around it.
    parts = list(ast.walk(ast.parse(source)))
    loops = [one for part in parts if isinstance(part, ast.comprehension) for one in ast.walk(part.target)]
    stored = [one for one in parts if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)]
    inner, kept = ({one.id for one in stored if (one in loops) == inside} for inside in (True, False))
    return bound - (inner - kept), used(top)


def widgets(sources):
    """The widgets that cells import."""
    nodes = [node for source in sources for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom)]
    return {alias.name for node in nodes if node.module.startswith("course_lib.widgets") for alias in node.names}


def part(sources):
    """The cells that show widgets and those before them that bind what they use, and so on; empty without widgets."""
    bound, used = zip(*map(names, sources))
    chosen = rest = {k for k in range(len(sources)) if used[k] & widgets(sources)}
    while rest:
        rest = {j for k in rest for j in range(k) if bound[j] & (used[k] - bound[k])} - chosen
        chosen = chosen | rest
    return [sources[k] for k in sorted(chosen)]


def code(path):
    """The sources of the code cells of a notebook."""
    return [one.source for one in nbformat.read(path, as_version=4).cells if one.cell_type == "code"]


def places():
    """{name: cells} that show every widget of a kernel: as its last notebook does, or by itself."""
    found, left = {}, WIDGETS.keys() - LIVE.keys()  # those that live in the page have tests of their own
    for path in sorted((ROOT / "notebooks").glob("*.ipynb"), reverse=True):
        if widgets(cells := part(code(path))) & left:
            found, left = found | {path.stem: cells}, left - widgets(cells)
    return found | {name: [cell(name)] for name in sorted(left)}


PLACES = places()
WHOLE = PLACES | {"live": [cell("GateDesk")]}


@pytest.fixture(scope="module")
def tab(lab):
    """A notebook of all cells that show widgets, run."""
    with lab.run([source for cells in WHOLE.values() for source in cells], name="widgets.ipynb") as tab:
        assert tab.errors == []
        tab.page.evaluate(MARK, [[name, len(cells)] for name, cells in WHOLE.items()])
        yield tab


@pytest.fixture
def opened(tab):
    """A function of a name of WHOLE: the Place of its cells."""
    yield lambda name: Place(tab.page, name)
    assert tab.problems == []


class Place:
    """The cells of one name of WHOLE, on the page."""

    def __init__(self, page, name):
        self.page, self.name, self.where = page, name, f"[data-place='{name}']"
        page.wait_for_selector(f"{self.where} [role=status]")

    def at(self, *what):
        """The elements that any of these selectors finds."""
        return self.page.locator(", ".join(f"{self.where} {one}" for one in what))

    def settled(self):
        """[picture, text] once they have stayed the same for a while."""
        last, now = None, self.page.evaluate(SEEN, self.where)
        while now != last:
            self.page.wait_for_timeout(300)
            last, now = now, self.page.evaluate(SEEN, self.where)
        return now

    def changed(self, before):
        """Wait until both the picture and the text differ from before."""
        self.page.wait_for_function(
            f"async ([where, before]) => (await ({SEEN})(where)).every((now, k) => now !== before[k])",
            arg=[self.where, before], polling=50)  # fmt: skip

    def picture(self, name):
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self.at(".jp-OutputArea-output").last.screenshot(path=SCREENSHOTS / f"{name}.png")

    def says(self, text):
        """Wait until the line of text contains text."""
        self.page.locator(f"{self.where} [role=status]", has_text=text).wait_for()


def move(page, control):
    """Move one control by keyboard, as far as it needs to make a difference; False where it has nothing to do now."""
    kind = control.evaluate("e => e.type || e.getAttribute('class')")
    if control.is_disabled() or kind == "button" and control.get_attribute("aria-pressed") == "true":
        return False
    control.focus()
    if kind == "range":
        page.keyboard.press("ArrowLeft" if control.evaluate("e => e.value === e.max") else "ArrowRight")
    elif "noUi-handle" in kind:
        low, now = (float(control.get_attribute(f"aria-value{end}")) for end in ("min", "now"))
        page.keyboard.press("ArrowLeft" if now > low else "ArrowRight")
    elif kind == "select-one":
        last = control.locator("option").count() - 1
        control.select_option(index=0 if control.evaluate("e => e.selectedIndex") == last else last)
    elif kind in ("button", "checkbox"):
        page.keyboard.press("Space")
    else:
        page.keyboard.press("PageUp")
    return True


def move_all(place):
    """Move every control and see picture and text answer; how many could be moved."""
    controls = place.at(*CONTROLS)
    moved = 0
    for k in range(controls.count()):
        before = place.settled()
        if move(place.page, controls.nth(k)):
            place.changed(before)
            moved += 1
    place.settled()
    return moved


def test_the_part_of_a_notebook_that_shows_a_widget_is_found_with_all_that_it_needs():
    shows = "def shown():\n    return W(y, k=[z for z in w])"
    cells = ["from course_lib.widgets import W", "import torch as t", "x = t.ones(2)", "y = x", "print(y)", "z = w = 1",
             "v = [w for w in range(2)]", shows, "u = 1", "shown()", "u = W"]  # fmt: skip
    assert [cells.index(one) for one in part(cells)] == [0, 1, 2, 3, 5, 7, 10]
    assert part(["x = 1", "print(x)"]) == []


def test_every_widget_of_the_library_is_seen():
    assert set().union(*map(widgets, PLACES.values())) | LIVE.keys() >= WIDGETS.keys()


@pytest.mark.parametrize("name", PLACES)
def test_every_control_moved_by_keyboard_changes_the_picture_and_the_text(opened, name):
    place = opened(name)
    assert move_all(place) >= 2
    place.picture(name)


def test_what_lives_in_the_page_lives_in_the_output_of_a_cell_that_was_run(tab):
    frame = tab.page.frame_locator("[data-place='live'] iframe")
    frame.get_by_role("slider", name="forget gate").focus()
    for key in ("ArrowRight", "PageUp"):  # in JupyterLab they would scroll
        tab.page.keyboard.press(key)
    frame.locator(".said", has_text="Solved, and nobody can do it in less").wait_for()
    tab.page.wait_for_function("document.querySelector('[data-place=live] iframe').offsetHeight > 500")
    assert tab.problems == []
