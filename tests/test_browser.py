"""The course as a learner meets it: JupyterLab in a real browser."""

from pathlib import Path

import pytest

START = Path(__file__).parents[1] / "notebooks" / "00_start_here.ipynb"


def test_the_first_notebook_runs_from_top_to_bottom_without_a_complaint(lab):
    with lab.run(START) as tab:
        assert tab.errors == []
        assert tab.problems == []
        figure = tab.page.get_by_role("img", name="A memory that starts at 1")
        assert figure.count() == 1 and figure.bounding_box()["width"] == 640


def test_a_failing_cell_a_console_error_and_a_request_to_another_machine_are_seen(lab):
    shout = "from IPython.display import HTML, Javascript, display\n" + (
        "display(Javascript('console.error(\"a planted fault\")'))"
    )
    fetch = 'HTML(\'<img alt="" src="http://elsewhere.invalid/x.png">\')'
    with lab.run([shout, fetch, "1 / 0"], name="faulty.ipynb") as tab:
        assert tab.errors == ["ZeroDivisionError: division by zero"]
        assert any("a planted fault" in problem for problem in tab.problems)
        assert "request: http://elsewhere.invalid/x.png" in tab.problems


ASK = 'from course_lib.predictions import predict\npredict("template-half")'
SHOW = "from course_lib.widgets.gate_desk import GateDesk\nGateDesk()"


@pytest.fixture(scope="module")
def tab(lab):
    """A notebook with a question and a widget."""
    with lab.run([ASK, SHOW], name="asked.ipynb") as tab:
        yield tab


def test_a_prediction_is_one_group_for_the_keyboard_and_says_that_it_was_noted(tab):
    group = tab.page.get_by_role("group", name="Predict. The memory holds 1")
    buttons = group.get_by_role("radio")
    assert buttons.count() == 3 and group.get_by_role("status").inner_text() == ""
    buttons.first.focus()
    tab.page.keyboard.press("Space")
    tab.page.keyboard.press("ArrowDown")
    assert [button.is_checked() for button in buttons.all()] == [False, True, False]
    tab.page.wait_for_function("document.querySelector('fieldset [role=status]').textContent.startsWith('Noted')")
    assert tab.problems == []


def test_what_lives_in_the_page_lives_in_the_output_of_a_cell_and_keeps_its_keys_from_the_notebook(tab):
    frame = tab.page.frame_locator("iframe")
    frame.get_by_role("slider", name="forget gate").focus()
    for key in ("a", "b", "x"):  # in a notebook: new cells, and a cell cut
        tab.page.keyboard.press(key)
    for key in ("ArrowRight", "PageUp"):  # in JupyterLab they would scroll
        tab.page.keyboard.press(key)
    frame.locator(".said", has_text="Solved, and nobody can do it in less").wait_for()
    tab.page.wait_for_function("document.querySelector('iframe').offsetHeight > 500")
    assert tab.page.locator(".jp-Notebook .jp-Cell").count() == 2
    assert tab.errors == [] and tab.problems == []
