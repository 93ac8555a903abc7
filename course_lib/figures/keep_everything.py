"""The figures of notebook 03: what an identity keeps, what piles up in it, and what a latch pays."""

import numpy as np

from course_lib.figures.given import Flags, Line, Rows, as_annotated
from course_lib.lesson import show
from course_lib.plots import canvas, label, level, line, point, style

NAMES = {"identity RNN": "tanh", "ReLU RNN": "relu", "additive": "additive", "mark added": "mark added",
         "LSTM 1997": "gated"}  # fmt: skip
FLOOR = 1e-18  # below it a gradient is drawn as this


@as_annotated
def fading(tanh: Line, relu: Line, theory: Line):
    """A state in silence over time, each (steps,): an identity with tanh, with relu, and what theory says of tanh."""
    figure, ax = canvas()
    t = np.arange(1, len(tanh) + 1)
    line(ax, t, relu, of="ReLU RNN", name="identity with relu")
    line(ax, t, tanh, of="identity RNN", name="identity with tanh")
    ax.plot(t, theory, ":", color="black", linewidth=1, label="theory for tanh")
    label(ax, "time (steps)", "state h (no unit)").set(xscale="log", ylim=(0, 1))
    show(figure, f"State against time, which is logarithmic. With relu it stays at {relu[-1]:.1f}. With tanh it is "
         f"{tanh[9]:.2f} after 10 steps, {tanh[99]:.2f} after 100 and {tanh[-1]:.2f} after {len(tanh):,}, where the "
         "theory lies too.")  # fmt: skip


@as_annotated
def noisy(knows: dict[str, Line], slope: dict[str, Line], theory: Line):
    """What each memory still knows, {name: (steps + 1,)}, with the theory of the additive one; and its gradient."""
    figure, axes = canvas(2, width=8, height=3.2)
    for name, shown in NAMES.items():
        line(axes[0], np.arange(len(knows[name])), knows[name], of=name, name=shown)
        line(axes[1], np.arange(len(slope[name])), slope[name], of=name, name=shown)
    for ax in axes:
        ax.lines[list(NAMES).index("mark added")].set(linewidth=5, alpha=0.4)  # seen below the line of the gated one
    axes[0].plot(theory, ":", color="black", linewidth=1, label="theory, additive")
    axes[0].legend(*axes[0].get_legend_handles_labels(), frameon=False, fontsize=8, bbox_to_anchor=(1, 0.9))
    label(axes[0], "steps after storing", "R²: what it knows of its number", title="the memory", legend=False)
    label(axes[1], "steps back from the end", "change out / change in", title="the gradient", legend=False)
    axes[1].annotate("additive, mark added, gated: 1", (100, 1), xytext=(0, -14), textcoords="offset points",
                     ha="right", fontsize=8)  # fmt: skip
    for ax in axes:
        ax.set_ylim(-0.03, 1.06)
    R, S = ({name: f"{values[-1]:.2f}" for name, values in measure.items()} for measure in (knows, slope))
    show(figure, "Left, what is known of the number after 100 noisy steps: " + ", ".join(
        f"{shown} {R[name]}" for name, shown in NAMES.items()) + ". Right, the gradient over 100 steps: " + ", ".join(
        f"{shown} {S[name]}" for name, shown in NAMES.items()) + ".")  # fmt: skip


@as_annotated
def saturating(slopes: dict[str, Line]):
    """The mean slope of a tanh identity over time, {name of the input: (steps + 1,)}, for three inputs."""
    figure, ax = canvas()
    for (name, values), of in zip(slopes.items(), ("identity RNN", "RNN", "wide"), strict=True):
        line(ax, np.arange(len(values)), values, of=of, name=name)
    label(ax, "time (steps)", "slope of tanh, 1 - h²", legend="above").set_ylim(0, 1.02)
    show(figure, "Mean slope of tanh where the state sits, against time. After 100 steps: " + "; ".join(
        f"{name}, {values[-1]:.2f}" for name, values in slopes.items()) + ".")  # fmt: skip


@as_annotated
def price(weights: Line, withstood: Line, passed: Line, others: dict[str, tuple[str, float, float]]):
    """The largest kick that a latch of each weight withstands, against the gradient it passes through 20 steps.

    others   {style: (name, kick withstood, gradient passed)} of memories that are no latch
    """
    figure, ax = canvas()
    line(ax, withstood, passed, of="RNN")
    for w, x, y in zip(weights, withstood, passed, strict=True):
        ax.annotate(f"w = {w:g}", (x, y), xytext=(-7, -9), textcoords="offset points", ha="right", fontsize=8)
    for of, (name, x, y) in others.items():
        point(ax, x, y, name, of=of)
    label(ax, "largest kick of its state that it withstands", "gradient through 20 steps", legend=False)
    ax.set(yscale="log", xlim=(-0.05, 1.08), ylim=(1e-33, 1e4))
    show(figure, f"Gradient through 20 steps against the largest kick withstood. Latches: from {passed[0]:.2f} at w = "
         f"{weights[0]:g}, which withstands {withstood[0]:.2f}, down to {passed[-1]:.0e} at w = {weights[-1]:g}, which "
         f"withstands {withstood[-1]:.2f}. " + " ".join(
             f"The {name}: gradient {y:.2f}, withstands {x:g}." for name, x, y in others.values()))  # fmt: skip


@as_annotated
def found(size: Rows, lags: Line, known: Rows, groups: dict[str, Flags]):
    """Trained networks: the size of their gradient (networks, steps), and what their state knows (networks, lags).

    groups   {name: which networks belong to it (networks,)}
    """
    figure, axes = canvas(2, width=8)
    for (name, members), of in zip(groups.items(), ("RNN", "wide", "memoryless"), strict=True):
        look = style(of) | {"marker": ""}
        for k in np.flatnonzero(members):
            axes[0].plot(np.maximum(size[k], FLOOR), **look)
            axes[1].plot(lags, known[k], label=f"gradient {name}" if k == members.argmax() else None, **style(of))
    label(axes[0], "steps back from the end", "size of the gradient", title="the gradient").set_yscale("log")
    level(axes[1], 0.5, "guessing").set(xscale="log", ylim=(0.42, 1.02))
    label(axes[1], "steps after the bit", "share of bits known", title="what the state knows")
    axes[1].get_legend().set_loc("center left")
    axes[1].set_xticks([40, 100, 1000], ["40", "100", "1,000"])
    axes[1].set_xticks([], minor=True)
    said = [f"gradient {name}, {members.sum()} networks: {np.median(known[members, 0]):.2f} of the bits are known "
            f"after {lags[0]} steps and {np.median(known[members, -1]):.2f} after {lags[-1]:,} (median)"
            for name, members in groups.items() if members.any()]  # fmt: skip
    show(figure, f"{len(size)} trained networks, the gradient on the left cut at {FLOOR:g}; on the right, noise five "
         "times as strong as in training. Through 40 steps, " + "; ".join(said) + ".")  # fmt: skip
