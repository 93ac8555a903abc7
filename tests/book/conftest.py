"""The book, built once for all of its tests."""

import subprocess
import sys

import pytest

from tools.book.stage import ROOT


@pytest.fixture(scope="session")
def site():
    """The folder of the site, built anew, with every warning as an error."""
    subprocess.run([sys.executable, "-m", "tools.book"], cwd=ROOT, check=True)
    return ROOT / "build" / "book"
