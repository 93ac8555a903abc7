"""The room through a learner's eyes, in Chromium: nbgitpuller's link, the form, a notebook run, a widget that moves.

    python -m tools.room.page      reads {"name", "password", "link"} as JSON, and writes what was seen, as JSON

One Chromium for one learner, so that several learners are several of these.
"""

import json
import sys
import time
from contextlib import contextmanager
from urllib.parse import urlencode

from playwright.sync_api import sync_playwright

from tools.authoring.browser import CHROMIUM, FLAGS, SECONDS

NOTEBOOK = "05_mixing_old_and_new.ipynb"
WIDGET = "Half-life dial"
PICTURE = """(title) =>
    document.querySelector(`iframe[title='${title}']`).contentDocument.querySelector('svg.picture').innerHTML"""
FINISHED = """() => {
    const count = document.querySelectorAll('.jp-CodeCell').length;
    const said = document.querySelector('.jp-Notebook-ExecutionIndicator').textContent;
    return said.includes('Idle') && said.includes(`Executed ${count} cells`) ||
        document.querySelector('[data-mime-type="application/vnd.jupyter.error"]');
}"""  # folded cells have no number that says they ran
LIMITS = ["--disable-dev-shm-usage"]  # what Chromium shares lies in the trial's folder, and goes with it


def link(address, repository, notebook=NOTEBOOK):
    """The address that brings the course up to date in a learner's home and opens a notebook of it."""
    place = f"lab/tree/gating/notebooks/{notebook}"
    asked = {"repo": repository, "branch": "main", "targetPath": "gating", "urlpath": place}
    return f"{address}/hub/user-redirect/git-pull?{urlencode(asked)}"


def seen(name, password, link):
    """{"seconds": {what: seconds}, "page": the notebook's address, "said": [the widget's sentence before, after]}."""
    seconds = {}

    @contextmanager
    def timed(what):
        began = time.perf_counter()
        yield
        seconds[what] = time.perf_counter() - began

    with sync_playwright() as play:
        page = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS + LIMITS).new_page()
        page.set_default_timeout(1000 * SECONDS)
        page.goto(link)
        page.fill("#username_input", name)
        page.fill("#password_input", password)
        with timed("open"):
            page.click("#login_submit")
            page.wait_for_selector(".jp-NotebookPanel .jp-Cell")
            page.wait_for_selector("text=Python 3 (ipykernel) | Idle")
        address = page.url
        with timed("run"):
            command(page, "Edit", "editmenu:clear-all")  # or the numbers of the stored cells would say that they ran
            command(page, "Run", "runmenu:run-all")
            page.wait_for_function(FINISHED)
        widget = page.frame_locator(f'iframe[title="{WIDGET}"]')
        widget.get_by_role("button", name="Answer").click()
        slider = widget.get_by_role("slider", name="half-life")
        words = widget.locator("p.said", has_text="half is gone")
        said, picture = [words.inner_text()], page.evaluate(PICTURE, WIDGET)
        slider.focus()
        with timed("slider"):
            page.keyboard.press("ArrowRight")
            page.wait_for_function(f"([title, before]) => ({PICTURE})(title) !== before", arg=[WIDGET, picture])
        while (now := words.inner_text()) == said[0]:  # it follows, so that a reader aloud is not flooded
            page.wait_for_timeout(50)
        said.append(now)
        with timed("save"), page.expect_response(lambda reply: reply.request.method == "PUT" and NOTEBOOK in reply.url):
            page.click('[data-command="docmanager:save"]')
    return {"seconds": seconds, "page": address, "said": said}


def command(page, menu, name):
    """Choose a command of a menu of JupyterLab."""
    page.click(f".lm-MenuBar-item >> text={menu}")
    page.click(f'[data-command="{name}"]')


if __name__ == "__main__":
    print(json.dumps(seen(**json.load(sys.stdin))))
