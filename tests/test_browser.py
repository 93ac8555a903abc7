"""The course as a learner meets it: JupyterLab in a real browser."""

from pathlib import Path

START = Path(__file__).parents[1] / "notebooks" / "00_start_here.ipynb"


def test_the_first_notebook_runs_from_top_to_bottom_without_a_complaint(lab):
    with lab.run(START) as tab:
        assert tab.errors == []
        assert tab.problems == []
        assert tab.page.locator(".jp-RenderedImage img").count() > 0


def test_a_failing_cell_a_console_error_and_a_request_to_another_machine_are_seen(lab):
    shout = "from IPython.display import HTML, Javascript, display\n" + (
        "display(Javascript('console.error(\"a planted fault\")'))"
    )
    fetch = 'HTML(\'<img alt="" src="http://elsewhere.invalid/x.png">\')'
    with lab.run([shout, fetch, "1 / 0"], name="faulty.ipynb") as tab:
        assert tab.errors == ["ZeroDivisionError: division by zero"]
        assert any("a planted fault" in problem for problem in tab.problems)
        assert "request: http://elsewhere.invalid/x.png" in tab.problems
