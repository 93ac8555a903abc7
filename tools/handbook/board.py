"""A picture that a teacher can copy to the board in a minute, from a few words in lessons.json.

Each word is one stroke or one text, in a field of 480 by 180:

    box X Y WIDTH HEIGHT text      text X Y text (its middle)       dot X Y
    line X Y X Y ...               dash X Y X Y                     arrow X Y X Y text (above its middle)
    bar X HEIGHT                   range X Y X X (from the first X, a bar between the two others)
"""

from html import escape

WIDE, HIGH, BASE = 480, 180, 155  # bars stand on BASE
STYLE = (
    "<style>.s{fill:none;stroke:#333;stroke-width:2}.f{fill:#333;stroke:none}.t{fill:#222;font:15px sans-serif;"
    "text-anchor:middle}@media(prefers-color-scheme:dark){.s{stroke:#ddd}.f{fill:#ddd}.t{fill:#eee}}</style>"
)
COUNTS = {"box": 4, "text": 2, "dot": 2, "line": None, "dash": None, "arrow": 4, "bar": 2, "range": 4}


def read(word):
    """(kind, numbers, text) of one word; ValueError for one that is none."""
    kind, *rest = word.split(" ")
    if kind not in COUNTS:
        raise ValueError(f"a board picture has no {kind!r}; choices: {', '.join(COUNTS)}")
    count = len(rest) if COUNTS[kind] is None else COUNTS[kind]
    try:
        numbers = [int(one) for one in rest[:count]]
    except ValueError:
        numbers = []
    if len(numbers) < max(2, COUNTS[kind] or 4) or COUNTS[kind] is None and len(numbers) % 2:
        raise ValueError(f"a board picture needs {COUNTS[kind] or 'an even number of'} whole numbers; got {word!r}")
    return kind, numbers, " ".join(rest[count:])


def words(x, y, text):
    """A text around a point."""
    return f'<text class="t" x="{x}" y="{y + 5}">{escape(text)}</text>' if text else ""


def stroke(word):
    """One word as SVG."""
    kind, at, text = read(word)
    if kind == "text":
        return words(*at, text)
    if kind == "box":
        x, y, wide, high = at
        return (f'<rect class="s" x="{x}" y="{y}" width="{wide}" height="{high}" rx="4"/>'
                + words(x + wide // 2, y + high // 2, text))  # fmt: skip
    if kind == "dot":
        return f'<circle class="f" cx="{at[0]}" cy="{at[1]}" r="6"/>'
    if kind == "bar":
        return f'<rect class="f" x="{at[0]}" y="{BASE - at[1]}" width="26" height="{at[1]}"/>'
    if kind == "range":
        zero, y, low, high = at
        return (f'<path class="s" d="M{min(zero, low)} {y + 5}H{high}" stroke-dasharray="2 5"/>'
                f'<rect class="f" x="{low}" y="{y}" width="{high - low}" height="10"/>')  # fmt: skip
    points = " L".join(f"{x} {y}" for x, y in zip(at[::2], at[1::2]))
    extra = ' stroke-dasharray="5 5"' if kind == "dash" else ""
    mark = ' marker-end="url(#a)"' if kind == "arrow" else ""
    middle = words((at[0] + at[2]) // 2, min(at[1], at[3]) - 12, text) if kind == "arrow" and at[1] == at[3] else ""
    if kind == "arrow" and at[1] != at[3]:
        middle = words(at[0], max(at[1], at[3]) + 14, text)
    return f'<path class="s" d="M{points}"{extra}{mark}/>{middle}'


TIP = (
    '<defs><marker id="a" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto">'
    '<path class="f" d="M0 0L10 5L0 10z"/></marker></defs>'
)


def picture(board):
    """The SVG of a board: {"draws": words, "shows": what it shows, for those who cannot see it}."""
    drawn = "\n".join(map(stroke, board["draws"]))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDE} {HIGH}" width="{WIDE}" height="{HIGH}" '
        f'role="img" aria-label="{escape(board["shows"])}">\n{STYLE}\n{TIP}\n{drawn}\n</svg>\n'
    )
