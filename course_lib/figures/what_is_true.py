"""Figures of notebook 14: every claim with its verdict, sequences until solved then and now, and a million steps."""

from textwrap import wrap

import numpy as np
from IPython.display import display

from course_lib.claims import Claim
from course_lib.diagram.sheet import GREY, Sheet, image
from course_lib.figures.given import Line, as_annotated
from course_lib.lesson import show
from course_lib.plots import BLUE, canvas, dots, label, level, line

WIDE, LETTERS, HIGH, FIRST = 900, 104, 17, 30  # the sheet, letters in a line, pixels a line, pixels a heading
GROUPS = {  # (verdict, what is limited): (heading, mark, its colour)
    ("true", None): ("True", "●", ("#009E73", "#35C99C")),
    ("true with limits", "the claim"): ("True with limits: the claim says too much", "◐", ("#B37A00", "#F2B93B")),
    ("true with limits", "our evidence"): ("True with limits: we could not see further", "◔", ("#B37A00", "#F2B93B")),
    ("false", None): ("False", "✕", ("#D55E00", "#FF9E57")),
}  # fmt: skip


def grouped(claims):
    """{heading: (mark, colour, [claim, ...])}, without the headings under which there is none."""
    found = {}
    for (verdict, limited), (heading, mark, colour) in GROUPS.items():
        rows = [claim for claim in claims if claim.verdict == verdict and limited in (None, claim.limited)]
        if rows:
            found[heading] = mark, colour, rows
    return found


@as_annotated
def claims_with_verdicts(claims: list[Claim], attacks: dict[str, tuple[int, int]]):
    """Show every claim in its own words under its verdict; at the right attacks {name: (withstood, narrowing)}."""
    sheet, y, told = Sheet("verdicts"), 12, []
    sheet.text(WIDE - 12, 24, "attacks: withstood, narrowing", size=12, anchor="end", pair=GREY)
    for heading, (mark, colour, rows) in grouped(claims).items():
        sheet.text(12, y + 12, f"{heading} ({len(rows)})", size=15, bold=True, anchor="start")
        y += FIRST
        for claim in rows:
            withstood, narrowing = attacks[claim.name]
            sheet.text(24, y + 6, mark, size=15, pair=colour)
            sheet.text(42, y + 6, claim.name, size=14, bold=True, anchor="start")
            sheet.text(WIDE - 12, y + 6, f"{withstood}, {narrowing}", size=13, anchor="end", pair=GREY)
            for text in wrap(claim.says, LETTERS):
                sheet.text(82, y + 6, text, size=14, anchor="start")
                y += HIGH
            y += 6
        told.append(f"{heading}: " + "; ".join(f"{claim.name}, {claim.says.rstrip('.')}" for claim in rows) + ".")
        y += 10
    words = "The claims under their verdicts. " + " ".join(told)
    picture = image(sheet.svg(WIDE, y, "The claims and their verdicts", words), words)
    display({"text/html": picture, "text/plain": words}, raw=True)


@as_annotated
def sequences(now: dict[int, Line], then: dict[int, int]):
    """Sequences until solved against T, logarithmic: {T: [a value a run]} of today and {T: a mean} of 1997."""
    figure, ax = canvas(width=5.6, height=3.0)
    for k, lag in enumerate(then):
        dots(ax, now[lag], at=k, of="LSTM", name=None if k else "here: each run, and their median")
    line(ax, np.arange(len(then)), np.array(list(then.values())), of="LSTM 1997", name="1997: mean of ten")
    label(ax, "T (steps)", "sequences until solved", legend="above").set_yscale("log")
    ax.set_xticks(range(len(then)), [f"{lag:,}" for lag in then])
    ax.set_yticks([30_000, 100_000, 300_000, 1_000_000], ["30,000", "100,000", "300,000", "1,000,000"])
    ax.minorticks_off()
    told = "; ".join(f"T = {lag:,}: {then[lag]:,} in 1997, {int(np.median(now[lag])):,} here" for lag in then)
    show(figure, f"Sequences until solved against T, logarithmic. {told}.")


@as_annotated
def million(fine: Line, formula: Line, kept: dict[float, float]):
    """What is left of 1 after a million steps against the forget bias: the formula (points,), and {bias: measured}."""
    figure, ax = canvas(width=5.6, height=2.8)
    ax.plot(fine, formula, color="black", linewidth=1.2, label="formula")
    ax.plot(list(kept), list(kept.values()), "o", color=BLUE, label="step by step, float32")
    level(ax, 0.5, "half")
    label(ax, "forget bias b", "left after 1,000,000 steps", legend="above")
    show(figure, "What is left of 1 after a million steps against the forget bias. "
         + ", ".join(f"b = {b:.0f}: {left:.2f}" for b, left in kept.items()) + ".")  # fmt: skip
