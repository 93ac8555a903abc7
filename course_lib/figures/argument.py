"""The argument of the course, one question after the other, as a picture."""

from IPython.display import display

from course_lib.diagram.sheet import GREY, PAPER, WARM, Sheet, image

ACTS = {  # act: {notebook: its question, in two short lines}
    "The trouble": {"01": ("What does", "a state buy?"), "02": ("Where does", "memory go?")},
    "Without gates": {"03": ("Why not keep", "everything?"), "04": ("Why not one", "network for all?"),
                      "04b": ("What does", "training find?")},
    "A gate": {"05": ("What can a", "mixture hold?"), "06": ("Who decides", "what it keeps?"),
                "06b": ("How long", "does it last?")},
    "The LSTM": {"07": ("How do the", "pieces fit?"), "08": ("What flows", "back through it?"),
                 "09": ("Why multiply", "to read?"), "10": ("Why multiply", "to write?")},
    "With less": {"11": ("Which gate", "is missed most?"), "11b": ("How few", "are enough?"),
                  "12": ("What if no gate", "sees the state?")},
    "The world": {"13": ("Which unit", "holds what?"), "13b": ("Where are the", "gates today?"),
                  "14": ("So what", "is true?")},
}  # fmt: skip
LEFT, WIDE, HIGH, GAP, BETWEEN = 126, 164, 58, 26, 26


def words():
    """The argument as text."""
    told = (f"{act}: " + "; ".join(f"{number}, {' '.join(lines)}" for number, lines in asked.items())
            for act, asked in ACTS.items())  # fmt: skip
    return "The questions of the course, from top to bottom. " + ". ".join(told)


def box(sheet, x, y, number, lines):
    """A notebook's number and its question."""
    fill, stroke = sheet.paint("fill", WARM if number == "14" else PAPER), sheet.paint("stroke", GREY)
    place = f'x="{x}" y="{y}" width="{WIDE}" height="{HIGH}" rx="8"'
    sheet.add(f'<rect class="{fill} {stroke}" {place} stroke-width="1.5"/>')
    sheet.text(x + 23, y + HIGH / 2, number, size=17, bold=True)
    for k, line in enumerate(lines):
        sheet.text(x + 46, y + HIGH / 2 - 9 + 18 * k, line, size=13, anchor="start")


def drawn():
    """The SVG."""
    sheet, last = Sheet("argument"), None
    for row, (act, asked) in enumerate(ACTS.items()):
        y = 10 + row * (HIGH + BETWEEN)
        sheet.text(10, y + HIGH / 2, act, size=14, bold=True, anchor="start", pair=GREY)
        for column, (number, lines) in enumerate(asked.items()):
            x = LEFT + column * (WIDE + GAP)
            if column:
                sheet.line([(x - GAP + 3, y + HIGH / 2), (x - 3, y + HIGH / 2)], GREY)
            elif last is not None:
                turn = y - BETWEEN / 2
                sheet.line([(last, y - BETWEEN + 3), (last, turn), (x + WIDE / 2, turn), (x + WIDE / 2, y - 3)], GREY)
            box(sheet, x, y, number, lines)
            last = x + WIDE / 2
    wide = max(len(asked) for asked in ACTS.values())
    size = LEFT + wide * WIDE + (wide - 1) * GAP + 10, 10 + len(ACTS) * (HIGH + BETWEEN)
    return sheet.svg(*size, "The argument of the course", words())


def argument():
    """Show the questions of all notebooks in their order."""
    display({"text/html": image(drawn(), words()), "text/plain": words()}, raw=True)
