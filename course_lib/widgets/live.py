"""Widgets that live in the page: a cell's own JavaScript computes them, with a kernel and without one."""

import json
from html import escape
from pathlib import Path

from course_lib.page import looks, read
from course_lib.script import script
from course_lib.script.expression import number
from course_lib.widgets.common import StandIn

TEMPLATE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
{css}</style></head>
<body class="gates"><main class="live"><h1>{title}</h1></main>
<script>
{text}
settle();
show(document.querySelector("main"));
</script></body></html>
"""


def own(file):
    """The text of the script beside a widget's file."""
    return Path(file).with_suffix(".js").read_text(encoding="utf-8")


def expression(text, weights):
    """A module and its weights, {name: parameter}, as one expression of JavaScript: {cell, make, weights}."""
    numbers = {name: ", ".join(map(number, w.detach().double().flatten().tolist())) for name, w in weights.items()}
    listed = ", ".join(f"{json.dumps(name)}: Float64Array.of({text})" for name, text in numbers.items())
    return f"(() => {{\n{text.replace('export ', '')}\nreturn {{ cell, make, weights: {{ {listed} }} }};\n}})()"


class Live(StandIn):
    """A widget whose script, the file of the same name, computes and draws everything in the page.

    A subclass has title; cells(), {name: cell}; data(), what else the script is given; and static(), a figure and a
    text for where no script runs.
    """

    title = ""

    def cells(self):
        return {}

    def modules(self):
        """{name: its JavaScript}"""
        written = {name: script(cell) for name, cell in self.cells().items()}
        return {name: expression(one.text, one.parameters) for name, one in written.items()}

    def data(self):
        return {}

    def text(self):
        """What the page is made of in JavaScript: CELLS and DATA, the base, and the widget's own functions."""
        cells = "".join(f"{json.dumps(name)}: {text},\n" for name, text in self.modules().items())
        data = json.dumps(self.data(), allow_nan=False, separators=(",", ":"))
        data = data.replace("<", "\\u003c")  # no tag, no comment
        return "\n".join(
            [f"const CELLS = {{\n{cells}}};", f"const DATA = {data};", read("svg.js"), read("live.js"), self.script]
        )

    def page(self):
        """The widget as a page of its own, a text."""
        css = looks() + read("page.css") + read("live.css")
        return TEMPLATE.format(title=self.title, css=css, text=self.text())

    def _repr_mimebundle_(self, **options):
        """The page in a frame; before it, where an output is stored for readers, a still, which the page removes."""
        still = self.still()
        image = f'<img alt="{escape(still[1])}" src="data:image/png;base64,{still[0]}">' if still else ""
        frame = (
            f'<iframe title="{self.title}" width="100%" height="480" style="border: 0" srcdoc="{escape(self.page())}">'
        )
        return {"text/html": f"<div>{image}</div>{frame}</iframe>", "text/plain": repr(self)}

    def __repr__(self):
        return f"{type(self).__name__}()"
