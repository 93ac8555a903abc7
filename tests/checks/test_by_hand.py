"""Weights set by hand are run, and refused where they fit no cell."""

import numpy as np

from course_lib.checks import by_hand
from solutions import answer, message


def test_the_message_shows_the_sequence_on_which_weights_fail():
    text = message("toggle", answer("toggle", '"b_g": 3', '"b_g": -3'))
    assert "where x = [[1.0, 0.0, 0.0]]\n  yours     0\n  expected  1" in text


def test_weights_of_a_wrong_name_or_count_are_refused():
    assert "JANETCell has no weight 'W_z'; choices: W_f, " in message("keep_or_replace_gate", lambda: {"W_z": 1})
    assert message("toggle", lambda: {"W_f": [1, 2]}).endswith("needs W_f with the shape (1, 3); got (2,)")
    assert "needs the weights ['W_m'" in message("keep_or_replace_network", lambda: {"W_m": 1})
    assert "needs pairs (w1, w2)" in message("three_memories", lambda: {"count": 1})
    assert "needs a gate and a value" in message("which_clamp", lambda: "forget")


def drawn(text):
    """{name: what is drawn of it} of the picture in a message."""
    lines = [line.split() for line in text.partition("it fails at the last one\n")[2].splitlines()]
    return {line[0]: line[1:] for line in lines if line[0] != "For"}


def test_the_picture_of_a_network_shows_its_units_and_its_memory_beside_what_was_expected():
    text = message(
        "keep_or_replace_network", answer("keep_or_replace_network", "torch.tensor([-1.0])}", "torch.tensor([-0.9])}")
    )
    assert drawn(text).keys() == {"x[0]", "x[1]", "m[0]", "m[1]", "c", "expected"}


def test_the_picture_of_three_memories_shows_the_one_that_fails():
    for output, right, wrong in (("last", "(0, 1)", "(0.01, 1)"), ("count", '"count": (1, 1)', '"count": (0.9, 1)')):
        rows = drawn(message("three_memories", answer("three_memories", right, wrong)))
        assert rows.keys() == {"x", output, "expected"}
        assert len(rows[output][0]) == len(rows["expected"][0]) and rows[output] != rows["expected"]


def test_weights_that_leak_are_said_to_be_right_on_short_sequences():
    text = message("three_memories", answer("three_memories", '"count": (1, 1)', '"count": (0.99999, 1)'))
    assert "It is right on short sequences and fails after" in text and "count" in drawn(text)


def test_two_mistakes_at_once_are_named_beside_the_picture():
    text = message("bracket_depth", answer("bracket_depth", "[10, -10, 0]", "[10, 0, 10]"))
    assert "when closing brackets count like opening ones, and the other symbol is counted instead" in text
    assert "forget" in drawn(text)


def test_where_an_answer_is_right_is_said_beside_the_picture():
    text = message("keep_or_replace_network", answer("keep_or_replace_network", "[[1.0], [0.0]]", "[[0.5], [0.0]]"))
    assert "Step 0 is right" in text and "c" in drawn(text)


def test_weights_that_fail_late_are_met_with_a_picture_of_gates_and_state():
    text = message("toggle", answer("toggle", '[-20, 0, 0], "b_f": 10', '[-6, 0, 0], "b_f": 3'))
    assert "It is right on short sequences and fails after " in text
    assert all(f"\n    {row:<8}" in text for row in ("forget", "input", "output", "c", "h"))
    lines = list(by_hand.drawn({"f": np.linspace(0, 1, 90)}, 80))
    assert lines[0].startswith("  steps 21 to 80;") and len(lines[1].split()[1]) == 60
    few = list(by_hand.drawn({"f": np.array([0, 1, 0.5, np.nan, 9]), "cell": np.array([-2, 2, 0, 1, 5])}, 3))
    assert few == ["  steps 0 to 3; it fails at the last one", "    f     ▁█▅▁  nan", "    cell  ▁█▅▆  1"]
    assert list(by_hand.drawn({"c": np.array([9, 3, 3]), "d": np.array([0, np.inf, -np.inf])}, 2, width=2)) == [
        "  steps 1 to 2; it fails at the last one", "    c  ██  3", "    d  █▁  -inf"]  # fmt: skip
