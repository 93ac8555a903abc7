"""Any Jupyter server of the environment opens the first notebook, runs the course's Python and answers at once."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
from jupyter_client.session import Session
from jupyter_server.services.kernels.connection.base import deserialize_msg_from_ws_v1
from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection
from traitlets.config import Config

from course_lib import server

tomllib = pytest.importorskip("tomllib")  # Python 3.11

ROOT = Path(__file__).parents[1]
FIRST = "/lab/tree/notebooks/00_start_here.ipynb"
NEWS = "lab/api/settings/@jupyterlab/apputils-extension:notification"


@pytest.fixture
def environment(tmp_path):
    """The variables of an environment in which the package is installed, and a python3 that is another one."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    for source, target in project["tool"]["hatch"]["build"]["targets"]["wheel"]["shared-data"].items():
        (tmp_path / target).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / source, tmp_path / target)
    other = tmp_path / "other" / "kernels" / "python3" / "kernel.json"
    other.parent.mkdir(parents=True)
    other.write_text(json.dumps({"argv": ["/bin/false"], "display_name": "Another", "language": "python"}))
    places = {f"JUPYTER_{name}_DIR": str(tmp_path / name.lower()) for name in ("CONFIG", "DATA", "RUNTIME")}
    return os.environ | places | {
        "JUPYTER_CONFIG_PATH": str(tmp_path / "etc" / "jupyter"),
        "JUPYTER_PATH": str(tmp_path / "other"),
        "PYTHONPATH": str(ROOT),
        "PYTHONWARNINGS": "",
    }  # fmt: skip


@contextmanager
def lab(environment, folder, *options):
    """The address that `jupyter lab` opens in folder, and the start of all its addresses."""
    settings = Path(environment["JUPYTER_CONFIG_PATH"]).parents[1] / "share" / "jupyter" / "lab" / "settings"
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--port=0", "--ip=127.0.0.1",
               "--IdentityProvider.token=", f"--LabApp.app_settings_dir={settings}", *options]  # fmt: skip
    with subprocess.Popen(command, cwd=folder, env=environment, stderr=subprocess.PIPE, text=True) as process:
        try:
            said = []
            for line in process.stderr:
                said.append(line)
                if found := re.search(r"ServerApp\] (http://[^/]+)(/\S*)", line):
                    break
            else:
                raise RuntimeError("".join(said))
            while not answers(found[1]):  # it says so before it listens
                assert process.poll() is None
                time.sleep(0.1)
            yield found[2], found[1] + "/"
        finally:
            process.terminate()
            process.stderr.read()


def answers(address):
    try:
        urllib.request.urlopen(address + "/api").close()
    except urllib.error.URLError:
        return False
    return True


def asked(address):
    with urllib.request.urlopen(address) as answer:
        return json.load(answer)


def test_a_plain_start_in_the_course_opens_the_first_notebook_with_the_course_s_python_and_no_question(environment):
    with lab(environment, ROOT) as (page, address):
        assert page == FIRST
        assert asked(address + "api/kernelspecs")["kernelspecs"]["python3"]["spec"]["display_name"] != "Another"
        assert asked(address + NEWS)["schema"]["properties"]["fetchNews"]["default"] == "false"


def test_a_server_of_other_work_keeps_its_first_page_and_its_kernels(environment, tmp_path):
    with lab(environment, tmp_path) as (page, address):
        assert page == "/lab"
        assert asked(address + "api/kernelspecs")["kernelspecs"]["python3"]["spec"]["display_name"] == "Another"


@pytest.mark.parametrize("option", ["--LabApp.default_url=/lab/tree/README.md", "--ServerApp.default_url=/tree"])
def test_a_first_page_that_was_asked_for_is_kept(option):
    name, page = option.removeprefix("--").split("=")
    app = SimpleNamespace(root_dir=str(ROOT), config=Config({name.split(".")[0]: {"default_url": page}}))
    server._link_jupyter_server_extension(app)
    assert app.config.LabApp.get("default_url", page) == page


