"""A cell's picture shows what its step does, no more and no less, and can be read.

python tests/test_diagram.py        writes tests/diagrams.txt anew, what some look like; read the difference first
"""

import re
from functools import cache
from itertools import groupby
from pathlib import Path
from xml.etree import ElementTree

import pytest
import torch
from published import PUBLISHED
from strangers import STRANGERS

from course_lib.cells import CELLS, Cell, CoupledLSTMCell, GRUCell, LSTM1997Cell, LSTMCell, OneNetworkCell, RNNCell
from course_lib.cells_today import S6Cell
from course_lib.diagram import diagram
from course_lib.diagram.graph import Graph
from course_lib.diagram.place import Places
from course_lib.diagram.route import routes
from course_lib.diagram.sheet import UNIT
from course_lib.figures import argument, where_the_gates_are
from course_lib.plots import STYLES
from course_lib.unroll import unroll

DRAWN = CELLS + STRANGERS[:-1] + PUBLISHED
every_cell = pytest.mark.parametrize("Cls", DRAWN, ids=lambda Cls: f"{Cls.__module__}.{Cls.__name__}")
LOOKS = Path(__file__).with_name("diagrams.txt")
PICTURES = {  # of which every element is in diagrams.txt; of the other cells, where their parts and lines are
    "GRUCell": {"cell": GRUCell}, "LSTMCell": {"cell": LSTMCell},
    "CoupledLSTMCell against LSTMCell": {"cell": CoupledLSTMCell, "against": LSTMCell},
    "LSTMCell, 3 steps": {"cell": LSTMCell, "steps": 3}, "GRUCell, 2 steps": {"cell": GRUCell, "steps": 2},
    "RNNCell, 2 steps": {"cell": RNNCell, "steps": 2},
}  # fmt: skip
SVG = "{http://www.w3.org/2000/svg}"


@cache
def laid_out(Cls):
    """(Graph, Places, Board) of a cell; those of the largest take seconds."""
    graph = Graph(Cls(2, 4))
    places = Places(graph)
    return graph, places, routes(graph, places)


def reaches(part):
    """The names of the sources from which lines lead to a part."""
    names = {part.name} if part.kind == "source" else set()
    return names.union(*(reaches(p) for p in part.inputs))


@every_cell
def test_lines_lead_to_a_new_state_from_whatever_changes_it(Cls):
    torch.manual_seed(0)
    cell = Cls(2, 4).double()
    x = torch.randn(3, 1, 2, dtype=torch.float64, requires_grad=True)
    start = {name: torch.rand_like(value) + 0.1 for name, value in cell.start(3).items()}
    start = {name: value.requires_grad_() for name, value in start.items()}
    trace, inputs = unroll(cell, x, start=start), {"x": x, **start}
    for state, end in Graph(cell).ends.items():
        slopes = torch.autograd.grad(
            trace.final[state].sum(), list(inputs.values()), allow_unused=True, retain_graph=True
        )
        changed = {name for name, slope in zip(inputs, slopes) if slope is not None and slope.abs().max() > 0}
        assert changed <= reaches(end)
        assert Cls in PUBLISHED or changed == reaches(end)  # a stop on gradients, or a maximum, may hide a cause


@every_cell
def test_every_line_finds_its_way_around_the_parts(Cls):
    graph, places, board = laid_out(Cls)
    bodies = {(x + dx, y): p for p, (x, y) in places.at.items() for dx in ((-1, 0, 1) if p.wide else (0,))}
    assert len(bodies) == sum(3 if p.wide else 1 for p in places.at), "no part stands on another"
    assert set(places.at) == set(graph.parts) and board.missing == 0
    used = {}
    for (source, goal), points in board.lines.items():
        assert (
            bodies.get(points[0]) is source or source in board.points[points[0]]
        )  # or it leaves another line of its own
        assert bodies[points[-1]] is goal
        assert not any(point in bodies for point in points[1:-1] if bodies.get(point) not in (source, goal))
        for a, b in zip(points, points[1:]):
            assert used.setdefault(frozenset((a, b)), source) is source, "two lines on one way"


