"""Plots draw the numbers they are given.

python tests/test_plots.py        writes tests/drawn.txt anew, what each plot looks like; read the difference first
"""

import inspect
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from drawn import described

from course_lib import plots

DRAWN = Path(__file__).with_name("drawn.txt")
GAP = float("nan")


@pytest.fixture
def ax():
    return plots.canvas()[1]


def test_a_thing_looks_the_same_everywhere_and_differs_in_more_than_colour():
    assert plots.style("LSTM") == plots.style("LSTM")
    looks = [(s["color"], s["marker"], s["linestyle"]) for s in map(plots.style, plots.STYLES)]
    by_family = [looks[:14], looks[16:19], looks[19:22], looks[22:25]]
    assert all(len(set(family)) == len(family) for family in by_family)


def examples():
    """{name: a figure} of every plot, with each of its options."""
    _, (first, second) = plots.canvas(2)
    plots.line(first, [1, 2, 3], [1, GAP, 2], of="LSTM")
    plots.line(first, range(40), range(40), of="no such thing", name="another")
    plots.runs(first, [1, 2], [[0, 1], [2, 3], [10, 4]], of="GRU")
    plots.label(first, "lag (steps)", "gradient", title="above", legend="above")
    plots.runs(second, [1, 2], [[0, 1], [2, 3], [10, 4]], of="RNN", name="ours")
    plots.label(second, "lag (steps)", "gradient")
    yield "line, runs and label", first.figure
    _, ax = plots.canvas(height=2, width=4)
    plots.dots(ax, [3, 1, 4, 1], at=5, of="RNN")
    plots.dots(ax, [2], at=6, of="LSTM", name="one run")
    plots.label(ax, "x", "y", legend=False)
    yield "dots", ax.figure
    _, ax = plots.canvas()
    plots.success(ax, [10, 20, 40], [5, 2, 0], [5, 5, 5], of="LSTM")
    plots.success(ax, [10], [1], [2], of="RNN", name="plain")
    plots.level(ax, 0.5, "chance")
    plots.level(ax, 0.25, "goal", of="target", side="left")
    plots.point(ax, 10, 0.5, "here", of="forget")
    plots.point(ax, 20, 0.5, "there", of="input", side="below")
    yield "success, level and point", ax.figure
    _, ax = plots.canvas()
    plots.bars(ax, {"forget": [1.0, 0.5], "input": [0.0, -1.0]})
    plots.symbols(ax, ["a", "b"])
    yield "bars and symbols", ax.figure
    _, (top, bottom) = plots.canvas(rows=2)
    plots.heat(top, [[0, 1, 2], [3, GAP, 4]])
    plots.heat(bottom, [[0, 1], [2, 3]], colours="magma", low=-1, high=2, name="forget gate")
    yield "heat", top.figure
    _, (ax, other) = plots.canvas(2)
    plots.letters(ax, "ab\n\nc ", [1, -1, 0, 0, 0.5, 0.25])
    plots.letters(other, "a", [3], most=2, name="c")
    yield "letters", ax.figure


def looks():
    """The text of drawn.txt: how each thing looks, then each example."""
    yield from (f"{thing}: {colour} {marker!r} {line!r}" for thing, (colour, marker, line) in plots.STYLES.items())
    for name, figure in examples():
        yield from ("", f"# {name}", *described(figure))


def test_every_plot_looks_as_it_did():
    assert list(looks()) == DRAWN.read_text(encoding="utf-8").splitlines()


def test_every_plot_returns_the_axes_it_drew_on(monkeypatch):
    drawn = {}

    def watched(name, plot):
        def plotting(ax, *given, **more):
            drawn[name] = plot(ax, *given, **more) is ax
            return ax

        return plotting

    found = {name: plot for name, plot in vars(plots).items() if inspect.isfunction(plot)}
    found = {name: plot for name, plot in found.items() if next(iter(inspect.signature(plot).parameters)) == "ax"}
    for name, plot in found.items():
        monkeypatch.setattr(plots, name, watched(name, plot))
    list(examples())
    assert drawn == dict.fromkeys(found, True) and len(drawn) > 9


def test_runs_draws_the_median_and_the_range(ax):
    plots.runs(ax, [1, 2], [[0, 1], [2, 3], [10, 4]], of="LSTM")
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), [2, 3])
    assert {tuple(v) for v in ax.collections[0].get_paths()[0].vertices} >= {(1, 0), (1, 10), (2, 1), (2, 4)}


def test_dots_draws_every_run_and_their_median(ax):
    plots.dots(ax, [3, 1, 2], at=5, of="RNN")
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), [3, 1, 2])
    np.testing.assert_array_equal(ax.lines[1].get_ydata(), [2, 2])


CURVES = {
    plots.line: ([1, 2], [3, np.nan]),
    plots.runs: ([1, 2], [[0, np.nan], [2, 3]]),
    plots.success: ([1, 2], [0, 5], [5, 5]),
}


