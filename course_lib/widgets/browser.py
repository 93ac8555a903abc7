"""Widgets that Python computes and the browser draws."""

from pathlib import Path

import anywidget
import numpy as np
import traitlets as traits

from course_lib import plots
from course_lib.widgets.common import StandIn

HERE = Path(__file__).parent


def script(file):
    """The script that belongs to a widget's file, its text after that of drawing.js, which all of them use."""
    own = Path(file).with_suffix(".js")
    return "".join(path.read_text(encoding="utf-8") for path in (HERE / "drawing.js", own))


def listed(values):
    """An array as a list that JSON can hold: NaN becomes None."""
    return [None if np.isnan(value) else float(value) for value in values]


class Browser(StandIn, anywidget.AnyWidget):
    """A widget that Python computes and the browser draws.

    view    what there is to see, computed anew by look() whenever one of `moved` changes
    looks   {thing: [colour, marker, line]} from plots.STYLES
    """

    _css = HERE / "widgets.css"
    moved = ()
    view = traits.Dict().tag(sync=True)
    looks = traits.Dict(plots.STYLES).tag(sync=True)

    def __init__(self, **settings):
        super().__init__(**settings)
        self.refresh()
        self.observe(self.refresh, names=list(self.moved))

    def refresh(self, change=None):
        self.view = self.look()

    def __repr__(self):
        return f"{type(self).__name__}()"