@pytest.mark.parametrize("Cls", CELLS + STRANGERS[:-1], ids=lambda Cls: Cls.__name__)
def test_a_cell_reads_from_left_to_right(Cls):
    """States come in on the left, go out on the right, x comes from below."""
    graph, places, _ = laid_out(Cls)
    at = places.at
    inner = [at[p] for p in graph.parts if p.kind in ("box", "op")]
    for part in graph.parts:
        if part.kind == "source" and part.name != "x":
            assert all(at[part][0] < x for x, _ in inner)
        elif part.kind == "source":
            assert all(at[part][1] > y for _, y in inner)
        elif part.kind == "end":
            assert all(at[part][0] > x for x, _ in inner)
    assert len({at[part][1] for part in graph.road}) <= 1, "the memory is a straight line"
    if Cls.memory:
        state, ways = Cls.memory[1], list(zip(graph.road, graph.road[1:]))
        assert graph.road[0].name == state and graph.road[-1] is graph.ends[state]
        assert diagram(Cls).svg.count('stroke-width="4"') == len(ways) >= 2


def test_few_lines_cross_and_a_picture_fits_on_a_page():
    """How many cross depends on the equations, so they are counted over all pictures that are kept, and no new cell is
    refused for its own: two in each, and where there are more than 15 parts as many as there are more, are twice as
    many as there may be.
    """
    kept = re.findall(r"^# (\w+), \d+ by", LOOKS.read_text(encoding="utf-8"), re.MULTILINE)
    drawn = [laid_out(Cls) for Cls in CELLS + STRANGERS[:-1] if Cls.__name__ in kept]
    assert len(drawn) >= len(kept) and all((places.width + 1) * UNIT <= 900 for _, places, _ in drawn)
    crossed, fine = (sum(n) for n in zip(*((b.crossings, max(2, len(g.parts) - 15)) for g, _, b in drawn)))
    assert 2 * crossed <= fine, f"{crossed} lines cross in all pictures, {fine // 2} may"


@every_cell
def test_the_svg_has_real_text_and_says_its_words_to_who_cannot_see_it(Cls):
    with pytest.MonkeyPatch.context() as patch:  # the same layout as in the tests above
        patch.setattr("course_lib.diagram.graph_of", lambda cell: laid_out(Cls)[0])
        patch.setattr("course_lib.diagram.routes", lambda graph, places: laid_out(Cls)[2])
        shown = diagram(Cls)
    root = ElementTree.fromstring(shown.svg)
    named = [root.find(f"{SVG}{kind}") for kind in ("title", "desc")]
    assert root.get("role") == "img" and root.get("aria-labelledby").split() == [one.get("id") for one in named]
    assert named[0].text == Cls.__name__ and named[1].text == shown.words
    texts = ["".join(text.itertext()) for text in root.iter(f"{SVG}text")]
    read = set().union(*(reaches(p) for p in laid_out(Cls)[0].parts if p.kind != "source"))
    for name in (*Cls.state, "x"):
        assert (name in texts) == (name in read)  # what a step does not read is not drawn without a line
    assert {f"{name}′" for name in Cls.state} <= set(texts)
    for gate in Cls.gates:
        letter = Cls.letters.get(gate, gate)
        assert any(text.split()[0] == letter for text in texts), f"gate {gate} is not in the picture"
        assert f"{gate} gate {letter}" in shown.words


def corners(points):
    """Where a line begins, turns and ends."""
    ways = [(b[0] - a[0], b[1] - a[1]) for a, b in zip(points, points[1:])]
    turns = [0, *(k for k in range(1, len(ways)) if ways[k] != ways[k - 1]), len(points) - 1]
    return " ".join(f"{points[k][0]},{points[k][1]}" for k in turns)


