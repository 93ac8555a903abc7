"""A place of its own for what the learner did with a widget."""

import pytest

from course_lib import answers as kept


@pytest.fixture
def answers(tmp_path, monkeypatch):
    """A place of its own for what the learner did, as in a notebook that a person runs."""
    monkeypatch.setattr(kept, "ANSWERS", tmp_path / "answers.json")
    monkeypatch.delenv("COURSE_QUIET", raising=False)
    return tmp_path / "answers.json"
