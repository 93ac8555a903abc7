"""What a page says to others: its source and where to report a mistake, and how a link to it looks elsewhere.

An extension of Sphinx. All of it follows tools/address.py; without an address there are no links.
"""

import re
from html import escape, unescape
from pathlib import Path
from urllib.parse import quote

from course_lib.plots import BLUE, RED, canvas
from tools import address
from tools.authoring import moving

CARD = "_static/card.png"
ABOUT = "A course that takes apart why gates solve long-term memory, and puts every claim on trial in a notebook."
LONGEST = 200


def source(page):
    """The file of the course that a page is made from; None for one that is made from many, or from code."""
    if page == "index":
        return "README.md"
    if page.startswith("exercises/") and page != "exercises/index":
        return f"solutions/{page.partition('/')[2]}.ipynb"
    if page.startswith("notebooks/"):
        return f"{page}.ipynb"
    found = f"{page}.md" if page.startswith("docs/") else f"book/{page}.md"
    return found if Path(__file__).resolve().parents[2].joinpath(found).exists() else None


def foot(page, title):
    """The links at the end of a page."""
    repository, path = address.repository(), source(page)
    if not repository or path is None:
        return ""
    issue = f"{repository}/issues/new?title={quote(f'{title} ({path})')}"
    return (f'<p class="tools foot"><a href="{repository}/edit/main/{path}">Edit this page</a> '
            f'<a href="{escape(issue)}">Report a mistake</a></p>')  # fmt: skip


def description(body):
    """The first paragraph of a page that says something, as a text."""
    for text in re.findall(r"<p>(.*?)</p>", body.partition("</h1>")[2], flags=re.S):
        plain = " ".join(unescape(re.sub(r"<[^>]+>", "", re.sub(r"<svg.*?</svg>", "", text, flags=re.S))).split())
        if len(plain) > 60 and not plain.startswith("Needs:") and " · " not in plain and "\\" not in plain:
            return plain if len(plain) <= LONGEST else plain[:LONGEST].rpartition(" ")[0] + " …"
    return ABOUT


def card(page, title, about):
    """What a messenger or a network shows of a link to the page, as tags."""
    tags = {"og:type": "article", "og:title": title, "og:description": about, "twitter:card": "summary_large_image"}
    if site := address.site():
        tags |= {"og:url": f"{site}{page}.html", "og:image": f"{site}{CARD}", "og:image:alt": ABOUT,
                 "og:image:width": "1200", "og:image:height": "630"}  # fmt: skip
    lines = [f'<meta property="{name}" content="{escape(value)}">' for name, value in tags.items()]
    return "\n".join([f'<meta name="description" content="{escape(about)}">', *lines])


def draw(path):
    """The picture of the card, 1200 by 630 points: what the moving picture of the first page ends with."""
    found = moving.kept()
    figure, axes = canvas(rows=2, width=12, height=6.3)
    rows = (("LSTM", BLUE, "of a number, after 40 steps, with gates", 0.42), ("plain", RED, "and without", 0.08))
    for ax, (name, colour, says, bottom) in zip(axes, rows):
        ax.set_position((0.05, bottom, 0.9, 0.18))
        ax.bar(range(len(found[name]["known"])), found[name]["known"], color=colour, width=0.9)
        ax.set_axis_off()
        ax.set_title(says, loc="left", fontsize=26, color=colour)
    figure.text(0.05, 0.74, "Why, and how exactly, does gating\nsolve long-term memory?", fontsize=40, weight="bold")
    figure.savefig(path, dpi=100)


def add(app, page, template, context, doctree):
    """Put the tags and the links into a page."""
    if doctree is None:
        return
    title = unescape(re.sub(r"<[^>]+>", "", context["title"]))
    context["metatags"] += card(page, title, description(context["body"]))
    context["body"] += foot(page, title)


def finish(app, error):
    if error is None:
        draw(Path(app.outdir, CARD))


def setup(app):
    app.connect("html-page-context", add)
    app.connect("build-finished", finish)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
