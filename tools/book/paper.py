"""The pages of the site as one page to be printed, with a cover, a contents and a running head for each chapter.

What is folded in the book because it can be done without is left out: code that draws, hints, solutions. A result that
is folded until it was predicted is shown, and of a widget the still that stands for it.
"""

import json
import posixpath
import re
from dataclasses import dataclass
from html import escape
from importlib.metadata import version
from pathlib import Path
from urllib.parse import unquote, urlsplit

from bs4 import BeautifulSoup

from tools import address
from tools.book.web import ABOUT

LOOKS = Path(__file__).resolve().parents[2] / "book" / "paper.css"
LEFT_OUT = {"play", "reference/library"}  # nothing to read, and what is only of use beside a machine
GONE = ".headerlink, .tools, .noted, .toctree-wrapper, iframe, script, button, details.fold:not(.result), summary"
NAMED = ("id", "for", "aria-labelledby", "aria-describedby")  # attributes that hold the names of elements
STYLES = ("pygments.css", "styles/furo.css", "katex/katex.min.css", "book.css")


@dataclass(frozen=True)
class Chapter:
    """A page of the site: its path without .html, its title, the part that it is in, and whether another holds it."""

    page: str
    title: str
    part: str
    inner: bool = False

    @property
    def name(self):
        """What links lead to, and the kind of paper it is on."""
        return anchor(self.page)


def anchor(page, fragment=""):
    """The name, on the one page, of a page of the site or of an element of it."""
    return re.sub(r"\W+", "-", page) + (f"--{fragment}" if fragment else "")


def chapters(site):
    """The pages of the site in its own order, which its side shows; the first page before them."""
    side = BeautifulSoup((site / "index.html").read_text(encoding="utf-8"), "html.parser").select_one(".sidebar-tree")
    found, part = [Chapter("index", "The question and the answer", "")], ""
    for one in side.select("p.caption, a.reference.internal"):
        if one.name == "p":
            part = one.get_text()
        elif (page := one["href"].removesuffix(".html")) not in LEFT_OUT:
            found.append(Chapter(page, one.get_text(), part, "toctree-l2" in one.parent["class"]))
    return found


def article(site, chapter, known):
    """What a chapter's page says, as HTML for the one page. known: the pages that are on it."""
    text = (site / f"{chapter.page}.html").read_text(encoding="utf-8")
    body = BeautifulSoup(text.partition("<article")[2].partition(">")[2].partition("</article>")[0], "html.parser")
    for one in body.select(GONE):
        one.decompose()
    for one in body.select("details"):
        one.name, one.attrs = "div", {}
    number, _, rest = chapter.title.partition(" · ")
    if rest and not body.h1.get_text().startswith(number):
        body.h1.insert(0, f"{number} · ")
    folder = posixpath.dirname(chapter.page)
    for one in body.find_all(True):
        for name in set(NAMED) & set(one.attrs):
            one[name] = " ".join(anchor(chapter.page, word) for word in one[name].split())
        if one.name == "a" and "href" in one.attrs:
            lead(one, chapter, known)
        elif one.name == "img" and not one["src"].startswith("data:"):
            one["src"] = f"{site.name}/{posixpath.normpath(posixpath.join(folder, one['src']))}"
    return f'<section class="chapter" id="{chapter.name}" style="page: {chapter.name}">{body}</section>'


def lead(link, chapter, known):
    """Let a link of a chapter lead to where its target is on the one page, or on the web, or be no link."""
    parts = urlsplit(link["href"])
    if parts.scheme:
        return
    there = posixpath.join(posixpath.dirname(chapter.page), unquote(parts.path)) if parts.path else chapter.page
    page = posixpath.normpath(there).removesuffix(".html")
    if page in known:
        link["href"] = "#" + anchor(page, unquote(parts.fragment))
        link.attrs.pop("title", None)
    elif address.site():
        link["href"] = address.site() + posixpath.normpath(there) + (f"#{parts.fragment}" if parts.fragment else "")
    else:
        link.unwrap()


def heads(listed):
    """The style of each chapter's paper: its title above what is on it."""
    written = [(one.name, json.dumps(one.title, ensure_ascii=False)) for one in listed]
    return "\n".join(f"@page {name} {{ @top-right {{ content: {title}; }} }}" for name, title in written)


def contents(listed, numbers):
    """The contents. numbers: {name of a chapter: the number of its first page}, as far as they are known."""
    lines, part = [], ""
    for one in listed:
        if one.part != part:
            lines.append(f"<h2>{escape(one.part)}</h2>")
        part = one.part
        where = f'<span class="number">{numbers.get(one.name, "")}</span>'
        kind = ' class="inner"' if one.inner else ""
        lines.append(f'<p{kind}><a href="#{one.name}"><span>{escape(one.title)}</span>{where}</a></p>')
    return f'<nav class="sheets"><h1>Contents</h1>{"".join(lines)}</nav>'


def cover():
    """The first page."""
    where = f' at <a href="{address.site()}">{address.site()}</a>' if address.site() else ""
    return f"""<section class="cover"><p class="title">Why, and how exactly, does gating solve long-term memory?</p>
<p>{ABOUT}</p><img src="book/_images/moving.svg" alt="">
<p class="small">Version {version("course_lib")}. Printed from the book{where}, which also has what is left out here:
code that draws, hints and solutions of the exercises, the library, and the widgets alive. Text and figures CC BY 4.0,
code MIT.</p></section>"""


def paper(site, listed, numbers):
    """The one page, as HTML: the chapters that are listed, of the site in a folder beside it."""
    known = {one.page for one in listed}
    styles = "".join(f'<link rel="stylesheet" href="{site.name}/_static/{name}">' for name in STYLES)
    looks = LOOKS.read_text(encoding="utf-8") + heads(listed)
    body = "".join([cover(), contents(listed, numbers), *(article(site, one, known) for one in listed)])
    return f"""<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Gates and long-term memory</title>
{styles}<style>{looks}</style></head><body data-theme="light"><article>{body}</article></body></html>"""
