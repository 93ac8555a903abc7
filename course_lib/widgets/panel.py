"""Widgets that Python draws: controls, a picture, and a line that says what it shows."""

import gc
from contextlib import contextmanager
from io import BytesIO

import ipywidgets as widgets
import matplotlib.pyplot as plt

from course_lib.widgets.common import StandIn

# Where a label stands whose axis has numbers of changing length, in widths and heights of the axes.
BESIDE = (-0.07, 0.5)


@contextmanager
def swept():
    """Collect no garbage inside, and what is new right after it.

    A figure is garbage in circles. While it is young, a collection takes 5 ms; once it counts as old, one that goes
    through all of PyTorch's objects as well takes 200 ms, in the middle of a moved slider.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
        gc.collect(0)


class Panel(StandIn, widgets.VBox):
    """Controls, a picture, and a line of text that says what it shows. picture() returns (figure, text)."""

    def __init__(self, *controls):
        self.image, self.text = widgets.Image(format="png"), widgets.HTML()
        self.controls, self.places = controls, []
        row = widgets.HBox(controls, layout={"flex_flow": "row wrap"})
        super().__init__([row, self.image, self.text])
        for control in controls:
            control.observe(self.refresh, names=["value"])
        self.refresh()

    def refresh(self, change=None):
        with swept():
            self.redraw()

    def redraw(self):
        figure, text = self.picture()
        if self.places:  # the first layout stays: finding one takes longer than drawing, and nothing jumps about
            figure.set_layout_engine("none")
            for ax, place in zip(figure.axes, self.places):
                ax.set_position(place)
        png = BytesIO()
        figure.canvas.print_png(png)  # savefig would draw twice
        plt.close(figure)
        self.places = [ax.get_position() for ax in figure.axes]
        self.image.value = png.getvalue()
        self.text.value = f'<p role="status" aria-live="polite">{text}</p>'

    def __repr__(self):
        return f"{type(self).__name__}()"
