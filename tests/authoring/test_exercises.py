"""exercises/ is what solutions/ makes: fresh, without answers, and unanswered exactly where the learner must write."""

import ast
import io
import json
import re
from contextlib import redirect_stdout
from pathlib import Path

import nbformat
import pytest
import torch
from IPython.lib.pretty import pretty

from course_lib import lesson
from course_lib.checks import ESSAYS, PROBLEMS
from tools.authoring.exercises import generate

ROOT = Path(__file__).resolve().parents[2]
SETS = sorted(path.name for path in (ROOT / "solutions").iterdir() if path.is_dir())
every_set = pytest.mark.parametrize("name", SETS)
HEADING = re.compile(r"## (\d+) · .+\n\n\*(\d+) points? · (warm-up|core|stretch) · (\d+) minutes\*\n\n")


def cells(folder, name):
    return nbformat.read(ROOT / folder / name / f"{name}.ipynb", as_version=4).cells


def graded(cell):
    return cell.metadata.get("nbgrader", {})


def solution_lines(cell):
    """The lines that must not reach a learner: between the markers of a function, all of an essay."""
    if cell.cell_type == "markdown":
        return cell.source.splitlines()
    inside = re.search(r"### BEGIN SOLUTION\n(.*)\n *### END SOLUTION", cell.source, re.DOTALL)
    return inside[1].splitlines()


def test_there_is_one_set_for_each_notebook_and_every_problem_is_set_once():
    assert [name[:2] for name in SETS] == [f"{k:02d}" for k in range(1, len(SETS) + 1)]
    answers = [graded(cell).grade_id for name in SETS for cell in cells("solutions", name) if graded(cell)]
    coded = [name for name in answers if name in PROBLEMS]
    essays = [name for name in answers if name in ESSAYS]
    checks = [name for name in answers if name.startswith("check_")]
    asked = {*PROBLEMS, *ESSAYS}
    unset, unknown = sorted(asked - {*answers}), sorted({*answers} - asked - {*checks})
    assert not unset, f"{unset} of course_lib/checks need a task and an answer in a notebook of solutions/"
    assert not unknown, f"{unknown} of solutions/ need a problem, or an Essay, in course_lib/checks"
    assert len(coded) == len(PROBLEMS) and len(essays) == len(ESSAYS) and len(coded) + len(essays) >= 60
    assert checks == [f"check_{name}" for name in coded], "run `make exercises`, which writes the checks"


@every_set
def test_every_problem_states_its_points_level_and_minutes(name):
    parts = cells("solutions", name)
    points = [graded(cell).points for cell in parts if graded(cell).get("grade")]
    headings = [HEADING.match(cell.source) for cell in parts if cell.source.startswith("## ")]
    assert all(headings), "a heading is `## Title`, then `*2 points · core · 5 minutes*`: warm-up, core or stretch"
    assert [int(found[1]) for found in headings] == list(range(1, len(headings) + 1))
    assert [int(found[2]) for found in headings] == points
    assert all(3 <= int(found[4]) <= 60 for found in headings)
    minutes = sum(int(found[4]) for found in headings)
    assert f"{len(points)} problems, {sum(points)} points, about {minutes} minutes." in parts[0].source


@every_set
def test_a_code_problem_says_what_is_given_wanted_and_in_which_shape(name):
    parts = cells("solutions", name)
    for cell, task in ((cell, task) for k, cell in enumerate(parts) for task in parts[max(k - 2, 0) : k]):
        if graded(cell).get("solution") and cell.cell_type == "code" and task.source.startswith("## "):
            wanted = [f"- **{word}** " for word in ("Given", "Wanted", "Shape")]
            missing = [words for words in wanted if words not in task.source]
            assert not missing, f"the task of cell {task.id} needs {missing}"


@every_set
def test_a_check_is_one_line_that_is_seen_and_one_that_is_hidden(name):
    for cell in cells("solutions", name):
        if graded(cell).get("grade") and cell.cell_type == "code":
            own = graded(cell).grade_id.removeprefix("check_")
            assert cell.source.splitlines() == [
                f"checks.{own}({own})",
                "### BEGIN HIDDEN TESTS",
                f"checks.{own}({own}, hidden=True)",
                "### END HIDDEN TESTS",
            ]
            assert graded(cell).locked


