"""A picture of a cell's data flow, drawn from its traced step.

>>> shown = diagram(LSTMCell)
>>> print(shown.words.partition(". ")[0])
Data flow of one step of LSTMCell: in go x, h and c; out come the new c and h
>>> shown.svg[:4]
'<svg'

Yellow boxes are learned: their weights multiply what goes in. A box, and the line that leaves it, has its gate's
colour, the same as in every plot. The memory's path is bold.
"""

from dataclasses import dataclass

import torch

from course_lib import doors
from course_lib.cells import Cell, check_cell, check_class
from course_lib.diagram.draw import picture
from course_lib.diagram.graph import Graph, news
from course_lib.diagram.place import Places
from course_lib.diagram.route import routes
from course_lib.diagram.sheet import image
from course_lib.diagram.unrolled import unrolled
from course_lib.diagram.words import formula, listed, words
from course_lib.fuse.trace import Unfused

MOST = 4  # steps that a page is wide enough for


@dataclass(frozen=True)
class Diagram:
    """A picture, which a notebook shows: svg, its text, and words, the same for who does not see it."""

    svg: str
    words: str

    def _repr_mimebundle_(self, **options):
        return {"text/html": image(self.svg, self.words), "image/svg+xml": self.svg, "text/plain": self.words}


def diagram(cell: Cell | type[Cell], *, against: Cell | type[Cell] | None = None, steps: int = 1) -> Diagram:
    """The data flow of one step of a cell, or of a class of cells; any, also your own.

    against    another cell: what this one has and that one has not is lit, and what is no more is said below
    steps      2 to 4: the cell unrolled through so many steps instead, as one box each

    Raises ValueError for a cell whose step cannot be read, and for both at once.
    """
    graph = graph_of(cell)
    if against is not None and doors.whole("diagram", "steps", steps, most=MOST) > 1:
        raise ValueError(
            f"diagram needs against or steps, not both; got against = {doors.shown(against)}, steps = {steps}"
        )
    if doors.whole("diagram", "steps", steps, most=MOST) > 1:
        return Diagram(*unrolled(graph, steps))
    places, said, title = Places(graph), words(graph), type(graph.cell).__name__
    lines = routes(graph, places).lines
    if against is None:
        return Diagram(picture(graph, places, lines, title=title, words=said), said)
    other = graph_of(against)
    lit, parts = news(graph, other)
    title = f"{title} against {type(other.cell).__name__}"
    new, gone = told(graph, [part for part in graph.parts if part in lit], parts), told(other, parts, lit)
    said = f"{title}. New: {listed(new) or 'nothing'}. No more: {listed(gone) or 'nothing'}. {said}"
    return Diagram(picture(graph, places, lines, title=title, words=said, lit=lit, gone=gone), said)


def told(graph, parts, others):
    """The labels of parts of a graph; of one that has the label of one of others, what goes into it as well."""
    labels = {part.label for part in others}
    return [formula(graph, part, top=True) if part.label in labels else part.label for part in parts]


def graph_of(cell):
    """The Graph of a cell, or of a class of cells, whose sizes are not drawn."""
    if doors.is_a(type, cell):
        with torch.random.fork_rng(devices=[]):  # its weights are not drawn, in either sense
            cell = check_class("diagram", cell, name="cell")(2, 4)
    try:
        return Graph(check_cell("diagram", cell))
    except Unfused as reason:
        raise ValueError(f"{type(cell).__name__} has no diagram: {reason}") from None
