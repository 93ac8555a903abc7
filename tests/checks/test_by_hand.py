"""Weights set by hand are run, and refused where they fit no cell."""

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