def test_the_exercises_are_fresh(tmp_path):
    """If this fails, run `make exercises`."""
    generate(tmp_path)
    fresh = {path.relative_to(tmp_path): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    stored = ROOT / "exercises"
    assert fresh == {path.relative_to(stored): path.read_bytes() for path in stored.rglob("*.*")}
    assert sorted(map(str, fresh)) == [f"{name}/{name}.ipynb" for name in SETS]


@every_set
def test_no_answer_and_no_hidden_test_reaches_an_exercise(name):
    text = (ROOT / "exercises" / name / f"{name}.ipynb").read_text(encoding="utf-8")
    released = "\n".join(cell.source for cell in nbformat.reads(text, as_version=4).cells)
    assert not re.search(r"SOLUTION|HIDDEN|hidden=True", text)
    parts = cells("solutions", name)
    shown = "\n".join(cell.source for cell in parts if not graded(cell))
    secret = [line for cell in parts if graded(cell).get("solution") for line in solution_lines(cell)]
    told = [line for line in secret if len(line.strip()) > 12 and line.strip() in released]
    assert all(line.strip() in shown for line in told)  # a line of the task itself, such as one of code to repair
    assert len(told) < len(secret) / 2


@every_set
def test_a_cell_of_a_solution_is_at_most_twelve_lines(name):
    assert max(len(cell.source.splitlines()) for cell in cells("solutions", name) if cell.cell_type == "code") <= 12


@every_set
def test_an_exercise_stops_exactly_where_the_learner_must_write(name, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    space, waiting = {}, []
    for cell in cells("exercises", name):
        if cell.cell_type != "code":
            continue
        assert cell.outputs == [] and cell.execution_count is None
        try:
            exec(cell.source, space)
        except NotImplementedError as error:
            assert str(error) == "your turn" or ": not answered yet. " in str(error)
            waiting.append(cell.id)
    parts = [cell for cell in cells("exercises", name) if cell.cell_type == "code"]
    stubs = [cell for cell in parts if graded(cell).get("solution")]
    assert all(cell.source.endswith('\n    raise NotImplementedError("your turn")') for cell in stubs)
    asking = [cell.id for cell in parts if graded(cell).get("grade") or cell.id.startswith("after-")]
    assert waiting == asking


def shown(source, space):
    """What a cell prints and, where its last line is a value, how that value is shown, as a notebook stores it."""
    *lines, last = ast.parse(source).body
    printed, drawn, value = io.StringIO(), [], None
    with redirect_stdout(printed), pytest.MonkeyPatch.context() as patch:
        patch.setattr(lesson, "display", lambda data, raw: drawn.append(("display_data", data["text/plain"])))
        if isinstance(last, ast.Expr):
            exec(compile(ast.Module(lines, []), "<cell>", "exec"), space)
            value = eval(compile(ast.Expression(last.value), "<cell>", "eval"), space)
        else:
            exec(source, space)
    streams = [("stream", printed.getvalue())] if printed.getvalue() else []
    return streams + drawn + ([] if value is None else [("execute_result", pretty(value))])


@every_set
def test_a_solution_runs_and_shows_what_is_stored(name, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    space = {"__name__": "__main__"}
    with torch.random.fork_rng():
        for cell in cells("solutions", name):
            if cell.cell_type == "code":
                stored = [
                    (output.output_type, output.get("text") or output.data["text/plain"]) for output in cell.outputs
                ]
                assert shown(cell.source, space) == stored, (
                    f"{cell.id} shows something else; run `make notebooks ARGS=solutions/{name}/{name}.ipynb`"
                )


@every_set
def test_a_solution_is_stored_as_it_ran(name):
    parts = [cell for cell in cells("solutions", name) if cell.cell_type == "code"]
    counts = [cell.execution_count for cell in parts]
    assert counts == list(range(1, len(parts) + 1)), f"run `make notebooks ARGS=solutions/{name}/{name}.ipynb`"
    assert all(output.output_type != "error" for cell in parts for output in cell.outputs)
    right = [json.dumps(cell.outputs) for cell in parts if graded(cell).get("grade")]
    assert all(": right" in output for output in right)
