"""A sheet to draw on: SVG whose colours follow the theme of who looks at it, and whose text stays text."""

from base64 import b64encode
from html import escape

from course_lib.plots import STYLES

UNIT = 20  # pixels between two lines of the grid
BRIGHT = {"#0072B2": "#56B4E9", "#D55E00": "#FF9E57", "#009E73": "#35C99C", "#CC79A7": "#E2A0C4", "#E69F00": "#F2B93B"}
INK, PAPER, GREY, WARM = ("#1a1a1a", "#e8e8e8"), ("#ffffff", "#16181c"), ("#6b6b6b", "#9a9a9a"), ("#fff3c4", "#4a4016")


def colour(thing):
    """(on white, on black) of a gate or a state; ink for what has no colour of its own."""
    if thing not in STYLES:
        return INK
    return STYLES[thing][0], BRIGHT.get(STYLES[thing][0], STYLES[thing][0])


class Sheet:
    """An SVG while it is drawn. Colours are classes, so that the theme of who looks at it decides.

    A page that holds the SVG itself, not as an image, may set --diagram-paper and --diagram-ink to its own colours.
    """

    def __init__(self, name):
        self.name, self.items, self.colours = name, [], {}

    def paint(self, property_, pair):
        """The name of a class that gives property_ one of two colours."""
        key = property_, pair
        return self.colours.setdefault(key, f"k{len(self.colours)}")

    def add(self, text):
        self.items.append(text)

    def line(self, points, pair, wide=1.5, arrow=True, faint=False):
        """A line with rounded corners, and an arrowhead at its end."""
        stroke, fill = self.paint("stroke", pair), self.paint("fill", pair)
        dim = ' opacity=".3"' if faint else ""
        self.add(f'<path class="{stroke}" fill="none" stroke-width="{wide}"{dim} d="{rounded(points)}"/>')
        if arrow:
            (x, y), (a, b) = points[-1], points[-2]
            dx, dy = sign(x - a), sign(y - b)
            size = 4 + wide
            corners = [(x, y), (x - size * dx - size * 0.6 * dy, y - size * dy - size * 0.6 * dx),
                       (x - size * dx + size * 0.6 * dy, y - size * dy + size * 0.6 * dx)]  # fmt: skip
            self.add(f'<path class="{fill}"{dim} d="M{" L".join(f"{p:g} {q:g}" for p, q in corners)}Z"/>')

    def text(self, x, y, words, *, size=15, bold=False, pair=INK, anchor="middle", faint=False, low=False):
        """Words around a place, or from it on; low: what follows an underscore is an index, smaller and lower."""
        weight = ' font-weight="700"' if bold else ""
        dim = ' opacity=".45"' if faint else ""
        place = f'x="{x:g}" y="{y + size * 0.35:g}" font-size="{size}"'
        head, _, index = words.partition("_") if low else (words, "", "")
        inside = escape(head) + (f'<tspan dy="4" font-size="{size - 3}">{escape(index)}</tspan>' if index else "")
        self.add(
            f'<text class="{self.paint("fill", pair)}" {place}{weight}{dim} text-anchor="{anchor}">{inside}</text>'
        )

    def svg(self, width, height, title, words):
        """The whole, on a ground of its own: the theme around an image may be another than the image's."""
        ground = self.paint("fill", PAPER)
        light, dark = (
            "".join(f".{c}{{{p}:{shade(pair, k)}}}" for (p, pair), c in self.colours.items()) for k in (0, 1)
        )
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}" '
            f'height="{height:g}" role="img" aria-labelledby="title-{self.name} text-{self.name}" '
            f'font-family="Helvetica, Arial, sans-serif">\n<title id="title-{self.name}">{escape(title)}</title>\n'
            f'<desc id="text-{self.name}">{escape(words)}</desc>\n'
            f"<style>svg{{max-width:100%;height:auto}}{light}@media (prefers-color-scheme:dark){{{dark}}}</style>\n"
            + f'<rect class="{ground}" width="100%" height="100%"/>\n'
            + "\n".join(self.items) + "\n</svg>"
        )  # fmt: skip


def shade(pair, dark):
    """A colour in CSS."""
    name = {INK: "ink", PAPER: "paper"}.get(pair)
    return f"var(--diagram-{name}, {pair[dark]})" if name else pair[dark]


def sign(number):
    return (number > 0) - (number < 0)


def rounded(points, radius=7):
    """The d of a path through points, its corners rounded."""
    corners = [points[0]]
    for before, here, after in zip(points, points[1:], points[2:]):
        if (here[0] - before[0]) * (after[1] - here[1]) != (here[1] - before[1]) * (after[0] - here[0]):
            corners.append(here)
    corners.append(points[-1])
    text = f"M{corners[0][0]:g} {corners[0][1]:g}"
    for before, here, after in zip(corners, corners[1:], corners[2:]):
        r = min(radius, dist(before, here) / 2, dist(here, after) / 2)
        a, b = toward(here, before, r), toward(here, after, r)
        text += f"L{a[0]:g} {a[1]:g}Q{here[0]:g} {here[1]:g} {b[0]:g} {b[1]:g}"
    return text + f"L{corners[-1][0]:g} {corners[-1][1]:g}"


def dist(a, b):
    return abs(a[0] - b[0]) + abs(a[1] - b[1])


def toward(a, b, r):
    return a[0] + r * sign(b[0] - a[0]), a[1] + r * sign(b[1] - a[1])


def image(svg, words):
    """HTML that shows an SVG as an image: a notebook keeps it, trusted or not, and a screen reader says its words."""
    data = b64encode(svg.encode()).decode()
    return f'<img alt="{escape(words)}" src="data:image/svg+xml;base64,{data}">'
