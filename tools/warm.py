"""Compile every cell's loops once, into the environment's own cache, which all who use it read: for an image or a room.

Arguments are notebooks: they are run too, and what their loops need is then there.
"""

import os
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from course_lib.cells import CELLS
from course_lib.fuse.compile import shared_folder
from course_lib.tasks import Adding
from course_lib.training import train


def main(notebooks):
    os.environ |= {"COURSE_CACHE": str(shared_folder()), "COURSE_QUIET": "1"}  # the notebooks' kernels inherit it
    for cell in CELLS:
        train(cell, Adding(lag=10), updates=1, progress=False).finished()
    for path in map(Path, notebooks):
        where = {"metadata": {"path": str(path.resolve().parent)}}
        NotebookClient(nbformat.read(path, 4), timeout=None, kernel_name="python3", resources=where).execute()
    print(f"{len(CELLS)} cells and {len(notebooks)} notebooks are compiled: {shared_folder()}")


if __name__ == "__main__":
    main(sys.argv[1:])
