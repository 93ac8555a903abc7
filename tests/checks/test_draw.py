"""What a case is drawn from has the range, the shape and the number that it says, and depends on its words alone."""

import pytest
import torch

from course_lib.checks import draw


@pytest.fixture
def generator():
    return draw.drawn_for("a test")


def test_the_same_words_draw_the_same_numbers_and_other_words_others():
    numbers = [torch.rand(4, generator=draw.drawn_for(*words)).tolist() for words in (("a", "b"), ("a", "b"), ("ab",))]
    assert numbers[0] == numbers[1] != numbers[2]


def test_numbers_reach_both_ends_of_their_range_and_go_no_farther(generator):
    assert {draw.whole(generator, -1, 2) for _ in range(200)} == {-1, 0, 1, 2}
    drawn = [draw.uniform(generator, -2, 3) for _ in range(500)]
    assert -2 <= min(drawn) < -1.9 and 2.9 < max(drawn) <= 3
    assert {draw.one_of(generator, "abc") for _ in range(100)} == set("abc")
    assert ((found := draw.gates(generator, 100)) > 0).all() and (found < 1).all() and found.std() > 0.1


def test_weights_fit_their_cell(generator):
    found = draw.weights(generator, 3, 2, "fi")
    shapes = {name: {letter: tuple(one.shape) for letter, one in part.items()} for name, part in found.items()}
    assert shapes == {
        "W": dict.fromkeys("fi", (2, 3)),
        "U": dict.fromkeys("fi", (2, 2)),
        "b": dict.fromkeys("fi", (2,)),
    }
    assert {name: tuple(one.shape) for name, one in draw.weights(generator, 3, 2, "").items()} == {
        "W": (2, 3), "U": (2, 2), "b": (2,),
    }  # fmt: skip


@pytest.mark.parametrize("states", [("h",), ("h", "c")])
def test_cases_of_one_step_differ_in_size_and_share_their_order(generator, states):
    cases = draw.one_step("rz", states=states)(generator)
    assert len(cases) == 12 and {tuple(case) for case in cases} == {("x", *states, "W", "U", "b")}
    assert len({case["x"].shape for case in cases}) > 3
    assert all(case["x"].shape[0] == case["h"].shape[0] and abs(case["h"]).max() <= 1 for case in cases)


def test_every_sequence_is_there_once():
    cases = draw.every_sequence([[0.0, 1.0], [1.0, 0.0]], 3)
    assert [tuple(case["x"].shape) for case in cases] == [(2, 1, 2), (4, 2, 2), (8, 3, 2)]
    assert all(len({tuple(x.flatten().tolist()) for x in case["x"]}) == len(case["x"]) for case in cases)


def test_long_sequences_have_rare_and_frequent_events_begin_as_asked_and_differ(generator):
    first, second = (draw.every_and_long(generator, [1.0, -1.0, 0.0], 3, first=[1.0, -1.0]) for _ in range(2))
    assert [case["x"].shape[1] for case in first] == [1, 2, 3, draw.HORIZON]
    assert all(set(case["x"][:, 0].tolist()) == {1.0, -1.0} for case in first)
    changes = (first[-1]["x"].diff(dim=1) != 0).sum(1)
    assert changes.min() == 0 and (changes == 1).any() and changes.max() == draw.HORIZON - 1
    assert first[-1]["x"].tolist() != second[-1]["x"].tolist()


def test_long_gates_are_shut_somewhere_and_never_leave_their_range(generator):
    f = draw.long_gates(generator)["f"]
    assert f.shape[1] == draw.HORIZON and (f == 0).any() and f.min() >= 0 and f.max() < 1 and f[0].prod(0).min() > 1e-9


def test_series_have_their_state_and_gates_lie_between_0_and_1(generator):
    case = draw.series(generator)
    assert case["x"].dim() == 3 and case["h"].shape == (len(case["x"]), len(case["U"]))
    found = draw.gate_series(generator)
    assert found["f"].shape == found["i"].shape and all((0 < one).all() and (one < 1).all() for one in found.values())
