"""Controls that answer at once: one file for each widget, from its settings to plain numbers to what is shown.

>>> from course_lib.widgets.gate_desk import GateDesk
>>> GateDesk()
GateDesk()

A file begins with pure functions, each run by a real cell, and ends with the widget. The script of the same name runs
the cell in the page, with a kernel, without one, and in a book. Each widget has static(), a figure with a text for
where no script runs.

What the learner did in a page (drawn gates, solved missions, guesses) is kept by the browser.
"""

from importlib import import_module
from pkgutil import iter_modules

from course_lib.widgets.common import StandIn


def every():
    """Every widget, {name: class}: a file is found by being here. A class that stands in for itself is a widget."""
    files = [vars(import_module(f"{__name__}.{found.name}")) for found in iter_modules(__path__)]
    return {
        name: thing
        for file in files
        for name, thing in file.items()
        if isinstance(thing, type) and issubclass(thing, StandIn) and hasattr(thing, "static")
        and thing.__module__ == file["__name__"]
    }  # fmt: skip
