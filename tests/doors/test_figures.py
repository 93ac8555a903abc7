"""What the figures of the notebooks draw is told apart without colours, too."""

import importlib
from itertools import combinations

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from plain import GIVEN, THREE

from course_lib.figures import how_few_gates, real_memory

KINDS = ("plain", "residual", "highway", "plain, orthogonal")
FULL = GIVEN | {  # with all that a notebook may show at once
    "how_few_gates.waiting": {"curves": dict.fromkeys(how_few_gates.WAITING, (THREE, THREE)), "budget": 1500,
                              "won": dict.fromkeys(how_few_gates.WAITING, "5 of 15")},
    "where_the_gates_are.through_layers": {"gradient": dict.fromkeys(KINDS, [THREE] * 2)},
    "recurrence.compared": {"channels": dict.fromkeys(("RNN", "memoryless"), [[0.9, 0.8]] * 2), "names": ["T", "p"]},
}  # fmt: skip


def drawn(monkeypatch, name):
    """The figure that a function of course_lib/figures shows, and its text."""
    module, function = name.split(".")
    module, shown = importlib.import_module(f"course_lib.figures.{module}"), []
    monkeypatch.setattr(module, "show", lambda figure, text: shown.append((figure, text)))
    getattr(module, function)(**FULL[name])
    plt.close("all")
    return shown[0]


def grey(colour):
    """How light a colour is, from 0 to 1, as a page in greys shows it."""
    return np.dot((0.2126, 0.7152, 0.0722), to_rgb(colour))


def alike(ax):
    """Pairs of what is drawn on ax that differ in colour, and look the same without it; no bars, and no levels."""
    shapes = (line for line in ax.lines if len(line.get_xdata()) > 2 or line.get_marker() not in ("None", ""))
    looks = dict.fromkeys((line.get_color(), line.get_marker(), line.get_linestyle()) for line in shapes)
    return [
        (a, b)
        for (a, *one), (b, *other) in combinations(looks, 2)
        if a != b and one == other and abs(grey(a) - grey(b)) < 0.15
    ]


@pytest.mark.parametrize("name", [name for name in FULL if "claims" not in name])
def test_what_a_legend_names_is_told_apart_without_colours(monkeypatch, name):
    figure, _ = drawn(monkeypatch, name)
    if any(ax.get_legend() for ax in figure.axes):  # without one, a place on an axis says what it is
        assert [alike(ax) for ax in figure.axes] == [[]] * len(figure.axes)


def test_a_figure_in_which_only_the_colour_differs_is_found():
    _, ax = plt.subplots()
    ax.plot(THREE, "o-", color="#0072B2"), ax.plot(THREE, "o-", color="#D55E00")
    assert alike(ax) == [("#0072B2", "#D55E00")]
    ax.lines[1].set_marker("s")
    assert alike(ax) == []
    plt.close("all")


def test_where_a_part_is_not_missed_the_map_has_a_minus_sign(monkeypatch):
    monkeypatch.setitem(FULL, "which_gate_matters.missed", {
        "cost": {"chrono": {"input gate": [900.0, -80.0], "output gate": [-1200.0, -20.0]}},
        "places": [("adding", 10), ("adding", 20)], "budget": 1500})  # fmt: skip
    figure, text = drawn(monkeypatch, "which_gate_matters.missed")
    signs = {t.get_position(): t.get_color() for t in figure.axes[0].texts if t.get_text() == "−"}
    assert signs == {(1, 1): "black", (0, 0): "white"} and "a minus sign from 75 fewer on" in text


def test_a_comment_ends_with_its_line_and_the_text_says_what_is_held_in_it():
    assert real_memory.commented("a # b\n") == [False, False, True, True, True, False]
    assert real_memory.commented("a\n") == [False, False]


def test_the_text_of_a_coloured_passage_has_the_means_of_what_is_held(monkeypatch):
    given = {"text": "a #b\n c", "memory": [0, 1, 2, 3, 0.5, 0.9, 0.1], "unit": 3}
    monkeypatch.setitem(FULL, "real_memory.coloured", given)
    _, text = drawn(monkeypatch, "real_memory.coloured")
    assert text.endswith("Means: 2.5 in comments, 0.8 in spaces and at ends of lines outside them, 0.1 in the rest.")