@pytest.mark.parametrize("own, wanted", [(None, "PASSIVE"), ("ACTIVE", "ACTIVE")])
def test_the_threads_of_the_course_s_kernels_sleep_while_they_wait_unless_the_user_wants_them_to_spin(
    monkeypatch, own, wanted
):
    monkeypatch.setattr(os, "environ", {} if own is None else {"OMP_WAIT_POLICY": own})
    server._link_jupyter_server_extension(SimpleNamespace(root_dir="/", config=Config()))
    assert os.environ.get("OMP_WAIT_POLICY") == own
    server._link_jupyter_server_extension(SimpleNamespace(root_dir=str(ROOT), config=Config()))
    assert os.environ["OMP_WAIT_POLICY"] == wanted


@pytest.mark.parametrize("asked", ["", "/elsewhere"])
def test_settings_are_read_under_the_name_that_the_environment_was_started_by(monkeypatch, asked):
    monkeypatch.setattr(sys, "prefix", "/tmp/link")  # Lab would follow it, into a folder with [ ] in its name
    app = SimpleNamespace(root_dir=str(ROOT), config=Config({"LabApp": {"app_settings_dir": asked} if asked else {}}))
    server._link_jupyter_server_extension(app)
    assert Path(app.config.LabApp.app_settings_dir) == Path(asked or "/tmp/link/share/jupyter/lab/settings")


def test_small_messages_leave_at_once_unless_a_gateway_has_its_own_connection():
    for found, wanted in ((ZMQChannelsWebsocketConnection, server.PromptConnection), (str, str)):
        web_app = SimpleNamespace(settings={"kernel_websocket_connection_class": found})
        server._load_jupyter_server_extension(SimpleNamespace(root_dir="/", web_app=web_app))
        assert web_app.settings["kernel_websocket_connection_class"] is wanted


def test_the_connection_asks_for_no_delay_before_it_connects(monkeypatch):
    done = []
    monkeypatch.setattr(ZMQChannelsWebsocketConnection, "connect", lambda self: done.append("connected"))
    connection = server.PromptConnection.__new__(server.PromptConnection)
    monkeypatch.setattr(server.PromptConnection, "websocket_handler",
                        SimpleNamespace(set_nodelay=lambda on: done.append(("no delay", on))))  # fmt: skip
    connection.connect()
    assert done == [("no delay", True), "connected"]


def connection(monkeypatch, code, last):
    """A connection whose kernel ended with code after it had said last, (kind, content); and what the page is told."""
    told, session = [], Session()
    one = server.PromptConnection.__new__(server.PromptConnection)
    monkeypatch.setattr(server.PromptConnection, "session", session)
    process = SimpleNamespace(returncode=code)
    manager = SimpleNamespace(provisioner=SimpleNamespace(process=process))
    monkeypatch.setattr(server.PromptConnection, "kernel_manager", manager)
    monkeypatch.setattr(server.PromptConnection, "subprotocol", "v1.kernel.websocket.jupyter.org")
    monkeypatch.setattr(server.PromptConnection, "write_message", lambda self, message, binary: told.append(message))
    for name in ("handle_outgoing_message", "on_kernel_restarted"):
        monkeypatch.setattr(ZMQChannelsWebsocketConnection, name, lambda *_: None)
    if last is not None:
        message = session.msg(last[0], last[1], parent={"msg_id": "the cell"})
        one.handle_outgoing_message(SimpleNamespace(channel="iopub"), session.serialize(message))
    one.on_kernel_restarted()
    return [deserialize_msg_from_ws_v1(message)[1] for message in told], session.unpack


RUNS, RESTS = ("status", {"execution_state": "busy"}), ("status", {"execution_state": "idle"})


def test_a_kernel_that_the_system_killed_says_so_below_the_cell_that_ran(monkeypatch):
    monkeypatch.setenv("MEM_LIMIT", str(2**30))
    ((_, parent, _, content),), unpack = connection(monkeypatch, -9, RUNS)
    assert unpack(parent)["msg_id"] == "the cell"
    assert "used up the memory: this server may use 1.0 GB" in unpack(content)["text"]
    monkeypatch.delenv("MEM_LIMIT")
    assert "used up the memory. " in server.killed(os.environ.get("MEM_LIMIT"))


@pytest.mark.parametrize("code, last", [(1, RUNS), (-9, RESTS), (-9, None), (None, RUNS)])
def test_nothing_is_said_of_a_kernel_that_ended_otherwise_or_at_rest(monkeypatch, code, last):
    assert connection(monkeypatch, code, last)[0] == []
