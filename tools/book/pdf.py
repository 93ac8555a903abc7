"""`python -m tools.book.pdf` writes the whole course into one file to hand out: build/gates.pdf.

Chromium prints the site that `make book` wrote, all chapters on one page (paper.py), twice: the first time tells on
which sheet each chapter begins, and the contents say it the second time. Links lead within the file, pictures keep
their texts, and the chapters and sections are its outline.
"""

import argparse
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright
from pypdf import PdfReader

from tools.authoring.browser import CHROMIUM, FLAGS, SECONDS, missing
from tools.book.paper import chapters, paper

SITE = Path(__file__).resolve().parents[2] / "build" / "book"
WIDE = 658  # pixels between the margins of A4: 210 - 2 * 18 millimetres
DRAWN = "() => Promise.all([document.fonts.ready, ...[...document.images].map((one) => one.decode())])"
CUT = """wide => [...document.querySelectorAll('article :not(math, math *, svg *)')]
    .filter((one) => one.getBoundingClientRect().right - parseFloat(getComputedStyle(one).paddingRight) > wide + 1
                     || one.matches('pre, .scroll, .table-wrapper, .math') && one.scrollWidth > one.clientWidth + 1)
    .map((one) => `${one.closest('.chapter')?.id}: ${one.outerHTML.slice(0, 100)}`).slice(0, 9)"""


def starts(read):
    """{name that a link in a PDF that was read leads to: the number of its page, from 1}"""
    return {name.removeprefix("/"): 1 + read.get_destination_page_number(target)
            for name, target in read.named_destinations.items()}  # fmt: skip


def laid_out(browser, site, listed, numbers, use):
    """What use(page) returns of the chapters that are listed, all on one page in the browser, as it is printed.

    numbers   {name of a chapter: the number of its first page}, as far as they are known
    """
    path = site.parent / "paper.html"
    path.write_text(paper(site, listed, numbers), encoding="utf-8")
    context = browser.new_context(color_scheme="light", offline=True, viewport={"width": WIDE, "height": 1000})
    context.set_default_timeout(1000 * SECONDS)
    page = context.new_page()
    page.emulate_media(media="print", reduced_motion="reduce")
    page.goto(path.as_uri())
    page.evaluate(DRAWN)
    try:
        return use(page)
    finally:
        context.close()
        path.unlink()


def too_wide(browser, site, listed):
    """What of the chapters is wider than the paper, as texts."""
    return laid_out(browser, site, listed, {}, lambda page: page.evaluate(CUT, WIDE))


def write(browser, site, path, *, wanted=lambda page: True):
    """Print those pages of the site that are wanted, with what stands before them, into the file path.

    wanted   function of a page's path in the site, without .html
    """
    listed, numbers = [one for one in chapters(site) if wanted(one.page)], {}
    settings = {"outline": True, "tagged": True, "print_background": True, "prefer_css_page_size": True}
    for _ in range(2):
        laid_out(browser, site, listed, numbers, lambda page: page.pdf(path=path, **settings))
        numbers = starts(PdfReader(path))


def main():
    parser = argparse.ArgumentParser(description="Print the book that `make book` wrote.")
    parser.add_argument("--to", type=Path, default=SITE.parent / "gates.pdf", help="build/gates.pdf by default")
    to = parser.parse_args().to
    if lacking := missing():
        sys.exit(lacking)
    if not (SITE / "index.html").exists():
        sys.exit("There is no book to print: make book")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        write(browser, SITE, to)
        browser.close()
    print(f"{to}: {len(PdfReader(to).pages)} pages, {to.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
