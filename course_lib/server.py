"""What the Jupyter server does for the course, however it is started: its first page, kernel, prompt answers, threads.

Installing the package enables it: course_lib_server.json says so to every server of the environment.
"""

import json
import os
import signal
import sys
from pathlib import Path

from jupyter_server.services.kernels.connection.base import serialize_msg_to_ws_v1
from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection

FIRST = "notebooks/00_start_here.ipynb"


class PromptConnection(ZMQChannelsWebsocketConnection):
    """The connection between page and kernel, with TCP_NODELAY; and it says in the cell why its kernel was killed.

    Without TCP_NODELAY every second small message waits until the page has confirmed the first (Nagle's algorithm and
    delayed acknowledgements): 40 ms on Linux, at every move of a slider.
    """

    last = None  # what the kernel last said to everybody, as its parts

    def connect(self):
        self.websocket_handler.set_nodelay(True)
        return super().connect()

    def handle_outgoing_message(self, stream, outgoing_msg):
        if "iopub" in (stream, getattr(stream, "channel", None)):
            self.last = outgoing_msg
        return super().handle_outgoing_message(stream, outgoing_msg)

    def on_kernel_restarted(self):
        process = getattr(self.kernel_manager.provisioner, "process", None)
        if getattr(process, "returncode", None) == -getattr(signal, "SIGKILL", 9):
            self.say(killed(os.environ.get("MEM_LIMIT")))
        super().on_kernel_restarted()

    def say(self, sentence):
        """Put a sentence below the cell that runs, if one does."""
        if self.last is None:
            return
        kind, parent, _, content = map(self.session.unpack, self.session.feed_identities(self.last)[1][1:5])
        if kind["msg_type"] == "status" and content["execution_state"] == "idle":
            return
        message = self.session.msg("stream", {"name": "stderr", "text": sentence}, parent=parent)
        if self.subprotocol == "v1.kernel.websocket.jupyter.org":
            self.write_message(serialize_msg_to_ws_v1(message, "iopub", self.session.pack), binary=True)
        else:
            self.write_message(json.dumps(message | {"channel": "iopub"}, default=str))


def killed(limit):
    """What a learner reads where the system killed the kernel; limit is the server's memory in bytes, or None."""
    most = f": this server may use {int(limit) / 2**30:.1f} GB" if limit and limit.isdigit() else ""
    return (f"The system ended this notebook's Python, as a rule because it used up the memory{most}. Its variables "
            "are gone, your text is not. Close other notebooks (Running, at the left), make what you compute smaller, "
            "and run the cells again from the first one.\n")  # fmt: skip


def serves_the_course(app):
    """Whether the server's folder is the course; one that also serves other work keeps its own first page."""
    return Path(app.root_dir, FIRST).exists()


def _jupyter_server_extension_points():
    return [{"module": "course_lib.server"}]


def _link_jupyter_server_extension(app):
    """Before the server is set up: open the first notebook, unless another page was asked for; ask nothing.

    And let PyTorch's threads sleep while they wait for each other. They spin by default, and on a machine that is busy
    with something else one then waits for a core that the other heats: training takes many times the processor's time.
    On an idle machine sleeping makes torch.nn.LSTM slower, but not the course's loops, which have their own threads.
    """
    if not serves_the_course(app):
        return
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # kernels inherit it
    if "default_url" not in app.config.LabApp and "default_url" not in app.config.ServerApp:
        app.config.LabApp.default_url = f"/lab/tree/{FIRST}"
    if "app_settings_dir" not in app.config.LabApp:  # Lab takes the path without links, where [ ] would be a pattern
        app.config.LabApp.app_settings_dir = str(Path(sys.prefix, "share", "jupyter", "lab", "settings"))


def _load_jupyter_server_extension(app):
    """When it is set up: answer at once; let python3 be this environment's Python, whatever JUPYTER_PATH names."""
    settings = app.web_app.settings
    if settings["kernel_websocket_connection_class"] is ZMQChannelsWebsocketConnection:  # a gateway has its own
        settings["kernel_websocket_connection_class"] = PromptConnection
    if serves_the_course(app):
        app.kernel_spec_manager.kernel_dirs.insert(0, str(Path(sys.prefix, "share", "jupyter", "kernels")))
