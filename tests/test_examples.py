"""Every `>>>` example in the library prints what it says."""

import doctest
import importlib
from pathlib import Path

import pytest
import torch

from course_lib.cells import CELLS, LSTMCell
from course_lib.tasks import TASKS

LIBRARY = Path(__file__).parents[1] / "course_lib"
MODULES = sorted(
    ".".join(path.relative_to(LIBRARY).with_suffix("").parts).removesuffix(".__init__")
    for path in LIBRARY.rglob("*.py")
    if ">>> " in path.read_text(encoding="utf-8")
)


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_file_print_what_they_say(name):
    given = {listed.__name__: listed for listed in (*CELLS, *TASKS)}
    given |= {"torch": torch, "cell": LSTMCell(3, 4), "x": torch.zeros(2, 5, 3)}
    assert doctest.testmod(importlib.import_module(f"course_lib.{name}"), extraglobs=given).failed == 0
