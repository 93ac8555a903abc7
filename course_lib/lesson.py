"""What every notebook uses: seeds, verdicts, attacks, figures with a text, the source of a thing, the doctor."""

import inspect
import os
import platform
import sys
import time
from base64 import b64encode
from glob import has_magic
from html import escape
from importlib.metadata import PackageNotFoundError, version
from io import BytesIO
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import torch
from IPython.display import Markdown, display
from matplotlib.figure import Figure
from PIL import Image

from course_lib import doors
from course_lib.cells import LSTMCell
from course_lib.ledger import HEADS
from course_lib.machine import cores
from course_lib.predictions import told
from course_lib.stop import check
from course_lib.tasks import Adding
from course_lib.training import train

SHARP = 2  # pixels of a figure for each of a screen that has 100 an inch
VENV = Path(__file__).resolve().parents[1] / ".venv"  # the course's environment, where `make lab` made one


def seeds(count: int, *, skip: int = 0) -> list[int]:
    """`count` seeds of the notebooks; the environment variable COURSE_SEED (a whole number) moves all of them.

    skip   the first so many are left out: by custom 100 for fresh runs, 500 for tuning, 900 for testing
    """
    count, skip = doors.whole("seeds", "count", count), doors.whole("seeds", "skip", skip, least=0)
    shift = os.environ.get("COURSE_SEED", "0")
    if not shift.isdecimal() or int(shift) > doors.MOST:
        raise ValueError(f"COURSE_SEED needs a whole number, 0 or more; got {shift!r}")
    return [1000 * int(shift) + k for k in range(skip, skip + count)]


def show(figure: Figure, text: str, *, below: bool = True) -> None:
    """Display a figure with its text, which stands below it and is also its alternative for who cannot see it.

    below   whether the text is also seen; not where a figure is to be read, and the text says what it shows

    It is an image in HTML, since that is what JupyterLab and pages made from a notebook read an alternative from; drawn
    here, so that it also appears where matplotlib was told to draw for no screen (MPLBACKEND=agg).
    """
    doors.instance("show", "figure", figure, plt.Figure, such_as="that of canvas()")
    doors.text("show", "text", text, empty=False), doors.flag("show", "below", below)
    picture = BytesIO()
    figure.savefig(picture, format="png", dpi=SHARP * figure.dpi)
    wide = round(figure.get_figwidth() * figure.dpi)
    plt.close(figure)
    encoded = b64encode(smaller(picture)).decode()
    drawn = f'<img alt="{escape(text)}" width="{wide}" src="data:image/png;base64,{encoded}">'
    seen = f'<figcaption aria-hidden="true"><em>Figure: {escape(text)}</em></figcaption>' if below else ""
    display({"text/html": f"<figure>{drawn}{seen}</figure>", "text/plain": f"Figure: {text}"}, raw=True)


def smaller(picture):
    """The bytes of a PNG with 256 colours, a third of those that matplotlib writes."""
    small = BytesIO()
    with Image.open(picture) as drawn:
        drawn.convert("RGB").quantize(256).save(small, "PNG", optimize=True)
    return small.getvalue()


def verdict(claim: str, holds: bool, sentence: str, *, predicted: str | None = None) -> None:
    """Print the measured sentence that settles a claim; AssertionError if this run does not support it.

    holds       True or False, of Python, numpy or torch; ValueError for anything else, so that no NaN passes for a yes
    predicted   the name of the prediction that is settled with it: what happens and why is told below the sentence
    """
    settle("verdict", "verdict", claim, holds, sentence)
    if predicted is not None:
        display(Markdown(told(predicted)))


def attack(claim: str, holds: bool, sentence: str, *, narrows: bool = False) -> None:
    """Print what an attempt to break a claim came to; AssertionError and ValueError as for verdict.

    narrows   whether the attack succeeded: the claim then says less than it did, in the same notebook and the ledger
    """
    settle("attack", "narrowed" if doors.flag("attack", "narrows", narrows) else "withstood", claim, holds, sentence)


def settle(who, kind, claim, holds, sentence):
    """Display the sentence of who under the head of its kind if it holds."""
    check()
    doors.text(who, "claim", claim, empty=False), doors.text(who, "sentence", sentence, empty=False)
    holds = holds.item() if doors.is_tensor(holds) and holds.dim() == 0 else holds
    if not doors.flag(who, "holds", holds):
        raise AssertionError(f"{claim}: this run does not support the {who}. Measured: {sentence}")
    display(Markdown(f"{HEADS[kind]}{claim}.** {sentence}"))


def source(thing: Any) -> None:
    """Show the source of a class or function of the library, as it runs."""
    try:
        text = inspect.cleandoc("\n" + inspect.getsource(None if inspect.ismodule(thing) else thing))
    except Exception:  # TypeError, OSError, or whatever comes of looking at it
        doors.refuse("source", "a class or function that is written in Python, in a file or a cell", thing)
    display(Markdown(f"```python\n{text}\n```"))


def doctor() -> None:
    """Print what this machine has and lacks for the course: versions, cores, the speed of one training step, and what
    in its surroundings is in the way."""
    granted = f"{cores()} cores" if cores() == os.cpu_count() else f"{cores()} of {os.cpu_count()} cores"
    print(f"Python {platform.python_version()} on {platform.system()}, {granted}, torch uses {torch.get_num_threads()}")
    for package in ("torch", "numpy", "matplotlib", "ipywidgets", "llvmlite"):
        try:
            print(f"  {package} {version(package)}")
        except PackageNotFoundError:
            print(f"  {package} is missing: run `pip install -r requirements.txt`")
    print(f"  one training step of an LSTM, 100 time steps, 32 units, batch 32: {1000 * step_seconds():.0f} ms")
    for sentence in troubles():
        print(f"  {sentence}")


def troubles():
    """What is in the way in the surroundings of this kernel, a sentence each."""
    found, prefix, backend = [], Path(sys.prefix), os.environ.get("MPLBACKEND", "")
    if (VENV / "pyvenv.cfg").exists() and not prefix.samefile(VENV):
        found.append(f"This kernel is not the course's, but {sys.executable}: choose the Python in {VENV} as kernel.")
    if has_magic(sys.prefix):
        found.append(f"Jupyter takes {prefix} for a pattern and finds no widgets there: use `make lab`, or rename it.")
    others = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    for module in (torch, np):
        ours = Path(module.__file__).is_relative_to(prefix)  # the course's folder, which holds .venv, may be named
        if not ours and any(Path(module.__file__).is_relative_to(Path(path).resolve()) for path in others):
            found.append(f"PYTHONPATH puts another {module.__name__} first, {module.__file__}: unset it.")
    if backend and "inline" not in backend and "ipympl" not in backend:
        found.append(f"MPLBACKEND={backend}: the course's figures appear, those that you draw do not. Unset it.")
    if not os.access(".", os.W_OK):
        found.append(f"{Path.cwd()} cannot be written: neither notebooks nor answers are kept. Copy the course.")
    return found


def step_seconds():
    """Seconds of one training step of LSTMCell on adding at lag 100, the median of 20."""
    network = train(LSTMCell, Adding(lag=100), updates=2, progress=False).finished().network
    seconds = []
    for _ in range(20):
        began = time.perf_counter()
        train(network, Adding(lag=100), updates=1, progress=False).finished()
        seconds.append(time.perf_counter() - began)
    return sorted(seconds)[10]
