"""Axes-level plots: each draws one thing on one Axes and returns that Axes. Plain numbers in, no torch.

Colours are from Okabe & Ito (2008), told apart by colour-blind readers; each thing has the same colour, marker and line
in every notebook, so that no figure depends on colour alone.
"""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.cbook import is_math_text
from matplotlib.mathtext import MathTextParser

from course_lib import doors
from course_lib.stats import wilson

BLACK, ORANGE, SKY, GREEN, YELLOW, BLUE, RED, PURPLE, GREY = (
    "#000000", "#E69F00", "#56B4E9", "#009E73", "#C8B400", "#0072B2", "#D55E00", "#CC79A7", "#777777",
)  # fmt: skip

MOST = 1e300  # matplotlib adds margins to what it draws

STYLES = {  # thing: (colour, marker, line)
    "RNN": (RED, "o", "-"), "identity RNN": (ORANGE, "v", "-"), "ReLU RNN": (BLACK, "^", "--"),
    "one network": (PURPLE, "s", "-"), "residual": (PURPLE, "D", "--"), "small step": (PURPLE, "P", ":"),
    "additive": (PURPLE, "X", "-."), "leaky": (YELLOW, "<", "--"), "JANET": (GREEN, ">", "--"),
    "LSTM": (BLUE, "o", "-"), "LSTM 1997": (SKY, "s", "--"), "GRU": (SKY, "D", "-"), "minGRU": (GREEN, "^", "-"),
    "memoryless": (GREY, "x", "--"), "baseline": (GREY, "", ":"), "target": (BLACK, "*", "-"),
    "latching": (RED, "s", "--"), "adding": (BLACK, "D", "-"),
    "narrow": (ORANGE, "v", ":"), "middle": (RED, "o", "--"), "wide": (BLACK, "s", "-"),
    "total": (BLACK, "o", "-"), "direct": (BLUE, "s", "-"), "rest": (RED, "^", "--"),
    "forget": (GREEN, "o", "-"), "input": (ORANGE, "s", "--"), "output": (PURPLE, "^", ":"),
    "tied": (GREEN, "P", "-."), "page": (RED, "X", "-."),
    "LSTM, default": (BLUE, "D", "--"), "RNN, orthogonal": (RED, "v", "--"), "RNN, default": (RED, "s", ":"),
    "update": (GREEN, "o", "-"), "reset": (ORANGE, "s", "--"), "h": (RED, "o", "-"), "c": (BLUE, "s", "-"),
    "mark added": (GREEN, "P", "--"), "h, unheard": (BLACK, "x", "--"),
}  # fmt: skip


def on(who, ax, name=None):
    """ValueError unless ax can be drawn on and name, where there is one, is text."""
    doors.instance(who, "ax", ax, plt.Axes, such_as="that of canvas()")
    if name is not None:
        caption(who, "name", name)


def caption(who, name, value):
    """value, text that can be drawn: what stands between two $ is TeX that matplotlib reads."""
    if is_math_text(doors.text(who, name, value)):
        try:
            MathTextParser("path").parse(value)
        except ValueError:
            doors.refuse(who, f"{name} with TeX between two $, or with \\$ for the sign itself,", value)
    return value


def pair(who, x, y):
    """x and y (points,) as arrays; ValueError unless there are as many of the one as of the other."""
    doors.array(who, "x", x, dims=(1,), gaps=True), doors.array(who, "y", y, dims=(1,), gaps=True)
    if len(x) != len(y):
        raise ValueError(f"{who} needs as many x as y; got {len(x)} and {len(y)}")
    return np.asarray(x), np.asarray(y)


def style(thing):
    """The keyword arguments for matplotlib that belong to a thing; black for a thing that has no style of its own."""
    colour, marker, line = STYLES.get(caption("style", "thing", thing), (BLACK, ".", "-"))
    return {"color": colour, "marker": marker, "linestyle": line, "markersize": 4, "linewidth": 1.5}


