"""One file that cannot be read is told, whatever it is."""

import errno
import os

import pytest
from handed_in import SET, hand_in, right

from tools.grading import files, judge


@pytest.mark.parametrize("code", [errno.EACCES, errno.EIO, errno.ESTALE])
def test_a_file_or_a_folder_that_the_system_does_not_give_is_told(tmp_path, monkeypatch, code):
    hand_in(tmp_path, "s", right())
    folder = tmp_path / "submitted" / "s" / SET
    whole = judge.digest(folder, SET, "", {})

    def refuse(*_):
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", refuse)
        with pytest.raises(files.NotGradable, match="the file cannot be read"):
            files.read(folder / f"{SET}.ipynb")
        patch.setattr(judge, "contents", lambda held: [])
        assert judge.digest(folder, SET, "", {}) != whole
    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", refuse)
        with pytest.raises(files.NotGradable, match="a folder that cannot be read"):
            files.candidates(folder, SET)


def test_a_folder_of_many_files_and_levels_is_left_at_some_point(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "MANY", 20)
    for k in range(100):
        (tmp_path / f"{k}.ipynb").write_text("")
    deep = tmp_path.joinpath(*"abcdefghijkl")
    deep.mkdir(parents=True)
    (deep / "z.ipynb").write_text("")
    found = files.candidates(tmp_path, SET)
    assert len(found) <= 20 and not any(one.path.name == "z.ipynb" for one in found)
