"""The moving picture of README.md is what its code makes, and moves without a script, or not where that is asked."""

import re
from xml.etree import ElementTree

import pytest

from tools.authoring import moving


def test_the_picture_is_drawn_from_the_numbers_that_are_kept():
    assert moving.PICTURE.read_text(encoding="utf-8") == moving.draw(moving.kept()), "python -m tools.authoring.moving"


@pytest.mark.arithmetic
def test_training_again_gives_what_is_drawn():
    kept, found = moving.kept(), moving.measure()
    assert (kept["LSTM"]["ended"], kept["plain"]["ended"]) == (found["LSTM"]["ended"], found["plain"]["ended"])
    assert (kept["LSTM"]["ended"], kept["plain"]["ended"]) == ("solved", "budget") and kept["x"] == found["x"]
    for shares in (kept, found):
        assert min(shares["LSTM"]["known"]) > 0.98
        # How much of the number the plain network has at first is another in another arithmetic: 0.9 of it, or 0.4.
        assert shares["plain"]["known"][0] > 2 * max(shares["plain"]["known"][12:]) < 0.2
        assert max(shares["LSTM"]["input"]) == shares["LSTM"]["input"][moving.MARK]


def test_a_weighted_sum_knows_what_is_there_and_nothing_of_what_is_not():
    x, number = moving.sequences(3)
    there = x.double().numpy().copy()
    there[..., 1] = number[:, None]
    assert min(moving.known((there, number), (there, number))) > 0.999
    elsewhere = moving.sequences(4)
    gone = moving.known((x.numpy()[..., :1], number), (elsewhere[0].numpy()[..., :1], elsewhere[1]))
    assert gone[0] > 0.999 and max(gone[1:]) < 0.01


def test_it_works_as_a_picture_on_a_code_host():
    text = moving.PICTURE.read_text(encoding="utf-8")
    ElementTree.fromstring(text)
    assert not re.search(r"<script|\bon\w+=|href|url\(|@import", text) and len(text) < 50_000
    assert "prefers-color-scheme: dark" in text and "prefers-reduced-motion: reduce" in text
