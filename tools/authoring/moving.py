"""The moving picture of README.md: a number that gates carry, beside a plain network that loses it.

    python -m tools.authoring.moving          trains for seconds, writes results/moving.json and docs/moving.svg

Both networks are trained on the course's task of keeping or replacing a number. Then one number is marked, and at every
step afterwards a weighted sum of the memory tells how much of it is still known, in sequences new to it.
"""

import json
from pathlib import Path
from textwrap import fill

import numpy as np
import torch

from course_lib.cells import LSTMCell, RNNCell
from course_lib.files import write
from course_lib.tasks import KeepOrReplace
from course_lib.training import train
from course_lib.unroll import unroll

ROOT = Path(__file__).parents[2]
NUMBERS, PICTURE = ROOT / "results" / "moving.json", ROOT / "docs" / "moving.svg"
LAG, UPDATES, MARK, STEPS, SEQUENCES = 40, 1500, 2, 43, 2000
NETWORKS = {"LSTM": (LSTMCell, 16, "chrono", "c"), "plain": (RNNCell, 33, "default", "h")}  # about 1,200 weights each


def sequences(seed):
    """Noise with one mark (SEQUENCES, STEPS, 2), and the number that is marked."""
    x = torch.zeros(SEQUENCES, STEPS, 2)
    x[..., 0] = 2 * torch.rand(SEQUENCES, STEPS, generator=torch.Generator().manual_seed(seed)) - 1
    x[:, MARK, 1] = 1
    return x, x[:, MARK, 0].double().numpy()


def known(fit, test):
    """How much of the number a weighted sum of the state tells at every step from the mark on: R², at least 0.

    fit, test   a state (sequences, steps, units) and the numbers (sequences,): to fit the sum to, and to try it on
    """
    shares = []
    for step in range(MARK, STEPS):
        (a, wanted), (b, truth) = (
            (np.c_[state[:, step], np.ones(len(state))], number) for state, number in (fit, test)
        )
        error = b @ np.linalg.lstsq(a, wanted, rcond=1e-6)[0] - truth
        shares.append(max(0.0, 1 - float(np.mean(error**2) / np.var(truth))))
    return shares


def measure():
    """Train both, and return what is drawn: shares known and gates of a unit, by step, and how training ended."""
    x, number = sequences(1)
    found = {"x": x[number.argmax(), :, 0].tolist()}
    for name, (Cell, units, start, state) in NETWORKS.items():
        history = train(Cell, KeepOrReplace(LAG), hidden_size=units, init=start, updates=UPDATES, batch_size=64,
                        learning_rate=0.01, progress=False)  # fmt: skip
        cell, states = history.network.cell, []
        for seed in (1, 2):
            x, number = sequences(seed)
            trace = unroll(cell, x)
            states.append((trace[state].detach().double().numpy(), number))
        found[name] = {"known": known(*states), "ended": history.ended, "updates": len(history.losses)}
        if name == "LSTM":
            gates = {gate: trace[gate].detach().mean(dim=0) for gate in ("forget", "input")}  # (steps, units)
            opens = (gates["input"][MARK] - gates["input"][-1]).argmax()
            found[name] |= {gate: by_step[:, opens].tolist() for gate, by_step in gates.items()}
    return json.loads(json.dumps(found), parse_float=lambda text: round(float(text), 3))


# ---- The picture ----

LEFT, CELL, TALL, SECONDS, TIMES = 180, 13, 34, 8, 3  # pixels, seconds of one showing, showings
WIDE, RIGHT = CELL * STEPS, LEFT + CELL * STEPS
LANES = {"in": 56, "gates": 118, "LSTM": 190, "plain": 262}  # where each begins, from the top
BOTTOM = LANES["plain"] + TALL + 8
NAMES = {
    "in": ("what comes in", "noise, and one number"),
    "gates": (
        "gates of one unit",
        '<tspan class="named-keep">forget</tspan>, <tspan class="named-write">input</tspan>',
    ),
    "LSTM": ("LSTM", "of the number it knows"),
    "plain": ("plain network", "of the number it knows"),
}
STYLE = f"""
svg {{ --paper: #fff; --ink: #1f2328; --soft: #59636e; --line: #d1d9e0;
  --gated: #0072b2; --plain: #c1440e; --keep: #00785a; --write: #a86400 }}
@media (prefers-color-scheme: dark) {{
  svg {{ --paper: #0d1117; --ink: #f0f6fc; --soft: #9da7b3; --line: #3d444d;
    --gated: #56b4e9; --plain: #ff8a5c; --keep: #3fcf9f; --write: #ffb84d }}
}}
text {{ font: 13px system-ui, sans-serif; fill: var(--ink) }}
.soft, .in {{ fill: var(--soft) }}
.paper {{ fill: var(--paper); stroke: var(--line) }}
.line {{ stroke: var(--line) }}
.mark, .named-write {{ fill: var(--write) }}
.named-keep {{ fill: var(--keep) }}
.gated {{ fill: var(--gated) }}
.plain {{ fill: var(--plain) }}
.keep {{ fill: none; stroke: var(--keep); stroke-width: 2 }}
.write {{ fill: none; stroke: var(--write); stroke-width: 2 }}
.now {{ stroke: var(--ink); stroke-width: 1.5 }}
.head, .end {{ font-weight: 600 }}
.cover {{ fill: var(--paper) }}
.cover, .now {{ transform: translateX({WIDE}px); animation: pass {SECONDS}s {TIMES} }}
.end {{ animation: appear {SECONDS}s {TIMES} }}
@keyframes pass {{
  0% {{ transform: none; animation-timing-function: steps({STEPS}) }}
  70%, 100% {{ transform: translateX({WIDE}px) }}
}}
@keyframes appear {{ 0%, 70% {{ opacity: 0 }} 75%, 100% {{ opacity: 1 }} }}
@media (prefers-reduced-motion: reduce) {{ .cover, .now, .end {{ animation: none }} }}
"""