def canvas(columns=1, *, rows=1, width=6.4, height=3.0):
    """A new figure and its axes, sized for a notebook at 100 dpi and still legible in print."""
    columns, rows = (doors.whole("canvas", name, n, most=100) for name, n in (("columns", columns), ("rows", rows)))
    size = [doors.number("canvas", name, n, least=0.1, most=100) for name, n in (("width", width), ("height", height))]
    settings = {
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "grid.alpha": 0.25,
        "font.size": 9,
    }
    with plt.rc_context(settings):
        return plt.subplots(rows, columns, figsize=size, dpi=100, layout="constrained")


def label(ax, x, y, *, title=None, legend=True):
    """Name the axes, with units, and show the legend if anything is labelled: inside, or over the axes ("above")."""
    on("label", ax, title)
    caption("label", "x", x), caption("label", "y", y)
    if not doors.is_a(str, legend) or legend != "above":
        doors.flag("label", "legend, when it is not 'above',", legend)
    ax.set(xlabel=x, ylabel=y, title=title)
    if legend and ax.get_legend_handles_labels()[0]:
        place = {"loc": "lower left", "bbox_to_anchor": (0, 1), "ncols": 6} if legend == "above" else {}
        ax.legend(frameon=False, fontsize=8, **place)
    return ax


