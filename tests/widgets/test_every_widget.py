"""Every control of every widget is moved over its range; each leaves nothing behind and has a stand-in."""

import inspect
import re
from base64 import b64decode
from html import escape
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from drawn import form

from course_lib.widgets import build_the_lstm, every, gate_desk, gradient_microscope, time_warp
from course_lib.widgets.build_the_lstm import PIECES

STILLS = Path(__file__).with_name("stills.txt")
WIDGETS = {name: Widget.example for name, Widget in every().items()}


@pytest.mark.parametrize("name", WIDGETS)
def test_a_widget_can_be_made_and_shown_without_a_kernel(name):
    Widget = every()[name]
    missing = [part for part in ("static", "example") if not hasattr(Widget, part)]
    assert not missing, f"{name} needs {' and '.join(missing)}(): see StandIn in course_lib/widgets/common.py"
    needed = [p.name for p in inspect.signature(Widget).parameters.values() if p.default is p.empty and p.kind < 2]
    own = "example" in vars(Widget) or not needed
    assert own, f"{name} takes {', '.join(needed)}, so it needs an example() that makes one"


@pytest.mark.parametrize("name", WIDGETS)
def test_a_widget_prints_the_same_in_every_run(name):
    assert repr(WIDGETS[name]()) == repr(WIDGETS[name]()) == f"{name}()"


def described(still):
    """The lines of stills.txt about a figure and its text, whatever numbers they show."""
    figure, text = still
    return [*form(figure), "  says " + re.sub(r"-?\d[\d,.]*(e[-+]\d+)?", "N", text)]


@pytest.mark.parametrize("name", WIDGETS)
def test_a_script_reads_everything_that_it_is_given(name):
    widget = WIDGETS[name]()
    unread = [key for key in widget.data() if not re.search(rf"\b{key}\b", widget.script)]
    assert not unread


@pytest.mark.parametrize("name", WIDGETS)
def test_a_figure_with_a_text_stands_in_where_there_is_no_kernel(name):
    """How it looks is in stills.txt: `python tests/widgets/test_every_widget.py` writes it anew."""
    stored = {part.partition("\n")[0]: part.splitlines()[1:] for part in STILLS.read_text(encoding="utf-8").split("# ")}
    figure, text = WIDGETS[name]().static()
    assert figure.axes and all(ax.lines or ax.patches for ax in figure.axes)
    for line in [line for ax in figure.axes for line in ax.lines if len(line.get_xdata()) > 2]:
        curve, (low, high) = line.get_xydata(), sorted(line.axes.get_ylim())
        assert (np.diff(curve[:, 0]) >= 0).all()  # from left to right, over time or lag
        assert np.mean((low <= curve[:, 1]) & (curve[:, 1] <= high)) > 0.3  # and in sight
    assert described((figure, text)) == stored.get(name), "run `python tests/widgets/test_every_widget.py`, read, keep"
    assert len(text) > 60 and any(letter.isdigit() for letter in text)
    plt.close(figure)
    shown = WIDGETS[name]()._repr_mimebundle_()["text/html"]
    (png,) = re.findall(r"^<div><img alt=\"(?:[^\"]*)\" src=\"data:image/png;base64,([^\"]*)\"></div><iframe ", shown)
    assert escape(text) in shown
    assert b64decode(png).startswith(b"\x89PNG") and plt.get_fignums() == []
    assert b64decode(png)[25] == 3  # a palette, of which the file is a third as large


@pytest.mark.parametrize("name", WIDGETS)
def test_no_still_is_drawn_where_a_learner_sits(name, monkeypatch):
    monkeypatch.delenv("COURSE_QUIET", raising=False)
    made = WIDGETS[name]()
    monkeypatch.setattr(type(made), "static", None)
    shown = made._repr_mimebundle_()
    assert "image/png" not in (shown[0] if isinstance(shown, tuple) else shown)


@pytest.mark.parametrize("name", WIDGETS)
def test_a_widget_leaves_no_figure_and_no_random_number_behind(name):
    before = torch.get_rng_state()
    WIDGETS[name]()
    assert plt.get_fignums() == [] and torch.equal(before, torch.get_rng_state())


def test_looking_leaves_the_random_numbers_of_the_notebook_alone():
    before = torch.get_rng_state()
    gradient_microscope.gradient_by_lag("GRU", lag=3)
    gate_desk.one_unit()
    build_the_lstm.build_unit(PIECES)
    time_warp.warp_cells.__wrapped__()
    assert torch.equal(before, torch.get_rng_state())


if __name__ == "__main__":
    stills = {name: "\n".join(described(make().static())) for name, make in WIDGETS.items()}
    STILLS.write_text("".join(f"# {name}\n{still}\n" for name, still in stills.items()), encoding="utf-8")
