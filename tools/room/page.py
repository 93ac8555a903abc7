"""The room through a learner's eyes, in Chromium: the link of nbgitpuller, the form, a notebook, a live widget."""

import time
from urllib.parse import urlencode

import nbformat
from playwright.sync_api import sync_playwright

from tools.authoring.browser import CHROMIUM, FLAGS
from tools.room.rooms import ADDRESS, GIT, room

PATIENCE = 300_000  # milliseconds
DIAL = "from course_lib.widgets.half_life_dial import HalfLifeDial\nHalfLifeDial()"
KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}


def link(notebook):
    """The address that brings the course up to date in a learner's home and opens a notebook of it."""
    repository, place = f"git://127.0.0.1:{GIT}/gating.git", f"lab/tree/gating/notebooks/{notebook}"
    asked = {"repo": repository, "branch": "main", "targetPath": "gating", "urlpath": place}
    return f"{ADDRESS}/hub/user-redirect/git-pull?{urlencode(asked)}"


def seen():
    """{"seconds": from the login to the open notebook, "page": its address, "widget": what became of it}."""
    with room(1) as (_, (one,), _), sync_playwright() as play:
        page = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS).new_page()
        page.set_default_timeout(PATIENCE)
        page.goto(link("00_start_here.ipynb"))
        page.fill("#username_input", one.name)
        page.fill("#password_input", one.password)
        page.click("#login_submit")
        began = time.perf_counter()
        page.wait_for_selector(".jp-NotebookPanel .jp-Cell")
        opened = {"seconds": time.perf_counter() - began, "page": page.url.removeprefix(ADDRESS)}
        one.log_in()
        one.start()
        cells = [nbformat.v4.new_code_cell(DIAL)]
        notebook = {"type": "notebook", "content": nbformat.v4.new_notebook(cells=cells, metadata=KERNEL)}
        one.ask("PUT", "api/contents/trial.ipynb", json=notebook)
        page.goto(f"{one.root}/lab/tree/trial.ipynb?reset")
        page.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status=idle]")
        page.click(".jp-NotebookPanel .jp-CodeCell .cm-content")
        page.keyboard.press("Shift+Enter")
        slider = page.locator(".jp-OutputArea input[type=range]").first
        slider.wait_for()
        before = page.locator(".jp-OutputArea svg").first.inner_html()
        slider.focus()
        for _ in range(5):
            page.keyboard.press("ArrowRight")
        page.wait_for_function(
            "before => document.querySelector('.jp-OutputArea svg').innerHTML !== before", arg=before
        )
        return opened | {"widget": "moved, and its picture with it"}
