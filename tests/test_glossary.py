"""The glossary: in alphabetical order, and every link to it, and from it, leads somewhere."""

import re
from pathlib import Path

import nbformat
import pytest

from tools.authoring.words import linked
from tools.book.words import anchor, meanings

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
WORDS = re.findall(r"^### (.+)$", TEXT, flags=re.M)
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def test_the_words_are_in_alphabetical_order_and_each_has_a_sentence_and_a_notebook():
    assert WORDS == sorted(set(WORDS), key=str.lower)
    for entry in TEXT.split("\n### ")[1:]:
        assert re.search(r"\]\(\.\./notebooks/\d\d[b-z]?_\w+\.ipynb\)", entry) and len(entry.split()) > 8, entry


def test_every_link_of_the_glossary_leads_somewhere():
    assert [target for target in re.findall(r"\]\(([^)]+)\)", TEXT) if not (ROOT / "docs" / target).exists()] == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_link_of_a_notebook_to_a_word_leads_to_one(path):
    assert asked(path) <= {anchor(word) for word in meanings()}


@pytest.mark.parametrize("path", NOTEBOOKS[1:], ids=lambda path: path.stem)
def test_a_notebook_from_01_on_links_a_word(path):
    assert asked(path)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_first_bold_use_of_a_word_is_linked(path):
    assert linked(nbformat.read(path, as_version=4)) == [], "python -m tools.authoring.words links them"


def asked(path):
    """The anchors that the links of a notebook to the glossary ask for."""
    cells = nbformat.read(path, as_version=4).cells
    return {word for cell in cells for word in re.findall(r"glossary\.md#([\w-]+)", cell.source)}
