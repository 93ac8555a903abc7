"""The page that nbconvert makes of a notebook says of every picture what it shows."""

import re
from html.parser import HTMLParser

import nbformat
import pytest
from nbconvert.exporters import HTMLExporter

from tools.authoring.notebooks import TEMPLATE, all_notebooks

ALT = 40  # characters, as in test_notebooks
PICTURE = re.compile(r"<img\b|!\[")
NOTHING = "no description"  # what nbconvert writes in place of a text that it does not find


@pytest.fixture(scope="module")
def exporter():
    """Code has no pictures, and is left out."""
    return HTMLExporter(exclude_input=True)


class Pictures(HTMLParser):
    """Collects the alternative texts of a page's images, "" where there is none."""

    def __init__(self):
        super().__init__()
        self.texts = []

    def handle_starttag(self, tag, attributes):
        if tag == "img":
            self.texts.append(dict(attributes).get("alt") or "")


def untold(page):
    """What a page leaves untold, as sentences; and how many images it has."""
    reader = Pictures()
    reader.feed(page)
    found = [f"an image has the text {text!r}" for text in reader.texts if len(text) < ALT or NOTHING in text.lower()]
    return found + [f"the page says {NOTHING!r}"] * (NOTHING in page.lower()), len(reader.texts)


def pictured(notebook):
    """The notebook with those of its cells alone that have a picture, and how many pictures these are.

    nbconvert renders cell by cell; the others have nothing to tell, and take most of the time.
    """
    count = {cell.id: len(PICTURE.findall(f"{cell.source} {cell.get('outputs', '')}")) for cell in notebook.cells}
    notebook.cells = [cell for cell in notebook.cells if count[cell.id]]
    return notebook, sum(count.values())


@pytest.mark.parametrize("path", [*all_notebooks(), TEMPLATE], ids=lambda path: path.stem)
def test_every_picture_of_an_exported_page_has_its_text(path, exporter):
    notebook, pictures = pictured(nbformat.read(path, as_version=4))
    found, images = untold(exporter.from_notebook_node(notebook)[0])
    assert found == []
    assert images == pictures > 0


def test_a_picture_without_a_text_is_found(exporter):
    picture = nbformat.v4.new_output("display_data", data={"image/png": "iVBORw0KGgo=", "text/plain": "a figure"})
    cell = nbformat.v4.new_code_cell("x", outputs=[picture])
    found, images = untold(exporter.from_notebook_node(nbformat.v4.new_notebook(cells=[cell]))[0])
    assert images == 1
    assert len(found) == 2
