"""The figures of notebook 01: a week of weather, whose forecast is better, and how far back a network looks."""

import numpy as np

from course_lib.data import Series
from course_lib.figures.given import Line, Rows, as_annotated
from course_lib.lesson import show
from course_lib.plots import canvas, dots, label, level, line, runs


@as_annotated
def week(weather: Series):
    """One week of all channels of the weather, a Series, in their units."""
    figure, axes = canvas(rows=4, height=5.2)
    values = (weather.values * weather.scale + weather.mean)[24 * 150 : 24 * 157]
    for channel, ax in enumerate(axes):
        ax.plot(np.arange(168) / 24, values[:, channel], color="black", lw=1)
        label(ax, "time (days)" if channel == 3 else "", f"{weather.names[channel]}\n({weather.units[channel]})")
    show(figure, "One week of the four channels. Temperature rises and falls once a day, pressure drifts over days, "
         "dew point changes in steps, and wind speed jumps from hour to hour.")  # fmt: skip


@as_annotated
def compared(channels: dict[str, Rows], names: list[str]):
    """Errors of both kinds of network as shares of persistence's, {"RNN", "memoryless": (seeds, channels)}."""
    figure, ax = canvas()
    for kind, shift, shown in (("memoryless", -0.17, "without a state"), ("RNN", 0.17, "with a state")):
        for channel in range(len(names)):
            dots(ax, channels[kind][:, channel], at=channel + shift, of=kind, name=None if channel else shown)
    ax.set_xticks(range(len(names)), names)
    label(level(ax, 1, "persistence"), "", "error / error of persistence", legend="above").set_ylim(0.75, 1.03)
    with_state, without = (np.median(channels[kind], axis=0) for kind in ("RNN", "memoryless"))
    show(figure, "Error on each channel as a share of persistence's, five networks of each kind; medians with and "
         "without a state: " + "; ".join(
             f"{name} {a:.2f} and {b:.2f}" for name, a, b in zip(names, with_state, without)) + ".")  # fmt: skip


@as_annotated
def reach(hours: Line, settled: Rows, cut: Rows, linear: dict[int, float]):
    """Error against the hours seen: networks settled first, and started at 0, (seeds, hours); linear {hours: error}."""
    figure, ax = canvas(height=3.4)
    runs(ax, hours, cut, of="narrow", name="network, started at 0")
    runs(ax, hours, settled, of="RNN", name="network, settled first")
    line(ax, list(linear), list(linear.values()), of="memoryless", name="weighted sum of the hours")
    ax.set_xscale("log")
    ax.set_xticks(hours, hours)
    ax.set_xticks([], minor=True)
    label(level(ax, 1, "persistence"), "hours seen, k", "error / error of persistence")
    at = {k: (np.median(settled[:, j]), np.median(cut[:, j])) for j, k in enumerate(hours)}
    show(figure, "Error as a share of persistence's against the hours seen, median and range of five networks, settled "
         "first: " + ", ".join(f"{at[k][0]:.2f} at {k}" for k in (1, 2, 4, hours[-1])) + "; started at 0: "
         + ", ".join(f"{at[k][1]:.2f} at {k}" for k in (1, 2, 4, hours[-1])) + "; a weighted sum of the hours: "
         + ", ".join(f"{linear[k]:.2f} at {k}" for k in (1, 2, 4, hours[-1])) + ".")  # fmt: skip
