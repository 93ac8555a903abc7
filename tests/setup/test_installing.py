"""From an index, for real: the installer fetches no more than it must, whatever is set for other Pythons."""

import http.server
import os
import shutil
import socket
import sys
import threading
import zipfile
from contextlib import contextmanager
from pathlib import Path

import pytest
from hostile import HOSTILE

from tools import setup


def wheel(folder, name, version):
    """A package of one file; returns the wheel's."""
    file, info = folder / f"{name}-{version}-py3-none-any.whl", f"{name}-{version}.dist-info"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
        archive.writestr(f"{name}_stub.py", "x = 1\n")
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
    assert [*real.rglob("torch_stub.*.pyc")], "what was installed is compiled"


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
