"""The types of the public functions: complete, known at run time, and what a type checker makes of them."""

import os
import subprocess
import sys
from importlib.util import find_spec
from inspect import signature
from pathlib import Path
from typing import get_type_hints

import pytest

from course_lib import gradients, lesson, predictions
from course_lib.fuse import Fused, fuse
from course_lib.sweep import sweep
from course_lib.tasks import Task
from course_lib.training import build, evaluate, train
from course_lib.unroll import shuffled, unroll

ROOT = Path(__file__).parents[1]
DOORS = [
    fuse, Fused.__init__, Fused.__call__, unroll, shuffled, build, train, evaluate, sweep, Task.batch,
    gradients.half_life, gradients.time_constant, gradients.gradient_per_step, gradients.weight_gradient_per_step,
    gradients.gradient_by_detours, gradients.jacobians, gradients.paths, lesson.seeds, lesson.show, lesson.verdict,
    lesson.source, lesson.doctor, predictions.predict,
]  # fmt: skip


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.__qualname__)
def test_every_parameter_and_the_result_of_a_public_function_has_a_type(door):
    assert {*signature(door).parameters, "return"} - {"self"} == get_type_hints(door).keys()


def test_the_package_tells_type_checkers_that_it_has_types():
    assert (ROOT / "course_lib" / "py.typed").read_text() == ""


@pytest.mark.skipif(find_spec("mypy") is None, reason="mypy is not installed (pip install -r requirements-dev.txt)")
def test_a_type_checker_accepts_right_uses_and_finds_every_wrong_one():
    nothing_kept = [sys.executable, "-m", "mypy", f"--cache-dir={os.devnull}"]
    done = subprocess.run(nothing_kept, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