@pytest.mark.parametrize("draw", CURVES, ids=lambda draw: draw.__name__)
def test_a_curve_is_called_by_its_name_or_else_by_what_it_is_of(ax, draw):
    for name in (None, "mine"):
        draw(ax, *CURVES[draw], of="LSTM", name=name)
    assert ax.get_legend_handles_labels()[1] == ["LSTM", "mine"]


def test_a_run_without_a_number_leaves_its_place_empty(ax):
    plots.dots(ax, [3, np.nan, 2], at=5, of="RNN", name="three")
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), [3, np.nan, 2])
    assert ax.get_legend_handles_labels()[1] == ["three"]


def test_success_draws_rates_and_intervals(ax):
    plots.success(ax, [10, 20], np.array([5, 0]), np.array([5, 5]), of="LSTM")
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), [1, 0])
    assert ax.containers[0].has_yerr


def test_labels_carry_the_units_and_a_legend_appears_when_something_is_named(ax):
    plots.label(plots.line(ax, [0, 1], [1, 2], of="direct"), "lag (steps)", "gradient", title="a")
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_title()) == ("lag (steps)", "gradient", "a")
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["direct"]


def test_a_level_is_a_line_with_its_name(ax):
    plots.level(ax, 0.5, "chance")
    assert ax.lines[0].get_ydata()[0] == 0.5 and ax.texts[0].get_text() == "chance"
    for side, inwards in (("right", -1), ("left", 1)):
        plots.level(ax, 0.5, "chance", side=side)
        name = ax.texts[-1]
        assert (name.get_ha(), name.xy[0], np.sign(name.get_position()[0])) == (side, side == "right", inwards)


def test_a_text_that_cannot_be_drawn_is_named(ax):
    draws = {"level needs text": lambda text: plots.level(ax, 1, text),
             "label needs x": lambda text: plots.label(ax, text, "y"),
             "point needs text": lambda text: plots.point(ax, 1, 2, text, of="GRU"),
             "label needs y": lambda text: plots.label(ax, "x", text)}  # fmt: skip
    for said, draw in draws.items():
        for text in (3, "$\\nothing$"):
            with pytest.raises(ValueError, match=said):
                draw(text)


def test_letters_stand_on_the_colour_of_their_value(ax):
    plots.letters(ax, "ab\n\nc", np.array([1, -1, 0, 0.5, 0.25]), name="c")
    assert [(t.get_text(), t.get_position()) for t in ax.texts] == [("a", (0, 0)), ("b", (1, 0)), ("c", (0, 2))]
    shades = ax.images[0].get_array()
    assert shades[0, :3].tolist() == [1, -1, 0] and shades[1, 0] == 0.5 and shades[2, 0] == 0.25
    with pytest.raises(ValueError, match="one value per character; got 2 characters and 1 values"):
        plots.letters(ax, "ab", [1])


def test_a_canvas_has_its_own_dots_and_a_map_no_grid_whatever_the_settings_are():
    with plt.rc_context({"figure.dpi": 50}):
        _, bare = plt.subplots()
        assert plots.canvas()[0].dpi == 100
    for ax in (bare, plots.canvas()[1]):
        plots.heat(ax, np.eye(3))
        assert not any(line.get_visible() for line in ax.get_xgridlines())


def test_a_heat_map_shows_time_to_the_right_and_has_a_bar(ax):
    plots.heat(ax, np.eye(3), name="forget gate")
    assert ax.images[0].get_array().shape == (3, 3) and len(ax.figure.axes) == 2


def test_a_legend_above_leaves_the_axes_to_the_curves(ax):
    plots.label(plots.line(ax, [0, 1], [1, 2], of="direct"), "x", "y", legend="above")
    ax.figure.draw_without_rendering()
    assert ax.get_legend().get_window_extent().y0 >= ax.get_window_extent().y1


def test_a_point_is_marked_and_named_on_the_side_asked_for(ax):
    for side, above in (("right", True), ("above", True), ("below", False)):
        plots.point(ax, 2, 3, "here", of="forget", side=side)
        assert ax.lines[-1].get_xydata().tolist() == [[2, 3]]
        right, up = ax.texts[-1].get_position()  # from the point
        assert (ax.texts[-1].get_text(), right > 0, up > 0) == ("here", True, above)


def test_bars_stack_one_row_per_thing_with_the_first_on_top(ax):
    plots.bars(ax, {"forget": [1.0, 0.5], "input": [0.0, 1.0]})
    drawn = [(bar.get_center()[0], bar.get_y(), bar.get_height() / 0.85) for bar in ax.patches]
    np.testing.assert_allclose(sorted(drawn), [(0, 0, 0), (0, 1, 1), (1, 0, 1), (1, 1, 0.5)], atol=1e-12)
    assert [text.get_text() for text in ax.get_yticklabels()] == ["input", "forget"]


if __name__ == "__main__":
    DRAWN.write_text("\n".join(looks()) + "\n", encoding="utf-8")