def line(ax, x, y, *, of, name=None):
    """One curve of one thing; name is what the legend says, the thing itself when omitted. NaN leaves a gap."""
    on("line", ax, name)
    look, (x, y) = style(of), pair("line", x, y)
    ax.plot(x, y, label=name or of, markevery=max(1, len(x) // 12), **look)
    return ax


def runs(ax, x, y, *, of, name=None):
    """The median over runs of y (runs, points) as a curve, the range from least to most as a band."""
    on("runs", ax, name)
    look, y = style(of), doors.array("runs", "y", y, dims=(2,), gaps=True)
    x, middle = pair("runs", x, np.median(y, axis=0))
    ax.fill_between(x, y.min(axis=0), y.max(axis=0), color=look["color"], alpha=0.2, linewidth=0)
    return line(ax, x, middle, of=of, name=name)


def dots(ax, y, *, at, of, name=None):
    """The values of single runs at one place of the x axis, with their median as a bar."""
    on("dots", ax, name)
    look, y = style(of), doors.array("dots", "y", y, dims=(1,), gaps=True)
    at = doors.number("dots", "at", at)
    spread = np.linspace(-0.12, 0.12, len(y)) if len(y) > 1 else np.zeros(1)
    ax.plot(at + spread, y, label=name, **look | {"linestyle": "none"})
    ax.plot([at - 0.25, at + 0.25], [np.median(y)] * 2, color=look["color"], linewidth=2.5)
    return ax


def success(ax, x, wins, tries, *, of, name=None):
    """Success rates wins / tries with their 95 % Wilson intervals."""
    on("success", ax, name)
    look, (low, high) = style(of), wilson(wins, tries)
    x, rate = pair("success", x, np.asarray(wins) / np.asarray(tries))
    ax.errorbar(
        x, rate, yerr=[np.maximum(rate - low, 0), np.maximum(high - rate, 0)], label=name or of, capsize=2, **look
    )
    ax.set_ylim(-0.05, 1.05)
    return ax


def level(ax, y, text, *, of="baseline", side="right"):
    """A horizontal reference line with its name over the "right" or the "left" end; what is drawn later covers it."""
    on("level", ax)
    colour, y, text = style(of)["color"], doors.number("level", "y", y), caption("level", "text", text)
    place = {"right": (1, -2), "left": (0, 2)}
    end, gap = place[doors.choice("level", "side", side, tuple(place))]
    ax.axhline(y, color=colour, linestyle=":", linewidth=1.5)
    ax.annotate(text, (end, y), xycoords=("axes fraction", "data"), xytext=(gap, 2),
                textcoords="offset points", ha=side, va="bottom", fontsize=8, color=colour)  # fmt: skip
    return ax


def point(ax, x, y, text, *, of, side="right"):
    """One marked point of one thing, and its name to its "right" and a little up, or far "above", or "below"."""
    on("point", ax)
    look, x, y = style(of), doors.number("point", "x", x), doors.number("point", "y", y)
    places = {"right": (7, 5), "above": (7, 20), "below": (7, -12)}
    caption("point", "text", text), doors.choice("point", "side", side, tuple(places))
    ax.plot([x], [y], **look | {"linestyle": "none", "markersize": 7})
    ax.annotate(text, (x, y), xytext=places[side], textcoords="offset points", fontsize=8, color=look["color"])
    return ax


def bars(ax, rows):
    """Values in [0, 1] over time as bars, one row for each thing: {thing: (time,)}, the first on top; down below 0."""
    on("bars", ax)
    if not doors.is_a(dict, rows):
        doors.refuse("bars", "rows as {thing: values}", rows)
    rows = {thing: doors.array("bars", "values", v, dims=(1,), least=-1, most=1) for thing, v in rows.items()}
    for k, (thing, values) in enumerate(reversed(rows.items())):
        ax.bar(range(len(values)), 0.85 * values, bottom=k, width=1.0, color=style(thing)["color"])
    ax.set(ylim=(-0.05, max(1, len(rows))), yticks=0.42 + np.arange(len(rows)), yticklabels=list(reversed(rows)))
    return ax


def heat(ax, values, *, colours="viridis", low=None, high=None, name=""):
    """values (units, time) as a map, time to the right, with a colour bar called name; low and high end its colours."""
    on("heat", ax, name)
    values = doors.array("heat", "values", values, dims=(2,), gaps=True)
    doors.choice("heat", "colours", colours, tuple(plt.colormaps()))
    low, high = (end if end is None else doors.number("heat", "low and high", end, least=-MOST, most=MOST)
                 for end in (low, high))  # fmt: skip
    if None not in (low, high) and low > high:
        doors.refuse("heat", "low up to high", f"{low:g} and {high:g}")
    image = ax.imshow(values, aspect="auto", origin="lower", cmap=colours, vmin=low, vmax=high, interpolation="nearest")
    ax.grid(False)
    ax.figure.colorbar(image, ax=ax, label=name)
    return ax


def symbols(ax, texts):
    """One text under each step of the x axis, in place of the numbers. Tick labels would take four times as long."""
    on("symbols", ax)
    texts = doors.texts("symbols", "texts", texts)
    ax.set_xticks([])
    for step, text in enumerate(texts):
        ax.text(step, -0.03, text, transform=ax.get_xaxis_transform(), ha="center", va="top", fontsize=8)
    ax.xaxis.labelpad = 14
    return ax


def letters(ax, text, values, *, most=1.0, name=""):
    """text, character by character, each on the colour of its value: blue below 0, white at 0, red above.

    values (time,) are shown from -most to most, in a colour bar called name. Lines break where text breaks them; a line
    begins at the top left. ValueError where text and values differ in length.
    """
    on("letters", ax, name)
    values = doors.array("letters", "values", values, dims=(1,), gaps=True)
    most = doors.number("letters", "most", most, above=0, most=MOST)
    if len(doors.text("letters", "text", text)) != len(values):
        raise ValueError(f"letters needs one value per character; got {len(text)} characters and {len(values)} values")
    lines = [part + "\n" for part in text.split("\n")]
    shades = np.full((len(lines), max(map(len, lines))), np.nan)
    rest = iter(values)
    for row, written in enumerate(lines):
        for column, (symbol, value) in enumerate(zip(written, rest)):
            shades[row, column] = value
            if symbol.strip():
                ax.text(column, row, symbol, ha="center", va="center", family="monospace", fontsize=7)
    image = ax.imshow(shades, aspect="auto", cmap="RdBu_r", vmin=-most, vmax=most, interpolation="nearest", alpha=0.55)
    ax.grid(False)
    ax.set(xticks=[], yticks=[])
    ax.figure.colorbar(image, ax=ax, label=name)
    return ax
