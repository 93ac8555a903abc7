"""The book on paper: a few of its chapters are printed, and read again."""

import re

import pytest
from bs4 import BeautifulSoup
from pypdf import PdfReader

from tools.book import pdf
from tools.book.paper import LEFT_OUT, chapters

SET = "05_mixing_old_and_new"
PRINTED = {"index", f"notebooks/{SET}", f"exercises/{SET}/{SET}", "ledger"}


@pytest.fixture(scope="module")
def read(site, chromium, tmp_path_factory):
    """Four chapters, printed as the whole is."""
    path = tmp_path_factory.mktemp("pdf") / "gates.pdf"
    pdf.write(chromium, site, path, wanted=PRINTED.__contains__)
    return PdfReader(path)


def flat(outline, depth=0):
    """[(depth, title)] of an outline."""
    for one in outline:
        if isinstance(one, list):
            yield from flat(one, depth + 1)
        else:
            yield depth, one["/Title"]


def plain(title):
    """The letters and digits of a title: an outline has typographic quotes, and no blank where a heading turns."""
    return re.sub(r"\W", "", title)


def words(page):
    return " ".join(page.extract_text().split())


def test_every_page_of_the_site_is_a_chapter_once(site):
    found = [one.page for one in chapters(site)]
    there = {path.relative_to(site).with_suffix("").as_posix() for path in site.rglob("*.html")}
    assert len(found) == len(set(found)) and set(found) == there - LEFT_OUT - {"search", "playground"}


def test_the_contents_say_on_which_page_a_chapter_begins_and_its_pages_say_which_it_is(read, site):
    listed = [one for one in chapters(site) if one.page in PRINTED]
    assert {one.page for one in listed} == PRINTED
    starts, contents = pdf.starts(read), words(read.pages[1])
    for one in listed:
        first = starts[one.name]
        assert f"{one.title} {first}" in contents, contents
        text = words(read.pages[first - 1])
        assert text.startswith(f"Gates and long-term memory {one.title}") or one.title in text[:200]
        assert re.search(rf"\b{first}\b", text)
    titles = {plain(title) for depth, title in flat(read.outline) if depth == 0}
    assert {plain(one.title) for one in listed if one.page != "index"} <= titles


def test_what_is_folded_is_left_out_and_the_stills_of_widgets_stand_for_them(read, site):
    text = " ".join(map(words, read.pages))
    page = BeautifulSoup((site / "notebooks" / "05_mixing_old_and_new.html").read_text(encoding="utf-8"), "html.parser")
    folded = [one.get_text() for one in page.select("details.fold.code pre")]
    shown = [one.get_text() for one in page.select("details.fold.result p")]
    assert len(folded) > 3 and not [one for one in folded if " ".join(one.split()) in text]
    assert "Hint 1" not in text and "A solution" not in text and "Show all results" not in text
    begun = [" ".join(one.split())[:30] for one in shown if one.startswith("Verdict")]
    assert begun and all(one in text for one in begun)
    pictures = sum(len(page.images) for page in read.pages)
    assert pictures >= len(page.select("article img[src^='data:image/png']")) > 0


def test_every_link_leads_to_a_place_in_the_file_and_every_picture_keeps_its_text(read):
    asked = [note.get_object() for page in read.pages for note in page.get("/Annots") or []]
    names = [note["/Dest"] for note in asked if "/Dest" in note]
    assert len(names) > 10 and set(names) <= set(read.named_destinations)
    assert read.trailer["/Root"]["/Lang"].startswith("en") and "/StructTreeRoot" in read.trailer["/Root"]


def test_nothing_is_wider_than_the_paper(site, chromium, tmp_path):
    """As wide as the paper is between its margins, no text, picture or table has to be cut."""
    listed = chapters(site)
    for wanted in (listed[:12], listed[12:24], listed[24:]):
        assert pdf.too_wide(chromium, site, wanted) == []