def looks():
    """The text of diagrams.txt."""
    for name, given in PICTURES.items():
        yield from (f"# {name}", *diagram(**given).svg.replace("><", ">\n<").splitlines(), "")
    for Cls in CELLS + STRANGERS[:-1]:
        graph, places, board = laid_out(Cls)
        label = {part: f"{part.label or part.name} {x},{y}" for part, (x, y) in places.at.items()}
        yield f"# {Cls.__name__}, {places.width} by {places.height}: {'; '.join(label.values())}"
        for source, lines in groupby(board.lines.items(), key=lambda line: line[0][0]):
            yield f"{label[source]} → " + "; ".join(f"{label[goal]}: {corners(points)}" for (_, goal), points in lines)


def test_every_picture_looks_as_it_did():
    """A cell that is new is not in the file, and need not be."""

    kept, now = (dict(part.partition("\n")[::2] for part in text.split("# ")[1:])
                 for text in (LOOKS.read_text(encoding="utf-8"), "".join(f"{line}\n" for line in looks())))  # fmt: skip
    assert {name: now.get(name) for name in kept} == kept


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_text_is_readable_in_both_themes(theme):
    svg = diagram(GRUCell).svg
    rules = re.search(r"<style>(.*)</style>", svg)[1].partition("@media (prefers-color-scheme:dark)")[2 * theme]
    colours = dict(re.findall(r"\.(k\d+)\{fill:(?:var\([\w-]+, )?(#\w{6})", rules))
    paper = colours[re.search(r'<rect class="(k\d+)" width', svg)[1]]
    written = {colours[name] for name in re.findall(r'<text class="(k\d+)"', svg)}
    assert len(written) == 2 and min(contrast(one, paper) for one in written) >= 3  # large and bold: WCAG's limit
    assert max(contrast(one, paper) for one in written) >= 12  # all other text


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("drawn", [argument.drawn, where_the_gates_are.drawn], ids=["argument", "map"])
def test_text_on_a_coloured_ground_is_readable_too(drawn, theme):
    svg = drawn()
    rules = re.search(r"<style>(.*)</style>", svg)[1].partition("@media (prefers-color-scheme:dark)")[2 * theme]
    colours = dict(re.findall(r"\.(k\d+)\{fill:(?:var\([\w-]+, )?(#\w{6})", rules))
    outside = colours[re.search(r'<rect class="(k\d+)" width', svg)[1]]
    for box in re.split(r"(?=<rect )", svg)[2:]:  # a box, and what is written on it or beside the next
        grounds = {outside, *(colours[name] for name in re.findall(r'<rect class="(k\d+) ', box))}
        assert (
            min(contrast(colours[name], on) for name in re.findall(r'<text class="(k\d+)"', box) for on in grounds)
            >= 4.5
        )


def contrast(a, b):
    """As WCAG defines it."""

    def light(colour):
        parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
        parts = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return sum(w * p for w, p in zip((0.2126, 0.7152, 0.0722), parts)) + 0.05

    return max(light(a), light(b)) / min(light(a), light(b))


def test_a_gate_has_the_colour_that_it_has_in_every_plot():
    svg = diagram(LSTMCell).svg
    for gate in LSTMCell.gates:
        assert f"stroke:{STYLES[gate][0]}" in svg


def test_a_notebook_shows_an_image_with_its_words():
    """JupyterLab keeps an <img> with data, and strips an <svg>, of a notebook that is not trusted."""
    shown = diagram(RNNCell)
    bundle = shown._repr_mimebundle_()
    assert set(bundle) == {"text/html", "image/svg+xml", "text/plain"} and bundle["image/svg+xml"] == shown.svg
    assert bundle["text/html"].startswith(f'<img alt="{shown.words}" src="data:image/svg+xml;base64,')


