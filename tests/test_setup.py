"""The installer says in a plain sentence what is in the way, fetches no more than it must, and does nothing twice."""

import ast
import http.server
import os
import shutil
import socket
import subprocess
import sys
import threading
import zipfile
from contextlib import contextmanager
from pathlib import Path

import pytest

from tools import setup

LINUX = ("Linux", "x86_64", ("glibc", "2.36"))
HOSTILE = {
    "PIP_USER": "1", "PIP_TARGET": "elsewhere", "PIP_PREFIX": "elsewhere", "PIP_ROOT": "elsewhere", "PIP_NO_DEPS": "1",
    "PIP_DRY_RUN": "1", "PIP_REQUIRE_HASHES": "1", "PIP_PYTHON": "elsewhere", "PIP_QUIET": "3",
    "PYTHONHOME": "elsewhere", "PYTHONPATH": "elsewhere", "PYTHONUSERBASE": "elsewhere", "VIRTUAL_ENV": "elsewhere",
}  # fmt: skip


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
    """A .venv whose Python is this one, as far as setup can see."""
    monkeypatch.setattr(setup, "VENV", tmp_path)
    monkeypatch.setattr(setup, "PYTHON", Path(sys.executable))
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


# ---- From an index, for real ----


def wheel(folder, name, version):
    """A package that holds nothing; returns its file."""
    file, info = folder / f"{name}-{version}-py3-none-any.whl", f"{name}-{version}.dist-info"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return file


