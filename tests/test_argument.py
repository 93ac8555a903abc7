"""The picture of the course's argument has every notebook, in order, and stays within its boxes."""

import re
from pathlib import Path

from course_lib.figures import argument
from tools.authoring.notebooks import number

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("[0-9]*.ipynb"))


def test_the_argument_has_every_notebook_but_the_first_in_order():
    assert [name for asked in argument.ACTS.values() for name in asked] == [number(path) for path in NOTEBOOKS][1:]


def test_its_text_has_what_is_drawn_and_every_line_fits_its_box():
    lines = [line for asked in argument.ACTS.values() for pair in asked.values() for line in pair]
    shown = re.findall(r"<text[^>]*>([^<]*)</text>", argument.drawn())
    assert set(lines) <= set(shown) and all(line in argument.words() for line in lines)
    assert max(map(len, lines)) * 7 <= argument.WIDE - 40  # a letter of 13 px is at most 7 px wide on average
