"""Colab: the notebooks with one cell before their first, and what that cell does there.

python -m tools.colab            installs, in Colab, what the course needs and Colab lacks; its PyTorch and numpy stay
python -m tools.colab FOLDER     writes the notebooks for Colab into FOLDER/notebooks, as the branch `colab` has them

Colab gives a notebook without its folder, so the cell fetches the course first. Needs nothing but Python.
"""

import json
import re
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from tools import address

ROOT = Path(__file__).resolve().parents[1]
# What serves pages and runs tests is not needed there; the rest of a notebook's surroundings is Colab's, as it is.
COLABS = {"torch", "numpy", "ipython", "ipywidgets", "traitlets", "matplotlib", "pillow"}
UNNEEDED = {"jupyter-server", "jupyterlab", "nbval"}
CELL = """# In Colab, run this cell first: it fetches the course and what Colab lacks for it. Elsewhere it does nothing.
import os
import subprocess
import sys

if "google.colab" in sys.modules:
    if not os.path.exists("/content/course"):
        subprocess.run(["git", "clone", "--quiet", "--depth", "1", "{repository}", "/content/course"], check=True)
        subprocess.run([sys.executable, "-m", "tools.colab"], cwd="/content/course", check=True)
    sys.path.insert(0, "/content/course")
    os.chdir("/content/course/notebooks")
    sys.modules["google.colab"].output.enable_custom_widget_manager()
"""


def installed(name):
    """The version of a package in this Python, or None."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def needed(installed=installed):
    """What pip is to install: of what Colab has as its own only what is not there, and the rest in its range."""
    text = re.search(r"^dependencies = \[(.*?)^\]", (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.M | re.S)
    ranges = {re.match(r"[\w-]+", one)[0]: one for one in re.findall(r'"([^"]+)"', text[1])}
    return [one for name, one in ranges.items() if name not in UNNEEDED and not (name in COLABS and installed(name))]


def kept(installed=installed):
    """What pip must leave as it is."""
    return [f"{name}=={installed(name)}" for name in sorted(COLABS) if installed(name)]


def install():
    """Install what is needed, or fail where that would change what Colab has."""
    fixed = ROOT / "build" / "colab.txt"
    fixed.parent.mkdir(exist_ok=True)
    fixed.write_text("\n".join(kept()) + "\n")
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--constraint", fixed, *needed()], check=True)


def with_cell(notebook, repository):
    """A notebook, as JSON has it, with the cell before its first."""
    cell = {"cell_type": "code", "id": "colab", "metadata": {}, "execution_count": None, "outputs": []}
    cell["source"] = CELL.format(repository=repository).rstrip().splitlines(keepends=True)
    return notebook | {"cells": [cell, *notebook["cells"]]}


def write(folder):
    """Write the notebooks of the course for Colab. ValueError where nobody said where the course is."""
    if not address.repository():
        raise ValueError("Colab needs the course's address: set REPOSITORY in tools/address.py, or COURSE_REPOSITORY")
    (folder / "notebooks").mkdir(parents=True, exist_ok=True)
    for path in sorted((ROOT / "notebooks").glob("[0-9]*.ipynb")):
        made = with_cell(json.loads(path.read_text(encoding="utf-8")), address.repository())
        (folder / "notebooks" / path.name).write_text(json.dumps(made, indent=1, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1])) if len(sys.argv) > 1 else install()
