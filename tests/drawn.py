"""What a figure shows, in words: a line for each thing on it, so that two figures are compared as two texts."""

import numpy as np
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.colors import Colormap
from matplotlib.image import AxesImage
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.text import Annotation, Text
from matplotlib.ticker import FixedLocator

LOOKED_AT = {  # kind of artist: the properties that make its look; the first kind that fits
    Line2D: "xdata ydata color marker markersize markevery linestyle linewidth",
    Annotation: "text position anncoords color fontsize ha va",
    Text: "text position color fontsize fontfamily ha va",
    AxesImage: "array cmap clim interpolation alpha",
    PolyCollection: "paths facecolor alpha linewidth",
    LineCollection: "segments color linewidth",
    Rectangle: "xy width height facecolor",
    Legend: "texts frame_on",
}
AXES = "title xlabel xlim ylabel ylim aspect"


def words(value):
    """A property as text: numbers to four digits."""
    if isinstance(value, Text):
        return f"{value.get_text()!r} of {value.get_fontsize():g} points"
    if isinstance(value, Colormap):
        return value.name
    if hasattr(value, "vertices"):
        return words(np.unique(value.vertices, axis=0))
    if isinstance(value, (list, tuple, np.ndarray)):
        return "(" + " ".join(map(words, np.ma.filled(value, np.nan) if isinstance(value, np.ndarray) else value)) + ")"
    return f"{value:.4g}" if isinstance(value, (float, np.number)) else repr(value)


def properties(artist, names):
    return ", ".join(f"{name} {words(getattr(artist, f'get_{name}')())}" for name in names.split())


def look(artist):
    """One thing on the axes."""
    kind = next(kind for kind in LOOKED_AT if isinstance(artist, kind))
    line = f"{kind.__name__} {properties(artist, LOOKED_AT[kind])}"
    if kind is Annotation:
        line += f", of {words(artist.xy)} in {words(artist.xycoords)}"
    if kind is Legend:
        corner = artist.get_bbox_to_anchor().transformed(artist.axes.transAxes.inverted()).p0
        line += f", at {words(corner)} of the axes"
    return line


def described(figure):
    """The lines of text that say what a figure shows."""
    figure.draw_without_rendering()
    lines = [f"figure {words(figure.get_size_inches())} inches, {figure.dpi:g} dots an inch"]
    for axes in figure.axes:
        sides = " ".join(side for side, spine in axes.spines.items() if spine.get_visible())
        lines += [f"axes {properties(axes, AXES)}, sides {sides}"]
        for axis in (axes.xaxis, axes.yaxis):
            grid = [line.get_visible() and line.get_alpha() for line in axis.get_gridlines()[:1]]
            fixed = isinstance(axis.get_major_locator(), FixedLocator)
            ticks = f" ticks {words(axis.get_ticklocs())} {words(axis.get_ticklabels())}" if fixed else ""
            lines += [f"  {axis.axis_name}: grid {words(grid)}, name {axis.labelpad:g} points away{ticks}"]
        shown = [artist for artist in axes.get_children() if isinstance(artist, tuple(LOOKED_AT))]
        silent = [artist for artist in shown if isinstance(artist, Text) and not artist.get_text()]
        lines += [f"  {look(artist)}" for artist in shown if artist is not axes.patch and artist not in silent]
    return lines


# ---- Without the numbers, for figures of what was drawn at random or trained ----

FORM = {
    Line2D: "label color marker linestyle linewidth",
    Text: "text color fontsize",
    AxesImage: "cmap interpolation",
    Rectangle: "facecolor",
}


def form(figure):
    """The lines of text that say how a figure looks, whatever numbers it shows: its limits only where they are set."""
    yield f"figure {words(figure.get_size_inches())} inches"
    for axes in figure.axes:
        limits = [f"{name}lim {words(getattr(axes, f'get_{name}lim')())}" for name in "xy"
                  if not getattr(axes, f"get_autoscale{name}_on")()]  # fmt: skip
        yield ", ".join([f"axes {properties(axes, 'title xlabel ylabel xscale yscale')}", *limits])
        for artist in axes.get_children():
            kind = next((kind for kind in FORM if isinstance(artist, kind)), None)
            if kind and artist is not axes.patch and (kind is not Text or artist.get_text()):
                points = f", {len(artist.get_xdata())} points" if kind is Line2D else ""
                yield f"  {kind.__name__} {properties(artist, FORM[kind])}{points}"
        if axes.get_legend():
            yield f"  Legend {[text.get_text() for text in axes.get_legend().get_texts()]}"
