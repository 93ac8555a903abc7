"""What the class learnt is counted as it was, and likeness is told from chance."""

import math

from handed_in import SET

from tools.grading import analysis, submissions

LONG = """def f(x, h):
    total = 0
    for k in range(3):
        total = total + x * h - k * (x + h) / 2
    return total"""


def found(student, kind="right", said="right", source=LONG):
    keys = submissions.most(SET)
    return {"student": student, "time": "2026-03-01 22:10:00", "answers": {"f": source, "g": source},
            "problems": {key: {"kind": kind, "said": said} for key in keys}}  # fmt: skip


def test_renaming_comments_and_spacing_do_not_hide_a_form_and_other_functions_make_another():
    other = LONG.replace("total", "s").replace("x", "inputs").replace("return s", "# done\n\n    return s")
    assert analysis.form(LONG) == analysis.form(other) is not None
    assert analysis.form(LONG.replace("range", "list")) != analysis.form(LONG)
    assert analysis.form("def f(x):\n    return x" + " + 1" * 2000) is None
    assert analysis.form("def f(x):\n    return x") is None and analysis.form("def f(") is None


def test_rare_forms_that_two_share_are_shown_and_the_usual_ones_are_not():
    usual, rare = LONG, LONG.replace("range(3)", "range(2, 17, 3)")
    judged = [found(f"s{k}", source=usual) for k in range(98)] + [found("a", source=rare), found("b", source=rare)]
    pairs = analysis.alike(judged, {})
    assert [pair[1:3] for pair in pairs] == [("a", "b")] and abs(pairs[0][0] - 2 * math.log2(50)) < 1e-9
    assert analysis.alike(judged, {"f": rare, "g": rare}) == []


def test_a_problem_that_goes_against_the_rest_is_seen():
    agree = analysis.discrimination([[1, 1, 1, 0], [1, 1, 1, 0], [0, 0, 0, 1], [0, 0, 0, 1]])
    assert agree[0] > 0 and agree[3] < 0
    assert all(map(math.isnan, analysis.discrimination([[1, 1], [1, 1]])))


def test_the_page_says_who_solved_what_which_mistakes_are_common_and_what_to_teach():
    said = "cell_update is not right yet.\n  This is what comes out when i and f are swapped.\n  For a hint: ..."
    judged = [found("a"), found("b", "wrong", said), found("c", "wrong", said)]
    most = submissions.most(SET)
    rows = [{"student": "a", "score": 8.0} | most] + [
        {"student": s, "score": 0.0} | dict.fromkeys(most, 0) for s in "bc"
    ]
    page = "\n".join(analysis.page({(one["student"], SET): one for one in judged}, {SET: rows}))
    assert "| cell_update | 1 (33 %) | 0 | 0 | 0.3 of 1 |" in page
    assert "- 2 times, i and f are swapped." in page and "To teach from: f is the forget gate" in page
    assert "22 h 3" in page
