"""Figures of notebook 13: digits behind noise, and which unit of a text network carries what."""

import numpy as np

from course_lib.figures.given import Line, Stack, as_annotated
from course_lib.lesson import show
from course_lib.plots import canvas, dots, label, letters, level

STYLES = {"LSTM, chrono": "LSTM", "LSTM, default": "LSTM, default", "RNN, orthogonal": "RNN, orthogonal",
          "RNN, default": "RNN, default"}  # fmt: skip
OTHERS = "#777777"  # the units that nobody asked about


@as_annotated
def pictures(images: Stack, digits: Line):
    """The first ten of the images (n, 8, 8), and which digits (n,) they are."""
    figure, axes = canvas(10, width=8, height=0.9)
    for image, ax in zip(images, axes):
        ax.imshow(image, cmap="Greys")
        ax.axis("off")
    show(figure, f"The first ten of {len(images)} handwritten digits, 8 by 8 pixels: "
         f"{', '.join(map(str, digits[:10]))}.")  # fmt: skip


@as_annotated
def behind_noise(right: dict[tuple[str, int], Line]):
    """Percent right on training images, a dot a run, for {(kind, lag): percents}."""
    lags = sorted({lag for _, lag in right})
    figure, ax = canvas(width=8.6)
    for k, (kind, of) in enumerate(STYLES.items()):
        for j, lag in enumerate(lags):
            dots(ax, right[kind, lag], at=3 * j + 0.6 * k, of=of, name=kind if j == 0 else None)
    level(ax, 10, "guessing")
    label(ax, "steps of noise between image and question", "training images right (%)", legend="above").set_ylim(0, 105)
    ax.set_xticks([3 * k + 0.9 for k in range(len(lags))], lags)
    ax.set_xlim(-0.6, 3 * len(lags) + 0.4)  # room for the name of the level, beside the last dots
    told = "; ".join(f"{kind} " + ", ".join(f"{np.median(right[kind, lag]):.0f}" for lag in lags) for kind in STYLES)
    show(figure, f"Percent right on training images after {', '.join(map(str, lags))} steps of noise, a dot a run; "
         f"medians of five: {told}.")  # fmt: skip


def beside_the_others(ax, values, chosen, at, others):
    """The values of units named others as grey dots around at, and that of the chosen one in its colour."""
    ax.plot(at + np.linspace(-0.2, 0.2, len(values)), values, ".", color=OTHERS, markersize=3,
            label=None if at else others)  # fmt: skip
    dots(ax, [chosen], at=at, of="c", name=None if at else "the unit named below")


@as_annotated
def carried(fits: dict[str, Line], unit: dict[str, int]):
    """How well each unit's memory goes with each thing: {thing: correlations (units,)}, {thing: the chosen unit}."""
    figure, ax = canvas(width=6.4)
    for k, (thing, fit) in enumerate(fits.items()):
        beside_the_others(ax, np.abs(fit), abs(fit[unit[thing]]), k, "all units")
    label(ax, "", "correlation with c (held-out text)", legend="above").set_ylim(0, 1)
    ax.set_xticks(range(len(fits)), [f"{thing}\nunit {unit[thing]}" for thing in fits])
    told = "; ".join(f"{thing}, unit {unit[thing]}: {abs(fit[unit[thing]]):.2f}" for thing, fit in fits.items())
    show(figure, "Correlation of each unit's memory with four things, held-out text; grey: all 96 units. Chosen on "
         f"training text: {told}.")  # fmt: skip


def commented(row):
    """Whether each character of a line of code stands in its comment, from the # on; its end does not."""
    start = row.find("#") if "#" in row else len(row)
    return [at >= start and symbol != "\n" for at, symbol in enumerate(row)]


@as_annotated
def coloured(text: str, memory: Line, unit: int):
    """A passage, each character on the colour of what a unit holds there."""
    figure, ax = canvas(width=8.6, height=3.8)
    letters(ax, text, memory, most=2, name=f"c of unit {unit}")
    inside = np.array([c for part in text.splitlines(keepends=True) for c in commented(part)])
    space = np.array([symbol.isspace() for symbol in text]) & ~inside
    where = {
        "in comments": inside,
        "in spaces and at ends of lines outside them": space,
        "in the rest": ~inside & ~space,
    }
    told = ", ".join(f"{memory[which].mean():.1f} {name}" for name, which in where.items() if which.any())
    show(figure, f"A passage of source code, coloured by the memory of unit {unit}. Means: {told}.")


def costs(ax, where, unit):
    """Name the axes: for each thing the place where it is needed and its unit, against the loss that is added."""
    level(ax, 0, "")
    label(ax, "", "extra loss (nats)", legend="above")
    ax.set_xticks(range(len(where)), [f"{place}\nunit {unit[thing]}" for thing, place in where.items()])


@as_annotated
def missed(own: dict[str, float], others: dict[str, Line], where: dict[str, str], unit: dict[str, int]):
    """What a prediction loses, in nats, where a thing is needed: {thing: loss} without its unit, (units,) without
    others."""
    figure, ax = canvas(width=6.4)
    for k, thing in enumerate(own):
        beside_the_others(ax, others[thing], own[thing], k, "others, drawn by chance")
    costs(ax, where, unit)
    told = "; ".join(f"{where[thing]}, unit {unit[thing]}: {own[thing]:.2f} (of the others, the middle one "
                     f"{np.median(others[thing]):.2f})" for thing in own)  # fmt: skip
    show(figure, f"Extra loss where a thing is needed, when its unit is held at 0; grey: when another one is. {told}.")


@as_annotated
def held(cost: dict[str, dict[str, float]], where: dict[str, str], unit: dict[str, int]):
    """The extra loss where each thing is needed, for {what its unit is held at: {thing: loss}}."""
    figure, ax = canvas(width=6.4)
    for (name, of), side in zip((("0", "c"), ("its mean", "h")), (-0.15, 0.15)):
        for k, thing in enumerate(where):
            dots(ax, [cost[name][thing]], at=k + side, of=of, name=f"held at {name}" if k == 0 else None)
    costs(ax, where, unit)
    told = "; ".join(f"{where[thing]}, unit {unit[thing]}: {cost['0'][thing]:.2f} at 0, "
                     f"{cost['its mean'][thing]:.2f} at its mean" for thing in where)  # fmt: skip
    show(figure, f"Extra loss where a thing is needed, when its unit is held at 0 or at its own mean. {told}.")
