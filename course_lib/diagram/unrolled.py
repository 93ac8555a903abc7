"""A cell unrolled through time: one box for each step, its memory running through all of them."""

from course_lib.diagram.sheet import GREY, INK, PAPER, WARM, Sheet, colour
from course_lib.diagram.words import listed

BETWEEN, WIDE, SIDE, LANE = 54, 150, 50, 44  # pixels: between boxes, of a box, at the sides, between states
INDEX = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def unrolled(graph, steps):
    """(svg, words) of a Graph over so many steps."""
    name, states = type(graph.cell).__name__, sorted(graph.ends, key=lambda state: state == "h")
    memory = graph.cell.memory[1] if graph.road else None
    states.sort(key=lambda state: state != memory)
    high = 72 + LANE * len(states)
    width, height = 2 * SIDE + steps * WIDE + (steps - 1) * BETWEEN, high + 118
    sheet = Sheet(f"{name}-{steps}")
    sheet.add(f'<rect class="{sheet.paint("fill", PAPER)}" width="{width}" height="{height}" rx="6"/>')
    top = 20
    for t in range(steps):
        x = SIDE + t * (WIDE + BETWEEN)
        sheet.add(f'<rect class="{sheet.paint("fill", WARM)} {sheet.paint("stroke", INK)}" stroke-width="1.6" x="{x}" '
                  f'y="{top}" width="{WIDE}" height="{high}" rx="10"/>')  # fmt: skip
        sheet.line([(x + WIDE / 2, top + high + 42), (x + WIDE / 2, top + high)], INK)
        sheet.text(x + WIDE / 2, top + high + 56, "x" + str(t + 1).translate(INDEX), size=18, bold=True)
        sheet.text(x + WIDE / 2, top + high - 22, name.removesuffix("Cell"), size=15, bold=True)
    for k, state in enumerate(states):
        y, main = top + 34 + k * LANE, state == memory
        pair, thick = (colour(state), 4) if main else (INK, 1.6)
        for t in range(steps + 1):
            x = SIDE + t * (WIDE + BETWEEN)
            begin = 26 if t == 0 else x - BETWEEN - (WIDE if main else 0)
            end = x if t < steps else x - BETWEEN + 24
            sheet.line([(begin, y), (end, y)], pair, thick)
            where = (12, y) if t == 0 else (x - BETWEEN + 38, y) if t == steps else (x - BETWEEN / 2, y - 13)
            outer = t in (0, steps)
            label = state + str(t).translate(INDEX)
            sheet.text(*where, label, size=19 if outer else 14, bold=outer, pair=pair)
        if main:
            for t in range(steps):
                marks(sheet, graph, SIDE + t * (WIDE + BETWEEN), y)
    sheet.text(width / 2, height - 12, "the same weights at every step", size=13, pair=GREY)
    words = (f"{name} unrolled through {steps} steps, from left to right. At each step x enters from below, and "
             f"{listed(states)} {'pass' if len(states) > 1 else 'passes'} on to the next.")  # fmt: skip
    if memory:
        passed = [f"{part.sign} {gate_of(part) or ''}".strip() for part in graph.road[1:-1]]
        words += f" The memory {memory}, bold, runs straight through all of them; at each it passes {listed(passed)}."
    return sheet.svg(width, height, f"{name} through {steps} steps", words), words


def marks(sheet, graph, x, y):
    """What the memory passes within one step."""
    parts = graph.road[1:-1]
    for k, part in enumerate(parts):
        at = x + WIDE * (k + 1) / (len(parts) + 1)
        sheet.add(f'<circle class="{sheet.paint("fill", PAPER)} {sheet.paint("stroke", INK)}" stroke-width="1.6" '
                  f'cx="{at:g}" cy="{y}" r="11"/>')  # fmt: skip
        sheet.text(at, y, part.sign, size=16)
        gate = next((p for p in part.inputs if p.gate), None)
        if gate is not None:
            sheet.line([(at, y + 34), (at, y + 11)], colour(gate.gate), 1.6)
            sheet.text(at + 9, y + 28, gate.name, size=14, bold=True)


def gate_of(part):
    """The letter of the gate that goes into a part, or None."""
    return next((p.name for p in part.inputs if p.gate), None)
