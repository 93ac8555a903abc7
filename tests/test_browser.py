"""The course as a learner meets it: JupyterLab in a real browser."""

from pathlib import Path

START = Path(__file__).parents[1] / "notebooks" / "00_start_here.ipynb"


def test_the_first_notebook_runs_from_top_to_bottom_without_a_complaint(lab):
    tab = lab.run(START)
    assert tab.errors == []
    assert tab.problems == []
    assert tab.page.locator(".jp-RenderedImage img").count() > 0


def test_a_failing_cell_and_a_console_error_are_seen(lab):
    shout = "from IPython.display import Javascript, display\ndisplay(Javascript('console.error(\"a planted fault\")'))"
    tab = lab.run([shout, "1 / 0"], name="faulty.ipynb")
    assert tab.errors == ["ZeroDivisionError: division by zero"]
    assert any("a planted fault" in problem for problem in tab.problems)


def test_a_request_to_another_machine_is_seen(lab):
    fetch = 'from IPython.display import HTML\nHTML(\'<img alt="" src="http://elsewhere.invalid/x.png">\')'
    assert "request: http://elsewhere.invalid/x.png" in lab.run([fetch], name="away.ipynb").problems
