"""Pages in a real browser, without a network: what goes wrong in them, and what axe-core finds."""

import shutil
import subprocess
import tarfile
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tools.authoring.browser import ROOT, SECONDS

AXE = "4.10.3"
SMALL = """() => [...document.querySelectorAll('body *')]
    .filter((e) => [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()) && e.checkVisibility())
    .map((e) => [parseFloat(getComputedStyle(e).fontSize), e.textContent])
    .filter(([size]) => size < 11).map(([size, text]) => `${size} px: ${text}`)"""


@contextmanager
def opened(chromium, path, *, width=1366, dark=False, touch=False, hash_=""):
    """The page of a file, seen without a network; AssertionError if it complained or asked for anything else."""
    context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme="dark" if dark else "light",
                                   has_touch=touch, offline=True)  # fmt: skip
    page, problems = context.new_page(), []
    page.set_default_timeout(1000 * SECONDS)
    page.on("console", lambda line: line.type == "error" and problems.append(f"console: {line.text}"))
    page.on("pageerror", lambda error: problems.append(f"exception: {error}"))
    own = (path.as_uri(), "data:", "blob:")
    page.on("request", lambda asked: asked.url.startswith(own) or problems.append(f"request: {asked.url}"))
    page.goto(path.as_uri() + hash_)
    yield page
    context.close()
    assert problems == []


@cache
def axe():
    """The text of axe-core, fetched once with npm."""
    kept = ROOT / "build" / f"axe-core-{AXE}.tgz"
    if not kept.exists():
        if shutil.which("npm") is None:  # .ci/run does not begin without it
            pytest.skip("there is no npm on this machine (Debian: apt-get install npm)")
        kept.parent.mkdir(exist_ok=True)
        with TemporaryDirectory(dir=kept.parent) as folder:  # so that no other process reads half of it
            subprocess.run(["npm", "pack", "--silent", f"axe-core@{AXE}"], cwd=folder, check=True, capture_output=True)
            (Path(folder) / kept.name).replace(kept)
    with tarfile.open(kept) as archive:
        return archive.extractfile("package/axe.min.js").read().decode()


def faults(page, within="document"):
    """What axe-core finds wrong, what is written below 11 px, and whether the page is wider than its window."""
    page.evaluate(axe())
    said = page.evaluate(f"async () => (await axe.run({within})).violations")
    found = [f"{one['id']}: {[node['html'] for node in one['nodes']][:3]}" for one in said]
    found += page.evaluate(SMALL)
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return found + ([f"{wide} px too wide"] if wide > 0 else [])
