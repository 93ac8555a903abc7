"""The book: built as `make book` does, then every page of it read, by a program and in Chromium without a network."""

import re
from functools import cache
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import offline
import pytest
from PIL import Image

from course_lib import checks
from course_lib.cells import CELLS
from course_lib.claims import CLAIMS, VERDICTS
from course_lib.ledger import attacks, evidence
from course_lib.predictions import bank
from course_lib.widgets import every
from tools.book import cells, web
from tools.book.stage import ROOT, course

MB = 1_000_000
# A widget's frame has tests of its own; axe-core does not read MathML, which may be all that a header has.
PARTS = "{exclude: ['iframe', '.katex-html']}"
AXE = {"iframes": False, "rules": {"empty-table-header": {"enabled": False}}}
# Colours are the same on every page of a kind; to compare them takes most of axe-core's time.
COLOURLESS = {"iframes": False, "rules": AXE["rules"] | {"color-contrast": {"enabled": False}}}
KINDS = ("index", "search", "notebooks/09_reading_memory", "exercises/05_mixing_old_and_new/05_mixing_old_and_new",
         "docs/glossary", "docs/speed", "play", "ledger")  # fmt: skip


class Page(HTMLParser):
    """What a page has: ids, the addresses it links to and those it loads, pictures, headers of tables."""

    def __init__(self, text):
        super().__init__()
        self.ids, self.links, self.loads, self.pictures, self.headers, self.widgets = set(), [], [], [], [], 0
        self.within = ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        given, self.within = dict(attributes), tag if tag == "th" else self.within
        self.ids.add(given.get("id"))
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        elif "href" in given and tag == "link":
            self.loads.append(given["href"])
        elif "src" in given:
            self.loads.append(given["src"])
        self.widgets += tag == "iframe"
        if tag == "img":
            self.pictures.append(given)
        elif tag == "th":
            self.headers.append("")

    def handle_endtag(self, tag):
        self.within = "" if tag == "th" else self.within

    def handle_data(self, data):
        if self.within == "th":
            self.headers[-1] += data.strip()


@cache
def read(path):
    return Page(path.read_text(encoding="utf-8"))


def pages(site):
    return sorted(site.rglob("*.html"))


def broken(page, address):
    """What is wrong with an address on a page, or None."""
    parts = urlsplit(address)
    if parts.scheme in ("http", "https", "data", "mailto"):
        return None
    target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
    if not target.is_file():
        return f"{page.name}: {address}"
    if parts.fragment and target.suffix == ".html" and unquote(parts.fragment) not in read(target).ids:
        return f"{page.name}: {address}"


def test_every_notebook_has_its_page_and_can_be_downloaded_as_it_is(site):
    for path in course():
        assert (site / "notebooks" / f"{path.stem}.html").exists()
        assert (site / "notebooks" / path.name).read_bytes() == path.read_bytes()


def test_no_link_is_broken(site):
    assert [fault for page in pages(site) for link in read(page).links if (fault := broken(page, link))] == []


def test_nothing_is_loaded_from_elsewhere(site):
    loads = [(page.name, load) for page in pages(site) for load in read(page).loads]
    assert [load for load in loads if urlsplit(load[1]).scheme not in ("", "data")] == []
    assert [fault for page in pages(site) for load in read(page).loads if (fault := broken(page, load))] == []
    for path in site.rglob("*.css"):
        asked = re.findall(r"url\(([^)]+)\)|@import\s+(\S+)", path.read_text(encoding="utf-8"))
        assert [one for one in asked if "//" in "".join(one) and "data:" not in "".join(one)] == [], path.name


def test_every_picture_says_what_it_shows(site):
    said = [(page.name, given.get("alt", "")) for page in pages(site) for given in read(page).pictures]
    assert len(said) > 60 and [name for name, text in said if len(text) < 20] == []


def test_no_equation_is_left_as_it_was_written(site):
    left = {}
    for path in pages(site):
        text = re.sub(r"<(pre|code|annotation|script)\b.*?</\1>", "", path.read_text(encoding="utf-8"), flags=re.S)
        text = re.sub(r"<[^>]+>", "", text.partition("<article")[2].partition("</article>")[0])
        if found := re.findall(r".{0,20}(?:\$|\\[a-z]{2,}).{0,20}", text):
            left[path.name] = found
    assert left == {}


def test_every_header_of_a_table_says_something(site):
    assert [page.name for page in pages(site) if "" in read(page).headers] == []


