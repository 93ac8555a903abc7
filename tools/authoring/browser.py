"""JupyterLab on a scratch folder, in a real browser: Debian's Chromium, driven by Playwright."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import nbformat

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync"]  # fmt: skip
# All cells in the page, also those out of sight, and no questions.
SETTINGS = {
    "notebook-extension/tracker": '{"windowingMode": "none"}',
    "apputils-extension/notification": '{"fetchNews": "false"}',
}
ROOT = Path(__file__).resolve().parents[2]
SCREENSHOTS = ROOT / "build" / "screenshots"
SECONDS = 600  # without an answer until something is taken to have failed, however busy the machine is
FINISHED = """() => {
    const prompts = [...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')].map(prompt => prompt.textContent);
    const failed = document.querySelector('.jp-RenderedText[data-mime-type="application/vnd.jupyter.stderr"], ' +
                                          '.jp-RenderedText[data-mime-type="application/vnd.jupyter.error"]');
    return !prompts.includes('[*]:') && (failed || prompts.every(prompt => /[0-9]/.test(prompt)));
}"""

END_KERNELS = """async url => {
    const headers = {'X-XSRFToken': document.cookie.match(/_xsrf=([^;]*)/)[1]};
    for (const kernel of await (await fetch(`${url}/api/kernels`)).json())
        await fetch(`${url}/api/kernels/${kernel.id}`, {method: 'DELETE', headers});
}"""


def missing():
    """None, or a sentence: what this machine lacks for a browser."""
    if CHROMIUM is None:
        return "there is no Chromium on this machine (Debian: apt-get install chromium)"
    if find_spec("playwright") is None:
        return "Playwright is not installed (pip install -r requirements-dev.txt)"
    return None


class Lab:
    """JupyterLab on a scratch folder, seen through Chromium.

    run(notebook) opens a notebook, runs all cells, and returns it as a Tab.
    """

    def __init__(self, folder, url, browser):
        self.folder, self.url, self.browser = folder, url, browser

    def run(self, notebook, *, name="notebook.ipynb"):
        """notebook is a path or a list of the sources of code cells; name is the file's, in the scratch folder."""
        path = self.folder / name
        if isinstance(notebook, list):
            cells = [nbformat.v4.new_code_cell(source) for source in notebook]
            kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
            nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel}), path)
        else:
            cleared = nbformat.read(notebook, as_version=4)
            for cell in cleared.cells:
                if cell.cell_type == "code":
                    cell.outputs, cell.execution_count = [], None
                    cell.metadata.pop("jupyter", None)  # nothing folded: a folded cell has no number that says it ran
            nbformat.write(cleared, path)
        return Tab(self.browser.new_page(viewport={"width": 1200, "height": 1000}), self.url, path)


class Tab:
    """A notebook that has been run in the browser; its page and its kernel end with the with block.

    page       Playwright's page
    notebook   the notebook as JupyterLab saved it
    problems   what went wrong, in words: console errors, exceptions, requests to other machines
    """

    def __init__(self, page, url, path):
        self.page, self.url, self.path, self.problems = page, url, path, []
        page.set_default_timeout(1000 * SECONDS)
        page.on("console", lambda line: line.type == "error" and self.problems.append(f"console: {line.text}"))
        page.on("pageerror", lambda error: self.problems.append(f"exception: {error}"))
        own = (url, url.replace("http", "ws", 1), "data:", "blob:")
        page.on("request", lambda asked: asked.url.startswith(own) or self.problems.append(f"request: {asked.url}"))
        page.goto(f"{url}/lab/tree/{path.name}?reset")
        # Earlier than this, it would ask which kernel to run.
        page.wait_for_selector("text=Python 3 (ipykernel) | Idle")
        page.click("text=Run >> nth=0")
        page.click('[data-command="runmenu:run-all"]')
        self.notebook = self.saved()

    def saved(self):
        """Wait until all cells have run or one has failed, then save and read the notebook."""
        try:
            self.page.wait_for_function(FINISHED)
        except Exception:
            self.page.screenshot(path=SCREENSHOTS / f"{self.path.stem}.png")
            raise
        with self.page.expect_response(lambda reply: reply.request.method == "PUT" and self.path.name in reply.url):
            self.page.click('[data-command="docmanager:save"]')
        return nbformat.read(self.path, as_version=4)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.page.evaluate(END_KERNELS, self.url)
        self.page.close()

    @property
    def errors(self):
        """The error outputs of the notebook, as text."""
        outputs = [output for cell in self.notebook.cells for output in cell.get("outputs", [])]
        return [f"{output.ename}: {output.evalue}" for output in outputs if output.output_type == "error"]


@contextmanager
def start(place):
    """A Lab in the empty folder place, until the with block ends. RuntimeError where JupyterLab does not start."""
    from playwright.sync_api import sync_playwright

    home, folder = place / "jupyter", place / "lab"
    folder.mkdir(parents=True)
    (place / "results").symlink_to(ROOT / "results")  # beside the notebooks, as in the course
    for name, text in SETTINGS.items():
        file = home / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    places = {f"JUPYTER_{name}_DIR": str(home / name.lower()) for name in ("CONFIG", "DATA", "RUNTIME")}
    places["JUPYTERLAB_SETTINGS_DIR"] = str(home / "settings")
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root",
               "--ip=127.0.0.1", f"--port={port}", "--IdentityProvider.token=",
               f"--ServerApp.root_dir={folder}"]  # fmt: skip
    with (home / "log").open("w") as log:
        server = subprocess.Popen(command, env=os.environ | places, stdout=log, stderr=log)
    try:
        wait_for(f"{url}/api/status", server, home / "log")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            yield Lab(folder, url, browser)
            browser.close()
    finally:
        server.terminate()
        server.wait(timeout=SECONDS)


def wait_for(url, server, log):
    """Return once url answers; RuntimeError, with the server's log, if the server ends first."""
    until = time.monotonic() + SECONDS
    while server.poll() is None and time.monotonic() < until:
        try:
            urllib.request.urlopen(url, timeout=SECONDS).close()
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"JupyterLab did not start:\n{Path(log).read_text()}")
