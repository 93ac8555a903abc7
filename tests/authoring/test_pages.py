"""What the pages are made of: where links lead, which form of an output is shown, and what is marked on it."""

import nbformat
import pytest

from tools.book import notebooks, works
from tools.book.links import Links
from tools.book.mend import mend

LINKS = Links({"notebooks/01_a.ipynb": "notebooks/01_a.ipynb", "solutions/01_a/01_a.ipynb": "exercises/01_a/01_a.ipynb",
               "docs/glossary.md": "docs/glossary.md"}, words={"cell": 'The "network".'})  # fmt: skip


@pytest.mark.parametrize(
    "target, source, led",
    [
        ("01_a.ipynb", "notebooks/02_b.ipynb", "01_a.ipynb"),
        ("../../notebooks/01_a.ipynb", "exercises/01_a/01_a.ipynb", "../../notebooks/01_a.ipynb"),
        ("../solutions/01_a/01_a.ipynb", "notebooks/01_a.ipynb", "../exercises/01_a/01_a.ipynb"),
        ("../docs/glossary.md#cell", "notebooks/01_a.ipynb", "../docs/glossary.md#cell"),
        ("#here", "notebooks/01_a.ipynb", "#here"),
        ("https://example.org/x", "notebooks/01_a.ipynb", "https://example.org/x"),
        ("../CONTRIBUTING.md", "docs/teaching.md", None),
    ],
)
def test_a_link_leads_where_its_page_is(target, source, led):
    assert LINKS.lead(target, source) == led


def test_what_has_no_page_is_a_file_on_the_code_host_where_one_is_named():
    there = Links({}, repository="https://example.org/me/course")
    assert (
        there.lead("../CONTRIBUTING.md", "docs/teaching.md")
        == "https://example.org/me/course/blob/main/CONTRIBUTING.md"
    )
    assert LINKS.rewritten("See [how](../CONTRIBUTING.md).", "docs/teaching.md") == "See how."


def test_a_link_to_a_word_says_what_it_means():
    text = LINKS.rewritten("a [cell](../docs/glossary.md#cell)", "notebooks/01_a.ipynb")
    assert text == "a [cell](../docs/glossary.md#cell \"The 'network'.\")"


def output(**data):
    return nbformat.v4.new_output("display_data", data={name.replace("_", "/", 1): text for name, text in data.items()})


def test_of_an_output_the_form_is_shown_that_lives_without_a_kernel():
    view = {"application/vnd.jupyter.widget-view+json": {"model_id": "x"}, "text/plain": "100%"}
    assert notebooks.one_form(nbformat.v4.new_output("display_data", data=view)) is None
    shown = notebooks.one_form(output(text_plain="x", text_markdown="**x**\n\n---\n\ny"))
    assert shown.data == {"text/markdown": "**x**\n\n<hr>\n\ny"}


def test_a_picture_keeps_its_text_and_becomes_no_smaller_than_can_be_read():
    wide = notebooks.legible('<figure><img alt="x" width="800" src="data:,"></figure>')
    assert '<div class="scroll"><img style="min-width: 600px" alt="x"' in wide


def test_a_widget_waits_for_its_reader_and_its_still_does_not():
    html = '<div><img alt="x" src="data:,"></div><iframe title="T" srcdoc="&lt;p>">'
    shown = notebooks.one_form(nbformat.v4.new_output("display_data", data={"text/html": html}))
    assert 'title="T" data-srcdoc="&lt;p>"' in shown.data["text/html"] and '<img alt="x"' in shown.data["text/html"]


def test_what_a_prediction_emphasises_is_emphasised():
    assert notebooks.emphasised("all from *residual* on, 2 * 3 < 7") == "all from <em>residual</em> on, 2 * 3 &lt; 7"


def test_the_works_under_sources_are_told_apart():
    text = "## Sources\n\n- A. Bee & C. Dee (1999). On very long *x*.\n- A. Bee (2001). On very\n  long y.\n- A page.\n"
    assert works.works({"01": text, "02": text.replace("On very long *x*.", "On very long *x*. Second edition.")}) == [
        ("A. Bee & C. Dee (1999). On very long *x*. Second edition.", ["01", "02"]),
        ("A. Bee (2001). On very long y.", ["01", "02"]),
    ]


def test_a_theme_that_has_changed_is_noticed(tmp_path):
    (tmp_path / "page.html").write_text('<aside class="sidebar-drawer">')
    with pytest.raises(RuntimeError, match="the theme has changed; no page has <aside class=.toc-drawer"):
        mend(tmp_path)
    assert 'aria-label="Pages"' in (tmp_path / "page.html").read_text()
