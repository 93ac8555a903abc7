"""The installer says in a plain sentence what is in the way, and does nothing twice."""

import ast
import os
import shutil
import sys
from pathlib import Path

import pytest

from tools import setup

LINUX = ("Linux", "x86_64", ("glibc", "2.36"))


# ---- What is in the way ----


@pytest.mark.parametrize("machine", [LINUX, ("Darwin", "arm64", ("", "")), ("Windows", "AMD64", ("", ""))])
@pytest.mark.parametrize("version", ["3.10.0", "3.14.2"])
def test_nothing_is_in_the_way_of_a_machine_that_has_everything(version, machine):
    assert setup.obstacle(version, *machine) is None


@pytest.mark.parametrize(
    "machine, words",
    [
        (("3.9.18", *LINUX), "needs Python 3.10 or newer; this one is 3.9.18"),
        (("3.15.0", *LINUX), "needs a Python from 3.10 to 3.14; this one is 3.15.0"),
        (("3.12.1", "Linux", "x86_64", ("", "")), "not built for this Python"),  # musl, as on Alpine
        (("3.12.1", "Linux", "x86_64", ("glibc", "2.17")), "glibc 2.28 or newer"),
        (("3.12.1", "Linux", "riscv64", ("glibc", "2.36")), "for Linux on riscv64"),
        (("3.12.1", "Darwin", "x86_64", ("", "")), "Macs with an Apple processor"),
    ],
)
def test_what_is_in_the_way_is_said(machine, words):
    assert words in setup.obstacle(*machine)


def test_a_python_that_is_too_old_can_read_the_sentence_that_says_so():
    ast.parse(Path(setup.__file__).read_text(encoding="utf-8"), feature_version=(3, 6))


@pytest.fixture
def venv(tmp_path, monkeypatch):
    """A .venv whose Python is this one, as far as setup can see; what is installed in it is compiled already."""
    monkeypatch.setattr(setup, "VENV", tmp_path)
    monkeypatch.setattr(setup, "PYTHON", Path(sys.executable))
    monkeypatch.setattr(setup, "compile_all", lambda: None)
    monkeypatch.setattr(sys, "argv", ["setup.py"])
    return tmp_path


def test_without_a_network_the_sentence_says_so(venv, monkeypatch):
    monkeypatch.setenv("PIP_RETRIES", "1")  # the default is five, with growing pauses
    nowhere = venv / "requirements.txt"
    nowhere.write_text("--index-url http://127.0.0.1:9/simple\nno-such-package\n")
    with pytest.raises(SystemExit, match="there is no network"):
        setup.install("-r", str(nowhere))


def test_a_package_that_cannot_be_had_is_not_blamed_on_the_network(venv):
    nowhere = venv / "requirements.txt"
    nowhere.write_text("--no-index\nno-such-package\n")
    with pytest.raises(SystemExit, match="pip's own words are above") as said:
        setup.install("-r", str(nowhere))
    assert "no-such-package" in str(said.value)


def test_a_disk_without_room_for_what_is_kept_and_what_is_fetched_twice_is_named(venv, monkeypatch):
    monkeypatch.setattr(setup, "ROOT", venv)
    monkeypatch.setenv("PIP_CACHE_DIR", str(venv / "cache"))
    monkeypatch.setattr(setup.tempfile, "gettempdir", lambda: str(venv))
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: shutil._ntuple_diskusage(9e9, 6.8e9, 2.2e9))
    assert setup.full(0.4, 1.3) is None
    assert f"needs 2.3 GB of free disk space in {venv}; 2.2 GB are free" in setup.full(0.4, 1.5)


def test_what_is_there_already_asks_for_no_room(venv, monkeypatch):
    (venv / "torch").write_bytes(bytes(900_000))
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: shutil._ntuple_diskusage(0, 0, 0.0003e9))
    assert setup.full(0.0004, 0.001) is None
    assert "free disk space" in setup.full(0.0004, 0.002)


def test_a_folder_that_cannot_be_written_is_named(venv, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(SystemExit, match="cannot be written. Copy the course to a folder of yours"):
        setup.main()


def test_a_folder_in_which_python_makes_no_venv_is_named(monkeypatch):
    monkeypatch.setattr(setup, "ROOT", Path(f"/home/me/a{os.pathsep}b"))
    with pytest.raises(SystemExit, match="Move the course"):
        setup.make("3.12.1")


# ---- Once ----


def test_what_is_installed_is_not_installed_again_until_a_pin_changes(venv, monkeypatch):
    asked = []
    monkeypatch.setattr(setup, "install", lambda *arguments: asked.append(arguments))
    for _ in range(2):
        setup.main()
    assert asked == [("-r", "requirements.txt")]
    monkeypatch.setattr(setup, "wanted", lambda version: "another digest")
    setup.main()
    assert asked == [("-r", "requirements.txt")] * 2


def test_what_the_book_is_built_with_is_installed_only_when_asked(venv, monkeypatch):
    asked = []
    monkeypatch.setattr(setup, "install", lambda *arguments: asked.append(arguments))
    for options in (["--book"], [], ["--dev", "--book"], ["--dev"]):
        monkeypatch.setattr(sys, "argv", ["setup.py", *options])
        setup.main()
    both = ("-r", "requirements-dev.txt", "-r", "requirements-book.txt")
    assert asked == [("-r", "requirements-book.txt"), both]


def test_an_installation_that_was_cut_off_is_taken_up_again(venv, monkeypatch):
    def cut_off(*arguments):
        raise KeyboardInterrupt

    asked = []
    monkeypatch.setattr(setup, "install", cut_off)
    with pytest.raises(KeyboardInterrupt):
        setup.main()
    monkeypatch.setattr(setup, "install", lambda *arguments: asked.append(arguments))
    setup.main()
    assert asked == [("-r", "requirements.txt")]


@pytest.mark.parametrize(
    "there, option, made",
    [
        ("3.10.13", [], []),  # python3 may be another one than .venv was made with
        ("3.10.13", ["--anew"], ["here"]),
        ("here", ["--anew"], []),
        (None, [], ["here"]),  # no .venv, or one whose Python was removed
    ],
)
def test_a_venv_of_another_version_is_made_anew_when_a_python_is_asked_for(venv, monkeypatch, there, option, made):
    here, done = setup.platform.python_version(), []
    monkeypatch.setattr(sys, "argv", ["setup.py", *option])
    monkeypatch.setattr(setup, "made_with", lambda: here if there == "here" else there)
    monkeypatch.setattr(setup, "make", done.append)
    monkeypatch.setattr(setup, "install", lambda *arguments: None)
    setup.main()
    assert done == [here for _ in made]


def test_a_python_that_was_upgraded_under_the_venv_is_noticed(venv, monkeypatch):
    asked = []
    monkeypatch.setattr(setup, "install", lambda *arguments: asked.append(arguments))
    for version in ("3.12.1", "3.12.2"):
        monkeypatch.setattr(setup, "made_with", lambda version=version: version)
        setup.main()
    assert len(asked) == 2
