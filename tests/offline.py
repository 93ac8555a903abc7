"""Pages in a real browser, without a network: what goes wrong in them, and what axe-core finds."""

from contextlib import contextmanager
from functools import cache

import pytest

from tools.authoring.browser import SECONDS
from tools.book.fetched import files

AXE = "4.10.3"
SMALL = """() => [...document.querySelectorAll('body *')]
    .filter((e) => [...e.childNodes].some((n) => n.nodeType === 3 && n.data.replace(/\\u200b/g, '').trim()))
    .filter((e) => e.checkVisibility())
    .map((e) => [parseFloat(getComputedStyle(e).fontSize), e.textContent])
    .filter(([size]) => size < 11).map(([size, text]) => `${size} px: ${text}`)"""


@contextmanager
def opened(chromium, path, *, width=1366, dark=False, touch=False, hash_="", site=None):
    """The page of a file, seen without a network; AssertionError if it complained or asked for anything else.

    site   the folder whose files it may ask for
    """
    context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme="dark" if dark else "light",
                                   has_touch=touch, offline=True)  # fmt: skip
    page, problems = context.new_page(), []
    page.set_default_timeout(1000 * SECONDS)
    page.on("console", lambda line: line.type == "error" and problems.append(f"console: {line.text}"))
    page.on("pageerror", lambda error: problems.append(f"exception: {error}"))
    own = ((site or path).as_uri(), "data:", "blob:")
    page.on("request", lambda asked: asked.url.startswith(own) or problems.append(f"request: {asked.url}"))
    page.goto(path.as_uri() + hash_)
    assert problems == [], problems  # at once, for whoever waits in a page that is dead
    yield page
    context.close()
    assert problems == [], problems


@cache
def axe():
    """The text of axe-core, fetched once with npm."""
    try:
        return files("axe-core", AXE, wanted=lambda path: path == "axe.min.js")["axe.min.js"].decode()
    except RuntimeError as lacking:  # .ci/run does not begin without it
        pytest.skip(str(lacking))


def faults(page, within="document", **options):
    """What axe-core finds wrong, what is written below 11 px, and whether the page is wider than its window.

    options   more of axe.run's, as rules={"region": {"enabled": False}}
    """
    page.evaluate(axe())
    run = f"async options => (await axe.run({within}, options)).violations"
    said = page.evaluate(run, {"preload": False} | options)
    found = [f"{one['id']}: {[node['html'] for node in one['nodes']][:3]}" for one in said]
    return found + cramped(page)


def cramped(page):
    """What is written below 11 px, and whether the page is wider than its window."""
    found = page.evaluate(SMALL)
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return found + ([f"{wide} px too wide"] if wide > 0 else [])
