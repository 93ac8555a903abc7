"""The words of the glossary in a notebook: the first bold use of each leads to it, and nothing else is changed."""

import nbformat
import pytest

from tools.authoring.words import link, linked, main, meant

GATE = "[gate](../docs/glossary.md#gate)"


def notebook(*texts, code=""):
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(text) for text in texts])
    made.cells.append(nbformat.v4.new_code_cell(code))
    return made


def after(*texts):
    made = notebook(*texts)
    linked(made)
    return [cell.source for cell in made.cells[:-1]]


def test_the_first_bold_use_is_linked_whatever_its_form_and_plain_uses_are_not():
    asked = "A gate. A **gate**; **gates**, *gate* and **Gates again**. A **forget\ngate**, **tied**, **a leaky cell**."
    assert after(asked, "A **gate**.") == [
        f"A gate. A **{GATE}**; **gates**, *gate* and **Gates again**. "
        "A **[forget\ngate](../docs/glossary.md#forget-gate)**, **[tied](../docs/glossary.md#tied-gates)**, "
        "**[a leaky cell](../docs/glossary.md#leaky-cell)**.",
        "A **gate**.",
    ]


CLOSED = {
    "a heading": "## A **gate**",
    "code": "Say `**gate**` or ``a ` **gate**``.",
    "a block of code": "```\n**gate**\n```",
    "mathematics": "$a **gate** b$ and $$\n**gate**\n$$",
    "another link": "[a **gate**](05_mixing_old_and_new.ipynb) ![**gate**](a.svg)",
    "the head of a table": "| **gate** | b |\n|---|---|",
    "a comment": "<!-- **gate** -->",
    "between two bolds": "**On**gate**off**",
}


@pytest.mark.parametrize("text", CLOSED.values(), ids=CLOSED)
def test_what_is_closed_stays_and_what_follows_is_linked(text):
    assert after(text + "\n\nThe **gate**.") == [f"{text}\n\nThe **{GATE}**."]


def test_nothing_is_linked_in_the_titles_of_sources():
    sources = "Two units.\n\n## Sources\n\n- A. Author (1999). To **forget** a **gate**. Forget gates."
    assert after(sources, "A **gate**.") == [sources, f"A **{GATE}**."]


def test_a_word_with_a_link_has_no_second_and_a_second_run_changes_nothing():
    had = "The **gate** before.", f"A {GATE}, a **unit**, in a table:\n\n| a |\n|---|\n| **lag** |"
    once = after(*had)
    assert once == [
        had[0],
        had[1].replace("unit", "[unit](../docs/glossary.md#unit)").replace("lag", "[lag](../docs/glossary.md#lag)"),
    ]
    assert after(*once) == once


def test_where_no_bold_text_is_a_word_the_first_plain_use_of_one_is_linked():
    asked = "# A gate\n\n**A lag.** See `gate` and the next cell.", "Two output gates and a gate.", "A lag."
    once = after(*asked)
    assert once == [asked[0], f"Two {link('output gates', 'Output gate')} and a gate.", asked[2]]
    assert after(*once) == once


@pytest.mark.parametrize(("text", "word"), [("Half-lives", None), ("the  Forget gates", "Forget gate"),
                                            ("keeps", None), ("Adding", "Adding problem"),
                                            ("held-out", "Held out")])  # fmt: skip
def test_what_a_bold_text_means(text, word):
    assert meant(text) == word


def test_a_file_changes_in_the_linked_line_alone_and_a_template_not_at_all(tmp_path, capsys):
    before = nbformat.writes(notebook("One.\n\nA **gate**.\n\nThree.", code="**gate**")) + "\n"
    for name in ("01_a.ipynb", "template.ipynb"):
        (tmp_path / name).write_text(before, encoding="utf-8")
    main(tmp_path)
    assert (tmp_path / "01_a.ipynb").read_text(encoding="utf-8") == before.replace("A **gate**", f"A **{GATE}**")
    assert (tmp_path / "template.ipynb").read_text(encoding="utf-8") == before
    assert capsys.readouterr().out == "01_a gate → gate\n"
