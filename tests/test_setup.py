"""The installer says in a plain sentence what is in the way, and does nothing twice."""

import subprocess
import sys
from pathlib import Path

import pytest

from tools import setup

BOTH = ["venv", "ensurepip"]


def test_nothing_is_in_the_way_of_a_machine_that_has_everything():
    assert setup.obstacle((3, 10, 0), BOTH, 3e9) is None


@pytest.mark.parametrize(
    "machine, words",
    [
        (((3, 9, 18), BOTH, 9e9), "needs Python 3.10 or newer; this one is 3.9.18"),
        (((3, 11, 2), ["venv"], 9e9), "sudo apt-get install python3-venv"),
        (((3, 11, 2), BOTH, 2e9), "needs 3 GB of free disk space"),
    ],
)
def test_what_is_in_the_way_is_said(machine, words):
    assert words in setup.obstacle(*machine)


@pytest.fixture
def venv(tmp_path, monkeypatch):
    """A .venv whose Python is this one, as far as setup can see."""
    monkeypatch.setattr(setup, "VENV", tmp_path)
    monkeypatch.setattr(setup, "PYTHON", Path(sys.executable))
    monkeypatch.setattr(setup, "SETTINGS", tmp_path / "settings" / "overrides.json")
    monkeypatch.setattr(sys, "argv", ["setup.py"])
    return tmp_path


def test_without_a_network_the_sentence_says_so(venv, monkeypatch):
    monkeypatch.setenv("PIP_RETRIES", "1")  # the default is five, with growing pauses
    nowhere = venv / "requirements.txt"
    nowhere.write_text("--index-url http://127.0.0.1:9/simple\nno-such-package\n")
    with pytest.raises(SystemExit, match="there is no network"):
        setup.install(nowhere)


def test_a_package_that_cannot_be_had_is_not_blamed_on_the_network(venv):
    nowhere = venv / "requirements.txt"
    nowhere.write_text("--no-index\nno-such-package\n")
    with pytest.raises(SystemExit, match="pip's own words are above") as said:
        setup.install(nowhere)
    assert "no-such-package" in str(said.value)


def test_what_is_installed_is_not_installed_again_until_a_pin_changes(venv, monkeypatch):
    asked = []
    monkeypatch.setattr(setup, "install", asked.append)
    for _ in range(2):
        setup.main()
    assert asked == ["requirements.txt"]
    monkeypatch.setattr(setup, "wanted", lambda: "another digest")
    setup.main()
    assert asked == ["requirements.txt", "requirements.txt"]


def test_an_installation_that_was_cut_off_is_taken_up_again(venv, monkeypatch):
    def cut_off(requirements):
        raise KeyboardInterrupt

    asked = []
    monkeypatch.setattr(setup, "install", cut_off)
    with pytest.raises(KeyboardInterrupt):
        setup.main()
    monkeypatch.setattr(setup, "install", asked.append)
    setup.main()
    assert asked == ["requirements.txt"]


def test_make_says_what_is_missing_where_there_is_no_python():
    said = subprocess.run(["make", "lab", "PYTHON=no-such-python"], cwd=setup.ROOT, capture_output=True, text=True)
    assert said.returncode != 0 and "There is no no-such-python. Install Python 3.10 or newer." in said.stdout