def test_the_site_is_small(site):
    files = [path for path in site.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 25 * MB
    assert [page.name for page in pages(site) if page.stat().st_size > 2 * MB] == []


def test_every_prediction_of_a_notebook_is_asked_and_what_became_of_it_told(site):
    text = "".join((site / "notebooks" / f"{path.stem}.html").read_text(encoding="utf-8") for path in course())
    asked = re.findall(r'data-prediction="([\w-]+)"', text)
    numbers = {path.name[:2] for path in course()}
    assert len(asked) == len(set(asked)) and set(asked) == {name for name in bank() if name[:2] in numbers}
    assert set(re.findall(r'data-told="([\w-]+)"', text)) == set(asked)


def test_every_set_of_exercises_has_its_statements_hints_and_solutions(site):
    problems = checks.PROBLEMS | checks.ESSAYS
    pages = sorted((site / "exercises").glob("*/*.html"))
    text = "".join(path.read_text(encoding="utf-8") for path in pages)
    assert len(pages) == len(list((ROOT / "exercises").glob("*/*.ipynb"))) > 0
    assert text.count('class="fold hint"') == sum(len(problem.hints) for problem in problems.values())
    folded = text.count("<summary>A solution</summary>") + text.count("<summary>Answers</summary>")
    assert folded == len(problems) and "BEGIN SOLUTION" not in text and "NotImplementedError" not in text
    for path in pages:
        own = ROOT / path.relative_to(site).with_suffix(".ipynb")
        assert path.with_suffix(".ipynb").read_bytes() == own.read_bytes()


def test_the_ledger_has_every_claim_with_its_evidence(site):
    text = unescape((site / "ledger.html").read_text(encoding="utf-8"))
    for claim in CLAIMS:
        assert f'id="claim-{claim.name}"' in text and claim.says in text and claim.overturn in text
        assert all(sentence in text for _, sentence in evidence(claim))
        assert all(sentence in text for _, _, sentence in attacks(claim))


def test_every_cell_is_in_the_gallery_with_its_picture(site):
    page = read(site / "reference" / "cells.html")
    assert {cell.__name__.lower() for cell in CELLS} <= page.ids
    assert len([given for given in page.pictures if "Data flow of one step" in given["alt"]]) == len(CELLS)


def test_every_page_says_what_it_is_about_and_no_link_is_made_up(site):
    """Without an address of the course, as here, nothing leads to a code host."""
    for path in pages(site):
        text = path.read_text(encoding="utf-8")
        if path.stem not in ("search", "playground"):
            about = unescape(re.search(r'<meta name="description" content="([^"]+)">', text)[1])
            assert 40 < len(about) <= web.LONGEST + 2 and 'property="og:title"' in text, path.name
        assert "og:image" not in text and "Edit this page" not in text and "Open in Colab</a>" not in text


def test_with_an_address_a_page_leads_to_its_source_and_to_where_mistakes_are_reported(monkeypatch):
    monkeypatch.setenv("COURSE_REPOSITORY", "https://github.com/owner/gates")
    for page in ("index", "docs/glossary", "notebooks/00_start_here", "ledger", "reference/cells"):
        assert (ROOT / web.source(page)).exists()
        assert f"/edit/main/{web.source(page)}" in web.foot(page, "T") and "/issues/new?title=T" in web.foot(page, "T")
    assert 'content="https://owner.github.io/gates/_static/card.png"' in web.card("index", "T", "about")


def test_the_card_is_as_large_as_the_tags_say(site):
    with Image.open(site / web.CARD) as card:
        assert card.size == (1200, 630)


def test_every_cell_of_the_gallery_says_how_fast_it_is_and_where_it_wins_or_loses(site):
    text = unescape((site / "reference" / "cells.html").read_text(encoding="utf-8"))
    assert text.count("<strong>Speed</strong>: ") == len(CELLS) and cells.timed()[1]["processor"] in text
    assert text.count("ms a training step") == sum(cell.__name__ in cells.timed()[0] for cell in CELLS)
    assert "<strong>Wins</strong>" in text and "<strong>Loses</strong>" in text


def test_a_cell_is_placed_by_its_best_start_and_by_runs_before_updates():
    def run(cell, init, solved_at):
        return {"cell": cell, "init": init, "task": "T", "lag": cells.LAG, "solved_at": solved_at}

    rows = [run("A", "bad", None), run("A", "bad", 1), run("A", "good", 90), run("A", "good", 110)]
    rows += [run("B", "one", None), run("B", "one", None), run("C", "one", 50), run("C", "one", None)]
    ranked = cells.best(rows)
    assert ranked["T"]["A"] == (2, 2, 100) and cells.standing("A", ranked) == "**Wins**: T (place 1 of 3; 100 updates)."
    assert cells.standing("B", ranked) == "**Loses**: T (0 of 2)." and cells.standing("C", ranked) == ""


# ---- In a browser ----


def test_every_page_is_readable_on_a_desk_and_on_a_telephone(site, chromium):
    found = {}
    for number, path in enumerate(pages(site)):  # in turns in the light and in the dark
        with offline.opened(chromium, path, dark=number % 2 == 1, site=site) as page:
            faults = offline.faults(page, PARTS, **COLOURLESS)
            page.set_viewport_size({"width": 360, "height": 740})
            faults += offline.cramped(page)
            if faults:
                found[path.relative_to(site).as_posix()] = faults
    assert found == {}


@pytest.mark.parametrize("dark", [False, True])
def test_every_kind_of_page_is_readable_in_both_themes_with_all_that_it_folds(site, chromium, dark):
    found = {}
    for name in KINDS:
        with offline.opened(chromium, site / f"{name}.html", width=768, dark=dark, site=site) as page:
            page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
            if faults := offline.faults(page, PARTS, **AXE):
                found[name] = faults
    assert found == {}


def test_a_prediction_opens_the_results_after_it_and_is_there_again_tomorrow(site, chromium):
    path = site / "notebooks" / "05_mixing_old_and_new.html"
    with offline.opened(chromium, path, site=site) as page:
        results = page.locator("details.fold.result")
        assert results.evaluate_all("all => all.filter(one => one.open).length") == 0
        page.get_by_role("radio", name="ω₁ = 0, ω₂ = 1").check()
        told = page.locator("[data-told='05-page-gates']").text_content()
        assert told == "You predicted: ω₁ = 0, ω₂ = 1. What happens:"
        opened = results.evaluate_all("all => all.map(one => one.open)")
        assert opened[0] and not opened[-1]
        page.reload()
        assert page.get_by_role("radio", name="ω₁ = 0, ω₂ = 1").is_checked()
        assert results.evaluate_all("all => all.map(one => one.open)") == opened
        page.get_by_role("button", name="Show all results").click()
        assert results.evaluate_all("all => all.every(one => one.open)")


def test_a_widget_lives_in_the_page(site, chromium):
    with offline.opened(chromium, site / "notebooks" / "05_mixing_old_and_new.html", site=site) as page:
        page.locator(
            "article img[src^='data:image/png'] + iframe, div:has(> iframe)"
        ).first.scroll_into_view_if_needed()
        frame = page.frame_locator("iframe").first
        frame.get_by_role("slider", name="forget gate").focus()
        page.keyboard.press("ArrowRight")
        page.keyboard.press("PageUp")
        frame.locator(".said", has_text="Solved, and nobody can do it in less").wait_for()


def test_every_widget_of_every_page_comes_to_life_when_a_reader_reaches_it(site, chromium):
    with_widgets = [path for path in pages(site) if read(path).widgets]
    assert sum(read(path).widgets for path in with_widgets) >= len(every())
    for path in with_widgets:
        with offline.opened(chromium, path, site=site) as page:
            page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
            for number in range(read(path).widgets):
                page.locator("article iframe").nth(number).evaluate("one => one.parentElement.scrollIntoView()")
                inside = page.frame_locator("article iframe").nth(number).locator("main")
                inside.locator("input, select, button").first.wait_for()


def test_the_search_finds_a_page(site, chromium):
    with offline.opened(chromium, site / "search.html", site=site) as page:
        page.goto((site / "search.html").as_uri() + "?q=carousel")
        page.locator("ul.search li a").first.wait_for()
        assert Path(urlsplit(page.locator("ul.search li a").first.get_attribute("href")).path).suffix == ".html"


def test_the_ledger_can_be_sorted(site, chromium):
    with offline.opened(chromium, site / "ledger.html", site=site) as page:
        first = page.locator("table.ledger tbody tr").first
        page.get_by_role("button", name="by verdict").click()
        assert first.locator("td").nth(1).locator("b").text_content() == VERDICTS[0]
        page.get_by_role("button", name="by number of attempts").click()
        most = max(CLAIMS, key=lambda claim: len(attacks(claim)))
        assert first.get_attribute("id") == f"claim-{most.name}"
        page.get_by_role("button", name="by author").click()
        assert first.get_attribute("id") == f"claim-{CLAIMS[0].name}"


def test_the_playground_opens_from_its_page(site, chromium):
    with offline.opened(chromium, site / "play.html", site=site) as page:
        page.get_by_role("link", name="Open the playground").click()
        page.locator("svg").first.wait_for()
        assert Path(urlsplit(page.url).path).name == "playground.html"
