"""Watch a cell at work: its picture with the numbers that flow through it, step by step."""

import re

import torch

from course_lib import plots
from course_lib.cells import LSTMCell, check_cell
from course_lib.diagram import graph_of
from course_lib.diagram.draw import picture
from course_lib.diagram.place import Places
from course_lib.diagram.route import routes
from course_lib.diagram.words import words
from course_lib.script.module import text
from course_lib.training import drawn_from
from course_lib.unroll import check_input, unroll
from course_lib.widgets.live import Live, expression, own


class InMotion(Live):
    """The picture of any cell, with the numbers of a run over x (batch, time, input): step through it, click a part to
    read its arithmetic, hold a gate and compare with the run before.

    against    another cell, which sees the same x, beside it

    ValueError for an x that a cell cannot run over, and for a cell that has no JavaScript.
    """

    title, script = "The cell in motion", own(__file__)

    def __init__(self, cell, x, *, against=None):
        cells = [check_cell("InMotion", one) for one in ((cell,) if against is None else (cell, against))]
        for one in cells:
            check_input(one, x)
        self.x, self.graphs = x, [graph_of(one) for one in cells]

    @classmethod
    def example(cls, Cell=LSTMCell):
        with drawn_from(0):
            return cls(Cell(2, 3), torch.randn(2, 8, 2))

    def modules(self):
        return {f"cell {k}": expression(text(graph.step, seen(graph)), graph.step.weights)
                for k, graph in enumerate(self.graphs)}  # fmt: skip

    def data(self):
        return {"x": self.x.double().tolist(), "cells": [told(graph) for graph in self.graphs]}

    def static(self):
        """(figure, text): the gates and states of the first unit in the first sequence."""
        cell = self.graphs[0].cell
        with torch.no_grad():
            trace = unroll(cell, self.x)
        figure, axes = plots.canvas(rows=2 if cell.gates else 1, width=7.5, height=4.2 if cell.gates else 2.4)
        top, bottom = axes if cell.gates else (None, axes)
        if cell.gates:
            plots.bars(top, {name: trace[name][0, :, 0] for name in cell.gates})
            plots.label(top, "", "gates", legend=False)
        for state in cell.state:
            plots.line(bottom, range(self.x.shape[1]), trace[state][0, :, 0], of=state)
        plots.label(bottom, "step", "states")
        for ax in filter(None, (top, bottom)):
            ax.xaxis.get_major_locator().set_params(integer=True)
        ends = ", ".join(f"{name} is {trace[name][0, -1, 0]:.2f}" for name in (*cell.gates, *cell.state))
        return figure, f"The gates and states of one unit of {type(cell).__name__}, step by step. At the last: {ends}."


def nodes(graph):
    """{part: its node} of what is computed."""
    return {
        part: i for i, part in graph.known.items() if part.kind in ("box", "op") and graph.plan.nodes[i].op != "vector"
    }


def total(graph, i):
    """The node of the learned sum W x + U h + b that a box puts through a function; None where it is no such box."""
    arguments = graph.plan.nodes[i].args
    inner = arguments[0] if len(arguments) == 1 and isinstance(arguments[0], int) else None
    return inner if inner is not None and graph.plan.nodes[inner].op == "affine" else None


def seen(graph):
    """The nodes whose numbers the picture needs beside gates and states, new ones as well as old."""
    found = {i for part, i in nodes(graph).items() if not part.gate and i not in graph.step.states.values()}
    found |= {total(graph, i) for part, i in nodes(graph).items() if part.kind == "box"} - {None}
    return sorted(i for i in found if graph.plan.nodes[i].op not in ("x", "state", "gate"))


def themed(svg):
    """The SVG with one rule for each class, which takes the theme of the page around it."""
    (style,) = re.findall("<style>(.*?)</style>", svg, re.S)
    light, dark = (re.findall(r"(\.k\d+)\{([\w-]+):(.+?)\}", part) for part in style.split("@media"))
    rules = "".join(f"{name}{{{what}:light-dark({a},{b})}}" for (name, what, a), (_, _, b) in zip(light, dark))
    return svg.replace(style, rules)


def told(graph):
    """What the page is told of a cell: its picture, and its parts, each with the node or the new state it computes."""
    places, said, at = Places(graph), words(graph), nodes(graph)
    ends = {node: state for state, node in graph.step.states.items()}
    svg = picture(graph, places, routes(graph, places).lines, title=type(graph.cell).__name__, words=said, named=True)
    parts = [{"kind": part.kind, "name": part.name, "sign": part.sign, "gate": part.gate, "node": at.get(part),
              "state": ends.get(at.get(part)),
              "sum": total(graph, at[part]) if part in at and part.kind == "box" else None,
              "inputs": [graph.parts.index(one) for one in part.inputs]} for part in graph.parts]  # fmt: skip
    ranges = {gate: graph.cell.ranges.get(gate, (0, 1)) for gate in graph.cell.gates}
    return {"name": type(graph.cell).__name__, "svg": themed(svg), "words": said, "parts": parts, "ranges": ranges,
            "memory": graph.cell.memory[1] if graph.cell.memory else "h"}  # fmt: skip
