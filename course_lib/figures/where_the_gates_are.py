"""Figures of notebook 13b: a map of today's memories, and what became of what they were shown."""

import numpy as np
from IPython.display import display

from course_lib.diagram.sheet import GREY, PAPER, WARM, Sheet, image
from course_lib.figures.given import Line, Rows, as_annotated
from course_lib.lesson import show
from course_lib.plots import canvas, dots, label, level, line, runs

MAP = {  # what is kept: [(name, authors and year, its memory, what sets the factor)]
    "A factor that the input sets": [
        ("LSTM", "Hochreiter & Schmidhuber 1997, Gers et al. 2000", "c′ = f ⊙ c + i ⊙ g", "f from x and h"),
        ("GRU", "Cho et al. 2014", "h′ = f ⊙ h + (1 − f) ⊙ g", "f from x and h"),
        ("sLSTM of xLSTM", "Beck et al. 2024", "c′ = f ⊙ c + i ⊙ g,  i an exponential", "f from x and h"),
        ("S6 of Mamba", "Gu & Dao 2023", "c′ = f ⊙ c + i ⊙ g", "f from x"),
        ("RG-LRU of Griffin", "De et al. 2024", "c′ = f ⊙ c + √(1 − f²) ⊙ i ⊙ g", "f from x"),
        ("Gated linear attention", "Yang et al. 2023", "C′ = f ⊙ C + k ⊗ v", "f from x"),
    ],
    "A factor that nothing sets": [
        ("S4", "Gu, Goel & Ré 2022", "c′ = f ⊙ c + i ⊙ g", "f is a weight"),
        ("Linear attention", "Katharopoulos et al. 2020", "C′ = C + k ⊗ v", "f = 1"),
    ],
    "Nothing is multiplied: all is kept": [
        ("Attention", "Vaswani et al. 2017", "cache′ = cache and one more pair k, v", "it grows"),
    ],
    "The same, from layer to layer": [
        ("Highway network", "Srivastava et al. 2015", "c′ = f ⊙ c + (1 − f) ⊙ g(c)", "f from c"),
        ("Residual network", "He et al. 2015", "c′ = c + g(c)", "f = 1"),
    ],
}  # fmt: skip
SOFT = ("#5f5f5f", "#bababa")  # of a word that matters less, on either ground
LOOK = {"sees": "LSTM", "constant": "RNN", "fixed": "GRU", "cache": "target",
        "plain": "RNN, default", "residual": "residual", "highway": "LSTM",
        "plain, orthogonal": "RNN, orthogonal"}  # fmt: skip


def words():
    """The map as text."""
    return "What today's networks keep, in one notation. " + " ".join(
        f"{kept}: " + "; ".join(f"{name} ({who}), {memory}, {sets}" for name, who, memory, sets in rows) + "."
        for kept, rows in MAP.items()
    )


def drawn():
    """The SVG: a row for each architecture, in four groups."""
    sheet, y = Sheet("map"), 12
    for group, (kept, rows) in enumerate(MAP.items()):
        sheet.text(12, y + 12, kept, size=15, bold=True, anchor="start")
        y += 30
        for name, who, memory, sets in rows:
            fill, stroke = sheet.paint("fill", WARM if group == 0 else PAPER), sheet.paint("stroke", GREY)
            sheet.add(f'<rect class="{fill} {stroke}" x="12" y="{y}" width="876" height="30" rx="6"/>')
            sheet.text(24, y + 15, name, size=14, bold=True, anchor="start")
            sheet.text(214, y + 15, who, size=12, anchor="start", pair=SOFT)
            sheet.text(525, y + 15, memory, size=14, anchor="start")
            sheet.text(876, y + 15, sets, size=13, anchor="end")
            y += 36
        y += 10
    return sheet.svg(900, y, "Where the gates are today", words())


def where_the_gates_are():
    """Show the map."""
    display({"text/html": image(drawn(), words()), "text/plain": words()}, raw=True)


@as_annotated
def copied(right: dict[str, Line], guessing: float):
    """Share of the symbols that were copied right, {cell: runs}; guessing is a level."""
    figure, ax = canvas(width=5.6, height=2.8)
    for k, shares in enumerate(right.values()):
        dots(ax, shares, at=k, of=LOOK["sees" if k == 0 else "constant"])
    level(ax, guessing, "guessing")
    ax.set(ylim=(0, 1.05), xlim=(-0.5, len(right) - 0.5), xticks=range(len(right)), xticklabels=list(right))
    label(ax, "", "symbols copied right (share)")
    show(figure, "The share of symbols that were copied right; each dot is a run. " + " ".join(
        f"{name}: {', '.join(f'{share:.2f}' for share in shares)}." for name, shares in right.items()))  # fmt: skip


@as_annotated
def recalled(pairs: Line, right: dict[str, Line], numbers: dict[str, Line]):
    """Left: share of names answered right against the number of pairs, {memory: shares}; right: what each one keeps."""
    figure, axes = canvas(2, width=8.4, height=3.0)
    for name, of in (("fixed", LOOK["fixed"]), ("cache", LOOK["cache"])):
        line(axes[0], pairs, right[name], of=of, name=name)
        line(axes[1], pairs, numbers[name], of=of, name=name)
    level(axes[0], 1 / 8, "guessing")
    axes[0].set(xscale="log", ylim=(0, 1.05))
    axes[1].set(xscale="log", yscale="log")
    for ax in axes:
        ax.set_xticks(pairs, pairs)
        ax.minorticks_off()
    label(axes[0], "pairs that were shown", "answered right (share)")
    label(axes[1], "pairs that were shown", "numbers kept")
    show(figure, "Against the number of pairs: the share answered right, and the numbers kept. " + " ".join(
        f"{name}: " + ", ".join(f"{share:.2f} of {n} pairs with {kept:,} numbers"
                                for n, share, kept in zip(pairs, right[name], numbers[name])) + "."
        for name in right))  # fmt: skip


@as_annotated
def through_layers(gradient: dict[str, Rows]):
    """The size of the gradient at each layer over that at the last, {stack: (runs, layers + 1)}, from input to end."""
    figure, ax = canvas(width=6.4, height=3.0)
    for name, sizes in gradient.items():
        runs(ax, np.arange(np.shape(sizes)[1]), sizes, of=LOOK[name], name=name)
    ax.set_yscale("log")
    label(ax, "layer (0 is the input)", "gradient, relative to the last layer", legend="above")
    at_input = ", ".join(f"{name} {np.median(np.asarray(sizes)[:, 0]):.0e}" for name, sizes in gradient.items())
    show(figure, "The gradient at each layer relative to that at the last, medians and ranges, logarithmic. At the "
         f"input: {at_input}.")  # fmt: skip
