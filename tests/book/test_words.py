"""The words of the glossary on the pages: each is linked where it is first used, and says what it means there."""

import re

from bs4 import BeautifulSoup
from offline import faults, opened

from tools.book.words import anchor, meanings, split


def linked(text):
    return [(piece, word) for piece, word in split(text, set()) if word]


def test_the_longest_word_is_found_in_whatever_form_and_once():
    assert linked("Forget gates, a gate, gates, and half-lives or the half life.") == [
        ("Forget gates", "Forget gate"), ("gate", "Gate"), ("half life", "Half-life"),
    ]  # fmt: skip
    assert (
        "".join(piece for piece, _ in split("Two gates keep a cell\nstate.", set())) == "Two gates keep a cell\nstate."
    )
    assert linked("investigate, biased, latching") == []


def test_a_cell_of_a_notebook_and_the_update_of_a_memory_are_no_words_of_the_glossary():
    assert linked("Run the next cell; the update of the memory") == []
    assert linked("the update gate of this cell, after 300 updates") == [
        ("update gate", "Update gate"), ("cell", "Cell"), ("updates", "Update"),
    ]  # fmt: skip


def test_a_word_is_linked_once_on_a_page_and_never_in_code_a_heading_or_another_link(site):
    counts = {}
    for path in sorted(site.glob("notebooks/*.html")):
        page = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser").select_one("article")
        links = page.select("a.word")
        led = [link["href"].partition("#")[2] for link in links]
        assert len(led) == len(set(led)) and not [link for link in links if link["title"] not in meanings().values()]
        assert page.select("a a, code a.word, pre a.word, summary a.word, th a.word") == []
        assert page.select(":is(h1, h2, h3, h4) a.word, .cell_output a.word, #sources a.word") == []
        by_hand = {link["href"].partition("#")[2] for link in page.select("a:not(.word)[href*='glossary.html#']")}
        assert by_hand and not by_hand & set(led), path.stem
        counts[path.stem] = len(led) + len(by_hand)
    assert len(counts) > 15 and min(counts.values()) > 3, counts
    assert {anchor(word) for word in meanings()} <= set(re.findall(r'id="([^"]+)"', glossary(site)))


def glossary(site):
    return (site / "docs" / "glossary.html").read_text(encoding="utf-8")


def test_what_a_word_means_is_seen_by_hand_and_by_keyboard_until_escape_and_heard(site, chromium):
    path = site / "notebooks" / "05_mixing_old_and_new.html"
    for dark in (False, True):
        with opened(chromium, path, width=360, dark=dark, site=site) as page:
            link, meaning = page.locator("article a.word").first, page.locator(".meaning")
            means = link.get_attribute("aria-description")
            assert means in meanings().values() and meaning.is_hidden()
            link.focus()
            assert meaning.is_visible() and meaning.text_content() == means
            assert faults(page, "'.meaning'", iframes=False, rules={"region": {"enabled": False}}) == []
            page.keyboard.press("Escape")
            assert meaning.is_hidden()
            page.locator("article a.word").nth(1).hover()
            meaning.hover()
            assert meaning.is_visible()
            page.mouse.move(5, 5)
            meaning.wait_for(state="hidden")


def test_a_finger_reads_the_meaning_first_and_follows_the_link_with_the_second_tap(site, chromium):
    path = site / "notebooks" / "05_mixing_old_and_new.html"
    with opened(chromium, path, width=360, touch=True, site=site) as page:
        link = page.locator("article a.word").first
        link.tap()
        assert page.locator(".meaning").is_visible() and page.url == path.as_uri()
        link.tap()
        page.wait_for_url("**/glossary.html#*")
