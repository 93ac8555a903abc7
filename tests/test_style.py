"""The code keeps one style, so that nobody has to think about it."""

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize("command", [["check"], ["format", "--check"]], ids=" ".join)
def test_the_code_is_as_make_format_leaves_it(command):
    ruff = [sys.executable, "-m", "ruff", *command, "--no-cache", "."]
    said = subprocess.run(ruff, cwd=Path(__file__).parents[1], capture_output=True, text=True)
    assert said.returncode == 0, said.stdout + said.stderr
