"""What the tests of the grader share."""

import pytest

from tools.grading import walls


@pytest.fixture(scope="module", autouse=True)
def no_server_left_running():
    yield
    walls.stop()
