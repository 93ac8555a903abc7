"""The SVG of placed parts and the lines between them."""

from contextlib import contextmanager
from html import escape

from course_lib.diagram.sheet import GREY, INK, PAPER, UNIT, WARM, Sheet, colour, sign


def picture(graph, places, lines, *, title, words, lit=None, gone=(), named=False):
    """The SVG of a Graph; lit: the Parts that are new, if asked for; gone: the labels of what is no more.

    Beside what is new, the rest is dim.

    named    every line and part is a group with data-wire or data-part, the place of its part in graph.parts
    """
    sheet = Sheet(type(graph.cell).__name__)
    state = graph.cell.memory[1] if graph.road else None
    road = set(zip(graph.road, graph.road[1:]))
    width, height = (places.width + 1) * UNIT, (places.height + (1.6 if gone else 0.2)) * UNIT
    sheet.add(f'<rect class="{sheet.paint("fill", PAPER)}" width="{width:g}" height="{height:g}" rx="6"/>')

    def dim(*parts):
        return bool(lit) and not any(p in lit for p in parts)

    def hue(part):
        return colour(part.gate) if part.gate else INK

    order = sorted(lines, key=lambda edge: (edge in road, bool(edge[0].gate)))
    for source, goal in order:
        points = [(x * UNIT, y * UNIT) for x, y in lines[source, goal]]
        points = cut(points, source, goal, places)
        main, faint = (source, goal) in road, dim(source, goal)
        pair, wide = (colour(state), 4) if main else (hue(source), 1.6)
        with group(sheet, "wire", graph, source, named):
            sheet.line(points, pair, wide, faint=faint and not main)
    for x, y, part in junctions(lines, set(places.at.values())):
        sheet.add(f'<circle class="{sheet.paint("fill", hue(part))}" cx="{x * UNIT}" cy="{y * UNIT}" r="3.2"'
                  f'{" opacity=" + chr(34) + ".3" + chr(34) if dim(part) else ""}/>')  # fmt: skip
    for part, (x, y) in places.at.items():
        with group(sheet, "part", graph, part, named):
            draw(sheet, part, x * UNIT, y * UNIT, hue(part), state, faint=dim(part) and part.kind in ("box", "op"),
                 lit=lit is not None and part in lit)  # fmt: skip
    if gone:
        sheet.text(width / 2, height - 14, "no more: " + ", ".join(gone), size=13, pair=GREY)
    return sheet.svg(width, height, title, words)


@contextmanager
def group(sheet, kind, graph, part, named):
    """What is added inside is one group of the SVG, if that is wanted."""
    if named:
        sheet.add(f'<g data-{kind}="{graph.parts.index(part)}">')
    yield
    if named:
        sheet.add("</g>")


def half(part):
    """(half the width, half the height) of what is drawn of a part."""
    if part.kind == "box":
        return 27, 15
    if part.kind == "join":
        return 22, 12
    if part.kind in ("source", "end"):
        return 9, 11
    return (13, 13) if len(part.label) < 3 else (min(30, max(16, 5 * len(part.label))), 13)


def cut(points, source, goal, places):
    """A line from the edge of one part to the edge of the other."""
    (x, y), (a, b) = points[0], points[1]
    at = places.at[source][0] * UNIT, places.at[source][1] * UNIT
    wide, high = half(source)
    dx, dy = sign(a - x), sign(b - y)
    if abs(x - at[0]) <= UNIT and y == at[1]:
        points = [(at[0] + wide * dx if dx else x, y + high * dy), *points[1:]]
    (x, y), (a, b) = points[-1], points[-2]
    at = places.at[goal][0] * UNIT, places.at[goal][1] * UNIT
    wide, high = half(goal)
    dx, dy = sign(x - a), sign(y - b)
    return [*points[:-1], (at[0] - wide * dx if dx else x, at[1] - high * dy)]


def junctions(lines, bodies):
    """[(x, y, part)] where the lines of one part go apart."""
    ways = {}
    for (source, _), points in lines.items():
        for a, b in zip(points, points[1:]):
            for p, q in ((a, b), (b, a)):
                ways.setdefault((source, p), set()).add((sign(q[0] - p[0]), sign(q[1] - p[1])))
    ends = {(source, points[-1]) for (source, _), points in lines.items()}
    return [(*p, source) for (source, p), out in ways.items() if len(out) > 2 and (source, p) not in ends
            and p not in bodies]  # fmt: skip


def draw(sheet, part, x, y, pair, state, *, faint, lit):
    """One part."""
    wide, high = half(part)
    dim = ' opacity=".35"' if faint else ""
    stroke, paper, warm = sheet.paint("stroke", pair), sheet.paint("fill", PAPER), sheet.paint("fill", WARM)
    if lit:
        sheet.add(f'<rect class="{sheet.paint("fill", ("#ffd84d", "#b58900"))}" opacity=".75" x="{x - wide - 7:g}" '
                  f'y="{y - high - 7:g}" width="{2 * wide + 14:g}" height="{2 * high + 14:g}" rx="12"/>')  # fmt: skip
    if part.kind in ("source", "end"):
        memory = part.name[:1] == state and state is not None
        sheet.text(x, y, part.name, size=19, bold=True, pair=colour(part.name[:1]) if memory else INK)
    elif part.kind == "op":
        shape = f'rx="{high}"'
        sheet.add(f'<rect class="{paper} {stroke}" stroke-width="1.8"{dim} x="{x - wide:g}" y="{y - high:g}" '
                  f'width="{2 * wide:g}" height="{2 * high:g}" {shape}/>')  # fmt: skip
        sheet.text(
            x, y, part.label, size=17 if len(part.label) == 1 else 14 if len(part.label) < 8 else 10, faint=faint
        )
    else:
        fill = warm if part.kind == "box" else paper
        pair = pair if part.kind == "box" else GREY
        sheet.add(f'<rect class="{fill} {sheet.paint("stroke", pair)}" stroke-width="{2.4 if part.gate else 1.6}"{dim} '
                  f'x="{x - wide:g}" y="{y - high:g}" width="{2 * wide:g}" height="{2 * high:g}" rx="6"/>')  # fmt: skip
        if part.kind == "box" and part.short and part.sign:
            sheet.add(f'<text class="{sheet.paint("fill", INK)}" x="{x:g}" y="{y + 5:g}" font-size="14" '
                      f'text-anchor="middle"{" opacity=" + chr(34) + ".45" + chr(34) if faint else ""}>'
                      f'<tspan font-weight="700">{escape(part.name)}</tspan> {escape(part.sign)}</text>')  # fmt: skip
        else:
            sheet.text(x, y, part.label, size=14 if len(part.label) < 8 else 10, faint=faint, low=part.kind == "box")
