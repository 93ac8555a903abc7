"""Open JupyterLab, also where a folder that Jupyter writes into cannot be written, as after a `sudo jupyter`.

python -m tools.lab OPTIONS      JupyterLab's own options
"""

import atexit
import os
import runpy
import shutil
import sys
import tempfile
from pathlib import Path

from jupyter_core import paths

from tools import update

# Jupyter's folders, each with the parts of it that are made at the start; the last is in the second unless it is named.
FOLDERS = {"config": ("", "lab", "lab/user-settings", "lab/workspaces"), "data": ("",), "runtime": ("",)}


def writable(folder):
    """Whether a file can be made in a folder, which is made unless it is there."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        return False
    return True


def settle():
    """Give Jupyter a folder of the course's in place of each one that cannot be written; yields a sentence for each."""
    for kind, parts in FOLDERS.items():
        folder = Path(getattr(paths, f"jupyter_{kind}_dir")())
        if all(writable(folder / part) for part in parts):
            continue
        other = Path(sys.prefix, "jupyter", kind)
        if not writable(other):
            other = Path(tempfile.mkdtemp(prefix=f"jupyter-{kind}-"))
            atexit.register(shutil.rmtree, other, ignore_errors=True)
        os.environ[f"JUPYTER_{kind.upper()}_DIR"] = str(other)
        yield f"{folder} cannot be written: Jupyter uses {other} in its place."


def main():
    update.hook()
    for sentence in settle():
        print(sentence, flush=True)
    runpy.run_module("jupyterlab", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