def test_the_words_are_the_equations_in_words():
    assert diagram(LSTMCell).words == (
        "Data flow of one step of LSTMCell: in go x, h and c; out come the new c and h. The forget gate f is a sigmoid "
        "of x and h. The input gate i is a sigmoid of x and h. g is a tanh of x and h. The output gate o is a sigmoid "
        "of x and h. The new c is f times c plus i times g. The new h is o times tanh of the new c. The memory is c; "
        "its path is bold."
    )


def test_a_number_that_is_added_inside_a_logarithm_is_drawn_and_said_and_so_is_what_only_weights_go_into():
    said = diagram(S6Cell).words
    assert "s is log of (exp of x + 1). The forget gate f is exp of ((−s) times exp of weights)." in said
    assert [p.label for p in Graph(S6Cell(2, 4)).parts if p.sign == "+ 1"] == ["+ 1"]


def test_against_another_cell_what_is_new_is_lit_and_what_is_gone_is_said():
    words = diagram(LSTMCell, against=LSTM1997Cell).words
    assert words.startswith("LSTMCell against LSTM1997Cell. New: f σ and ⊙. No more: nothing. Data flow")
    shown = diagram(CoupledLSTMCell, against=LSTMCell)
    assert shown.words.startswith("CoupledLSTMCell against LSTMCell. New: 1 −. No more: i σ.")
    assert ">no more: i σ</text>" in shown.svg and shown.svg.count('rx="12"') == 1
    assert diagram(LSTMCell, against=LSTMCell).words.startswith(
        "LSTMCell against LSTMCell. New: nothing. No more: nothing"
    )


def test_two_maps_of_the_same_letters_are_told_apart_by_their_index_and_a_state_that_is_not_read_is_left_out():
    said, svg = diagram(S6Cell).words, diagram(S6Cell).svg
    assert "in go x and c; out come the new c and h." in said and ">h</text>" not in svg
    assert "i is s times W_i of x." in said and "The new h is W_o of x times the new c." in said
    assert [f'W<tspan dy="4" font-size="11">{i}</tspan>' in svg for i in "igo"] == [True] * 3
    assert "The new c is A of m." in diagram(OneNetworkCell).words  # there is but one


def test_where_nothing_is_new_nothing_is_dim():
    assert "opacity" not in diagram(LSTM1997Cell, against=LSTMCell).svg
    assert "opacity" in diagram(CoupledLSTMCell, against=LSTMCell).svg


@pytest.mark.parametrize("Cls", CELLS, ids=lambda Cls: Cls.__name__)
def test_unrolled_it_is_the_same_box_at_every_step(Cls):
    shown = diagram(Cls, steps=3)
    texts = ["".join(text.itertext()) for text in ElementTree.fromstring(shown.svg).iter(f"{SVG}text")]
    assert texts.count(Cls.__name__.removesuffix("Cell")) == 3
    assert {"x₁", "x₂", "x₃"} | {f"{state}{t}" for state in Cls.state for t in "₀₁₂₃"} <= set(texts)
    assert int(re.search(r'width="(\d+)"', shown.svg)[1]) <= 900 and f"{Cls.__name__} unrolled through 3" in shown.words


def test_a_cell_and_its_class_have_the_same_picture_and_so_does_the_next_call():
    assert diagram(GRUCell(3, 7)) == diagram(GRUCell) == diagram(GRUCell)


@pytest.mark.parametrize(
    ("given", "said"),
    [({"cell": STRANGERS[-1]}, "FallingCell has no diagram: .*cumsum is not compiled"), ({"cell": Cell}, "LSTMCell"),
     ({"cell": LSTMCell, "steps": 5}, "steps"), ({"cell": 3}, "cell"),
     ({"cell": LSTMCell, "steps": 2, "against": GRUCell}, "against or steps, not both; got against = ")],
)  # fmt: skip
def test_what_cannot_be_drawn_is_told(given, said):
    with pytest.raises(ValueError, match=said):
        diagram(**given)


if __name__ == "__main__":
    LOOKS.write_text("".join(f"{line}\n" for line in looks()), encoding="utf-8")
