"""A learner as the hub sees one: logs in, starts a server, opens a notebook and runs its cells."""

import json
import re
import time
import uuid
from urllib.parse import urlsplit

import requests
import websocket


class Learner:
    """A session with the hub at address; name and password are those of an account."""

    def __init__(self, address, name, password):
        self.address, self.name, self.password = address, name, password
        self.web = requests.Session()
        self.root = f"{address}/user/{name}"

    def log_in(self):
        """Log in by the hub's form; PermissionError where the hub does not let this one in."""
        self.web.get(f"{self.address}/hub/login")
        form = {"username": self.name, "password": self.password, "_xsrf": self.xsrf("/hub/")}
        answer = self.web.post(f"{self.address}/hub/login?next=%2Fhub%2Fhome", data=form)
        if urlsplit(answer.url).path != "/hub/home":
            raise PermissionError(f"{self.name} is not let in")

    def xsrf(self, path):
        """The token against forged requests that was given for a path."""
        return next(cookie.value for cookie in self.web.cookies if cookie.name == "_xsrf" and cookie.path == path)

    def ask(self, method, path, root=None, **more):
        """The answer of the learner's server, or of another root, as JSON; requests' HTTPError where it refuses."""
        given = self.xsrf(f"/user/{self.name}/" if root is None else "/hub/")
        answer = self.web.request(method, f"{root or self.root}/{path}", headers={"X-XSRFToken": given}, **more)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def start(self, patience=600):
        """Start the server as a page does, and return after how many seconds it shows JupyterLab."""
        began, answer = time.perf_counter(), None
        while time.perf_counter() - began < patience:
            if answer is None or not answer.ok:  # there is none, or one that has ended and that the hub still looks for
                self.web.get(f"{self.address}/hub/spawn")
            answer = self.web.get(f"{self.root}/lab")
            if answer.ok and urlsplit(answer.url).path.startswith(f"/user/{self.name}/lab"):
                return time.perf_counter() - began
            time.sleep(0.5)
        raise TimeoutError(f"the server of {self.name} does not start: {answer.status_code} {answer.url}")

    def stop(self):
        """Stop the server, and wait until it has stopped."""
        self.ask("DELETE", f"api/users/{self.name}/server", root=f"{self.address}/hub")
        while self.ask("GET", f"api/users/{self.name}", root=f"{self.address}/hub")["servers"]:
            time.sleep(0.1)

    def token(self):
        """A token for the hub's interface with all the rights of this learner."""
        root, what = f"{self.address}/hub", {"note": "trial"}
        return self.ask("POST", f"api/users/{self.name}/tokens", root=root, json=what)["token"]

    def cells(self, path):
        """The code cells of a notebook in the learner's own copy of the course."""
        cells = self.ask("GET", f"api/contents/{path}?content=1")["content"]["cells"]
        return [cell["source"] for cell in cells if cell["cell_type"] == "code"]

    def kernel(self, path="gating/notebooks/trial.ipynb"):
        """A new kernel, for a notebook of that path."""
        what = {"path": path, "name": path, "type": "notebook", "kernel": {"name": "python3"}}
        return Kernel(self, self.ask("POST", "api/sessions", json=what)["kernel"]["id"])

    def run(self, path, place=None):
        """Run the code cells of a notebook, for a notebook at place, in a kernel that stays; (seconds, kernel)."""
        began = time.perf_counter()
        kernel = self.kernel(place or path)
        for source in self.cells(path):
            said = kernel.run(source)
            if said["error"]:
                raise RuntimeError(f"{self.name}, {path}: {said['error']}")
        return time.perf_counter() - began, kernel


class Kernel:
    """The channels of a kernel."""

    def __init__(self, learner, number):
        self.learner, self.number, self.session = learner, number, uuid.uuid4().hex
        cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in learner.web.cookies
                            if f"/user/{learner.name}/".startswith(cookie.path))  # fmt: skip
        address = re.sub("^http", "ws", learner.root) + f"/api/kernels/{number}/channels?session_id={self.session}"
        self.socket = websocket.create_connection(address, cookie=cookies, timeout=600)

    def send(self, source):
        """Ask for source to be run, and return the message's id; nobody waits."""
        asked = {"msg_id": uuid.uuid4().hex, "msg_type": "execute_request", "username": "", "session": self.session,
                 "date": "", "version": "5.3"}  # fmt: skip
        content = {"code": source, "silent": False, "store_history": True, "user_expressions": {},
                   "allow_stdin": False, "stop_on_error": True}  # fmt: skip
        self.socket.send(json.dumps({"header": asked, "parent_header": {}, "metadata": {}, "content": content,
                                     "channel": "shell", "buffers": []}))  # fmt: skip
        return asked["msg_id"]

    def run(self, source):
        """Run source: {"text": what it printed, "error": "Name: words" or None}; where the kernel dies, "died"."""
        asked = self.send(source)
        text, error, left = "", None, {"shell", "iopub"}
        while left:
            message = self.socket.recv()
            if isinstance(message, bytes):  # a widget's buffers
                message = message[int.from_bytes(message[4:8], "big") : int.from_bytes(message[8:12], "big")]
            message = json.loads(message)
            kind, said = message["msg_type"], message["content"]
            if kind == "status" and said["execution_state"] in ("restarting", "dead"):
                return {"text": text, "error": "died"}
            if message["parent_header"].get("msg_id") != asked:
                continue
            if kind == "stream":
                text += said["text"]
            elif kind == "error":
                error = f"{said['ename']}: {said['evalue']}"
            elif kind == "execute_reply":
                left.discard("shell")
            elif kind == "status" and said["execution_state"] == "idle":
                left.discard("iopub")
        return {"text": text, "error": error}

    def end(self):
        """Close the channels and end the kernel."""
        self.socket.close()
        self.learner.ask("DELETE", f"api/kernels/{self.number}")