@contextmanager
def index(*files, silent=False):
    """The address of an index with files; a silent one takes every question and answers none."""
    closed = threading.Event()

    class Index(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            if silent:
                closed.wait()
                return
            name = self.path.strip("/").split("/")[-1]
            found = [file.read_bytes() for file in files if file.name == name.replace("%2B", "+")]
            links = [f'<a href="/{file.name}">{file.name}</a>' for file in files
                     if file.name.split("-")[0].replace("_", "-") == name]  # fmt: skip
            body = found[0] if found else b"<!DOCTYPE html>" + "".join(links).encode()
            self.send_response(200 if found or links else 404)
            self.send_header("Content-Type", "application/octet-stream" if found else "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Index)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        closed.set()
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def nobody():
    """The address of a server that there is not."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}/"


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """A .venv of a folder with an odd name, made by setup."""
    root = tmp_path_factory.mktemp("Kurs [ä ö] #1 'x' %20")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in HOSTILE.items():
            if name != "PYTHONHOME":  # this Python could not start another one
                patch.setenv(name, value)
        patch.setattr(setup, "ROOT", root)
        patch.setattr(setup, "VENV", root / ".venv")
        setup.make("this one")
    return root


@pytest.fixture
def course(real, monkeypatch):
    """A course that needs torch and itself, and pip's index, which has PyTorch for graphics cards.

    course(small index) runs setup on an empty .venv and returns torch's version there.
    """
    for name in list(os.environ):
        if name.startswith(("PIP_", "PYTHON")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(setup, "ROOT", real)
    monkeypatch.setattr(setup, "VENV", real / ".venv")
    monkeypatch.setattr(setup, "PYTHON", real / ".venv" / setup.PYTHON.relative_to(setup.PYTHON.parents[1]))
    monkeypatch.setattr(sys, "argv", ["setup.py"])
    for name in setup.PINS:
        (real / name).write_text("torch==2.13.0\ncourse_lib\n" if name == "requirements.txt" else "")
    with index(wheel(real, "torch", "2.13.0"), wheel(real, "course_lib", "1.0")) as main:
        monkeypatch.setenv("PIP_INDEX_URL", main)

        def install(small):
            monkeypatch.setattr(setup, "INDEX", small)
            setup.main()
            return setup.run("-I", "-c", "from importlib.metadata import version; print(version('torch'))")

        yield install
    for path in [*real.rglob("torch-*"), *real.rglob("course_lib-*"), *real.rglob("*.done")]:
        shutil.rmtree(path) if path.is_dir() else path.unlink()


linux = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere PyTorch is small on every index")


@linux
def test_the_small_pytorch_is_fetched_where_its_index_answers(course, real, capsys):
    with index(wheel(real, "torch", "2.13.0+cpu")) as small:
        assert course(small) == "2.13.0+cpu"
    said = capsys.readouterr().out
    assert "up to 0.4 GB to download, 1.5 GB on the disk" in said.splitlines()[0] and "answer" not in said


@linux
@pytest.mark.parametrize("away", [nobody, lambda: index(silent=True)], ids=["refuses", "is silent"])
def test_what_pip_finds_is_taken_where_the_index_of_the_small_one(course, away, capsys, monkeypatch):
    monkeypatch.setattr(setup, "PATIENCE", 1)
    with away() as small:
        assert course(small) == "2.13.0"
    first = capsys.readouterr().out.splitlines()[0]
    assert f"{small} does not answer: pip takes PyTorch with what a graphics card needs" in first
    assert "up to 3.2 GB to download, 5.3 GB on the disk, seven minutes" in first


@linux
def test_a_small_pytorch_that_pip_has_already_is_taken_and_no_other_index_asked(course, real, monkeypatch, tmp_path):
    wheel(tmp_path, "torch", "2.13.0+cpu")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    assert course("http://127.0.0.1:9/never-asked") == "2.13.0+cpu"


@linux
def test_a_pytorch_that_is_installed_is_kept(course, real):
    with index(wheel(real, "torch", "2.13.0+cu130")) as own:
        setup.install("--extra-index-url", own, "torch")
    with index(wheel(real, "torch", "2.13.0+cpu")) as small:
        assert course(small) == "2.13.0+cu130"


@linux
def test_settings_for_other_pythons_and_other_folders_do_not_reach_the_installation(course, monkeypatch, capsys):
    for name, value in HOSTILE.items():
        monkeypatch.setenv(name, value)
    assert course("") == "2.13.0"
    assert "COURSE_TORCH_INDEX is empty" in capsys.readouterr().out
    assert not Path("elsewhere").exists()


@linux
def test_the_same_settings_in_a_file_do_not_either(course, monkeypatch, tmp_path):
    lines = [f"{setting} = true" for setting in ("user", "require-virtualenv", "no-deps", "dry-run")]
    (tmp_path / "pip.conf").write_text("\n".join(["[install]", *lines]))
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    assert course("") == "2.13.0"


@linux
def test_a_file_that_sends_packages_elsewhere_is_named(course, monkeypatch, tmp_path):
    (tmp_path / "pip.conf").write_text(f"[install]\ntarget = {tmp_path / 'elsewhere'}\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    with pytest.raises(SystemExit, match="name a target, prefix or root"):
        course("")


# ---- make ----


def make(*arguments, folder=setup.ROOT, **environment):
    """How make ends in folder, and what it says."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))} | environment
    return subprocess.run(["make", *arguments], cwd=folder, env=kept, capture_output=True, text=True)


def in_make(folder, command, **environment):
    """What a command of the Makefile prints, run in a copy of it in folder, whose .venv is this one."""
    shutil.copy(setup.ROOT / "Makefile", folder / "course.mk")
    (folder / "Makefile").write_text(f"include course.mk\nasked:\n\t@{command}\n")
    (folder / ".venv").mkdir()
    for part in ("bin", "lib", "pyvenv.cfg"):
        (folder / ".venv" / part).symlink_to(Path(sys.prefix, part))
    done = make("asked", folder=folder, **environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


posix = pytest.mark.skipif(os.name != "posix", reason="there is no make")


@posix
def test_make_says_what_is_missing_where_there_is_no_python():
    said = make("lab", "PYTHON=no-such-python")
    assert said.returncode != 0 and "There is no no-such-python. Install Python 3.10 or newer." in said.stdout


@posix
def test_make_asks_for_a_python_only_when_one_is_named():
    assert "setup.py --anew" not in make("-n", "lab").stdout
    assert "setup.py --anew" in make("-n", "lab", "PYTHON=python3").stdout
    assert "setup.py --anew" in make("-n", "lab", PYTHON="python3").stdout


@posix
def test_make_keeps_from_the_course_what_is_meant_for_other_pythons_and_jupyters(tmp_path):
    hostile = dict.fromkeys(["PYTHONHOME", "PYTHONPATH", "PYTHONSAFEPATH", "MPLBACKEND", "JUPYTER_PATH"], "elsewhere")
    kept = {"PIP_INDEX_URL": "mine", "HTTPS_PROXY": "mine", "JUPYTER_CONFIG_DIR": "mine"}
    seen = dict(line.split("=", 1) for line in in_make(tmp_path, "env", **hostile, **kept).splitlines() if "=" in line)
    assert not seen.keys() & hostile.keys() and kept.items() <= seen.items()


@posix
def test_a_user_without_a_home_that_can_be_written_has_one_in_the_course(tmp_path):
    assert in_make(tmp_path, "echo $$HOME", HOME="/no/such/home").strip() == str(tmp_path / ".venv" / "home")


@posix
def test_jupyter_finds_its_parts_also_under_a_path_that_reads_like_a_pattern(tmp_path):
    folder = tmp_path / "Kurs [ä ö] #1 'x'"
    folder.mkdir()
    finds = "import glob, sys; print(len(glob.glob(sys.prefix + '/bin/activate')), sys.prefix)"
    found, prefix = in_make(folder, f'$(PY) -c "{finds}"', TMPDIR=str(tmp_path)).split(maxsplit=1)
    assert found == "1" and Path(prefix.strip()).resolve() == folder / ".venv"