def write_at(x, y, words, kind=""):
    return f'<text class="{kind}" x="{x}" y="{y}">{words}</text>'


def bar(kind, step, top, tall):
    return f'<rect class="{kind}" x="{LEFT + CELL * step}" y="{top:g}" width="{CELL - 1}" height="{tall:g}"/>'


def line(kind, values, top):
    """A line through values in [0, 1], one at every step."""
    heights = [f"{top + TALL * (1 - value):g}" for value in values]
    path = " ".join(f"V{height} H{LEFT + CELL * k}" for k, height in enumerate(heights, 1))
    return f'<path class="{kind}" d="M{LEFT} {heights[0]} {path}"/>'


def signal(values):
    """What comes in, as bars up and down; the number that is marked in a colour of its own."""
    for k, value in enumerate(values):
        tall = abs(value) * TALL / 2
        top = LANES["in"] + TALL / 2 - (tall if value > 0 else 0)
        yield bar("mark" if k == MARK else "in", k, top, max(1, tall))


def tape(kind, shares, top):
    """What is known at every step, as bars, and in the end as a number."""
    yield f'<path class="line" d="M{LEFT} {top + TALL + 1}H{RIGHT}"/>'
    for k, share in enumerate(shares, MARK):
        yield bar(kind, k, top + TALL * (1 - share), TALL * share)


def draw(found):
    """The picture of what measure() returns, as SVG: CSS alone moves it; it is readable in light and in dark."""
    high, wide, tall = BOTTOM - LANES["in"] + 6, RIGHT + 74, BOTTOM + 36
    told = f"the number is marked at step {MARK + 1}, and asked for {STEPS - 1 - MARK} steps later"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {tall}" width="{wide}" height="{tall}">',
        f"<style>{STYLE}</style>",
        f'<rect class="paper" x="0.5" y="0.5" width="{wide - 1}" height="{tall - 1}" rx="8"/>',
        write_at(16, 30, "A number, carried by gates and lost by a plain network", "head"),
        *(write_at(16, LANES[lane] + 14, name) for lane, (name, _) in NAMES.items()),
        *(write_at(16, LANES[lane] + 31, more, "soft") for lane, (_, more) in NAMES.items()),
        write_at(LEFT, BOTTOM + 22, f"{STEPS} steps; {told}", "soft"),
        *signal(found["x"]),
        line("keep", found["LSTM"]["forget"], LANES["gates"]),
        line("write", found["LSTM"]["input"], LANES["gates"]),
        *tape("gated", found["LSTM"]["known"], LANES["LSTM"]),
        *tape("plain", found["plain"]["known"], LANES["plain"]),
        f'<svg x="{LEFT}" y="{LANES["in"] - 6}" width="{WIDE + 1}" height="{high}">',
        f'<rect class="cover" width="{WIDE + 1}" height="{high}"/><path class="now" d="M0 0V{high}"/></svg>',
        *(
            write_at(RIGHT + 12, LANES[name] + 22, f"{100 * found[name]['known'][-1]:.0f} %", f"end {kind}")
            for name, kind in (("LSTM", "gated"), ("plain", "plain"))
        ),
        "</svg>\n",
    ]
    return "\n".join(parts)


def kept():
    """What measure() returned when the picture was made."""
    return json.loads(NUMBERS.read_text(encoding="utf-8"))


def words():
    """The picture, what it shows, and how it was made, as lines of Markdown."""
    found = kept()
    gated, plain, after = found["LSTM"], found["plain"], STEPS - 1 - MARK
    moves = {gate: f"from {gated[gate][-1]:.2f} to {gated[gate][MARK]:.2f}" for gate in ("input", "forget")}
    forgot = next(k for k, share in enumerate(plain["known"]) if share < 0.1)
    shown = (
        "A number is marked in a stream of noise. There the input gate of a unit "
        f"opens {moves['input']} and its forget "
        f"gate falls {moves['forget']}. At every step of the {after} that follow, "
        f"{100 * min(gated['known']):.0f} % of the number can be read from the LSTM's memory; from the plain network's "
        "less than 10 % after "
        f"{forgot} steps, and {100 * plain['known'][-1]:.0f} % at the end."
    )
    units = "the LSTM {}, the plain network {} units".format(*(size for _, size, *_ in NETWORKS.values()))
    made = (
        f"*Both were trained, with about 1,200 weights ({units}), to keep or replace a number over up to {LAG} steps: "
        f"the LSTM, started for that lag, had learnt it after {gated['updates']} updates, the plain network had not "
        f"after {plain['updates']:,}. Shown is the share of the number (R²) that a weighted sum of the memory tells in "
        "new sequences; `python -m tools.authoring.moving` trains and draws it.*"
    )
    yield fill(f"![{shown}](docs/moving.svg)", 120, break_on_hyphens=False, break_long_words=False)
    yield ""
    yield fill(made, 120, break_on_hyphens=False)


def main():
    write(NUMBERS, json.dumps(measure()) + "\n")
    write(PICTURE, draw(kept()))


if __name__ == "__main__":
    main()
