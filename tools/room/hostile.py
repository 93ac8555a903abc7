"""One learner of the room is hostile: what comes of what attacks.py lists, and of what is seen from outside."""

import os
import signal
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from statistics import median

import requests
from websocket import WebSocketException

from tools.room import attacks, used
from tools.room.learner import Learner
from tools.room.rooms import ADDRESS, ROOT, pids, room, uid

LISTEN = "listen to what a neighbour's kernel says"
TALKS = """
from jupyter_client import BlockingKernelClient, KernelManager
manager = KernelManager(transport="tcp")
manager.start_kernel()
client = manager.client()
client.start_channels()
client.wait_for_ready(timeout=120)
client.execute("import time\\nfor k in range(3000): print(k, flush=True); time.sleep(0.1)")
"""


SQUAT = """
import glob, http.server, os, ssl, threading, time
heard = []
class Here(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        heard.append(dict(self.headers))
        self.send_error(404)
def serve():
    while True:
        try:
            server = http.server.ThreadingHTTPServer(("127.0.0.1", {port}), Here)
            break
        except OSError:
            time.sleep(0.01)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(glob.glob(f"/run/room/{{os.environ['USER']}}/user-*.crt")[0],
                            glob.glob(f"/run/room/{{os.environ['USER']}}/user-*.key")[0])
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.serve_forever()
threading.Thread(target=serve, daemon=True).start()
"""


@contextmanager
def two():
    """A hostile learner and a neighbour, who have begun, and the hub's files; each may use one core."""
    with room(2, ROOM_CORES="1") as (_, (bad, good), state):
        for one in (bad, good):
            one.log_in()
            one.start()
        yield bad, good, state


def hostile():
    """{what was tried: what came of it}, while a neighbour works."""
    outcomes = {}
    with two() as (bad, good, state):
        work, kernel = good.kernel(), bad.kernel()
        work.run("import torch; x = torch.ones(400, 400)")
        asked_for = {"me": bad.name, "victim": good.name, "root": ADDRESS, "course": str(ROOT), "python": sys.prefix,
                     "token": bad.token(), "state": str(state / "hub")}  # fmt: skip
        for name, source in attacks.ATTACKS.items():
            try:
                said = kernel.run(attacks.cell(source, asked_for | {"pids": pids(good)}))
            except WebSocketException:  # it was their own server that had no memory left
                bad.start()
                said = {"error": None, "text": "nothing; their own server ended"}
                kernel = bad.kernel()
            if said["error"] == "died":
                kernel = bad.kernel()
            lines = [line for line in said["text"].splitlines() if line.startswith(("nothing", "got: "))]
            outcomes[name] = said["error"] or "".join(lines)
            if work.run("print(float((x @ x).sum()))")["text"] != "64000000.0\n":
                outcomes[name] += "; the neighbour's kernel does not answer"
            print(f"{name}: {outcomes[name]}", flush=True)
        return outcomes


def outside():
    """{what was tried: what came of it} of what needs to be looked at from outside."""
    with two() as (bad, good, state):
        work, kernel = good.kernel(), bad.kernel()
        work.run("import torch; x = torch.ones(400, 400)")
        return beyond(bad, good, state, work, kernel)


def beyond(bad, good, state, work, kernel):
    found = {}
    took = lambda: median([timed(work, "for _ in range(20): x @ x") for _ in range(9)])  # noqa: E731
    quiet = took()
    kernel.run("import subprocess, sys; spin = [subprocess.Popen([sys.executable, '-c', 'while True: pass']) "
               "for _ in range(40)]")  # fmt: skip
    found["take the processor with 40 processes"] = f"a neighbour's cell takes {took() / quiet:.1f} times as long"
    said = kernel.run("x = []\nwhile True: x.append(b'1' * 10**8)")
    found["use up the memory in a cell"] = said["text"] if said["error"] == "died" else f"got: {said}"
    kernel = bad.kernel()
    kernel.run("import subprocess, sys, os; code = 'import os, time\\nif os.fork(): os._exit(0)\\nos.setsid()\\n"
               "if os.fork(): os._exit(0)\\ntime.sleep(9999)'; subprocess.run([sys.executable, '-c', code]); "
               "open(f'/dev/shm/left-{os.getuid()}', 'w').write('x')")  # fmt: skip
    target = state / "roots"
    (target / "jupyterhub-certs").mkdir(parents=True)
    kernel.run(f"os.chdir(os.path.expanduser('~')); os.system('rm -rf .jupyterhub; ln -s {target} .jupyterhub')")
    bad.stop()
    for _ in range(60):
        if pids(bad):
            time.sleep(0.5)
    left = pids(bad) or [path.name for path in Path("/dev/shm").glob(f"left-{uid(bad)}")]
    found["leave processes and files in memory behind"] = f"got: {left}" if left else "nothing"
    bad.start()
    whole = target.stat().st_uid == 0 and (target / "jupyterhub-certs").exists()
    found["lead root astray by a link in the home"] = "nothing" if whole else "got: a folder of root's"
    for name, password in (("root", ""), (good.name, bad.password), ("daemon", "x")):
        with suppress(PermissionError):
            Learner(ADDRESS, name, password).log_in()
            found["log in as another"] = f"got: {name}"
    found.setdefault("log in as another", "nothing")
    kernel = bad.kernel()
    good.kernel().run(TALKS)
    heard = kernel.run(attacks.cell(attacks.ATTACKS[LISTEN], {"victim": good.name, "pids": []}))["text"]
    found["the same, from a kernel that talks through ports"] = heard.strip()
    return found | {"listen where a neighbour's server was": squat(bad, good)}


def squat(bad, good):
    """Whether the proxy brings a neighbour's requests to the hostile learner, who listens where their server was."""
    (server,) = [pid for pid in pids(good) if "jupyterhub-singleuser" in used.read(pid, "cmdline")]
    kernel = bad.kernel()
    port = kernel.run(f"{attacks.PRELUDE.replace('victim', repr(good.name))}\nprint(listening(user.pw_uid)[0])")["text"]
    kernel.run(attacks.PRELUDE.replace("victim", repr(good.name)) + SQUAT.format(port=port.strip()))
    os.kill(server, signal.SIGKILL)
    time.sleep(2)
    with suppress(requests.RequestException):
        good.web.get(f"{good.root}/api/contents", timeout=20)
    stands = f"{port.strip()} in listening(os.getuid())"
    said = kernel.run(
        f"print(f'got: {{heard}}' if heard else 'nothing' if {stands} else 'not tried: the port is taken')"
    )
    return said["text"].strip() or said["error"]


def timed(kernel, source):
    began = time.perf_counter()
    kernel.run(source)
    return time.perf_counter() - began
