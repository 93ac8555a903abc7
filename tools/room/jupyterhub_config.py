"""A JupyterHub for a class on one Linux server: accounts of the system, a learner's own processes, limits that hold.

    jupyterhub -f tools/room/jupyterhub_config.py        as root, in the course's folder, with the .venv that has it

What this room bears and keeps out was measured with these very lines: docs/room.md. The environment's settings:

    COURSE_REPOSITORY   the course's git address, pulled into ~/gating whenever a learner's server starts
    COURSE_BRANCH       its branch, main when it is not set
    ROOM_STATE          the folder of the hub's own files, /var/lib/room when it is not set
    ROOM_MEMORY         GB that a learner may use, 2 when it is not set
    ROOM_CORES          how many cores a learner may use, 2
    ROOM_IDLE           seconds after which a kernel at rest is ended, 3600, and a server after twice that
"""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tools import address  # noqa: E402 - the course's folder is not yet where Python looks
from tools.room import accounts  # noqa: E402
from tools.room.spawner import RoomSpawner  # noqa: E402

BIN = Path(sys.executable).parent
STATE = Path(os.environ.get("ROOM_STATE", "/var/lib/room"))
IDLE = int(os.environ.get("ROOM_IDLE", 3600))
LOOK = min(IDLE, 300)  # seconds between two looks at what rests
STATE.mkdir(mode=0o700, parents=True, exist_ok=True)

accounts.reachable(sys.executable, ROOT / "course_lib")
c = get_config()  # noqa: F821 - JupyterHub provides it

# The hub. A web server with a certificate stands before it; nothing but that one reaches it.
c.JupyterHub.bind_url = os.environ.get("ROOM_ADDRESS", "http://127.0.0.1:8000")
c.JupyterHub.db_url = f"sqlite:///{STATE / 'hub.sqlite'}"
c.JupyterHub.cookie_secret_file = str(STATE / "cookie_secret")
c.ConfigurableHTTPProxy.pid_file = str(STATE / "proxy.pid")
c.ConfigurableHTTPProxy.command = os.environ.get("ROOM_PROXY", "configurable-http-proxy").split()
# Hub, proxy and servers know each other by certificates: a learner who listens on a port that was meant for a
# neighbour's server, or talks to that server past the proxy, is nobody.
c.JupyterHub.internal_ssl = True
c.JupyterHub.internal_certs_location = str(STATE / "certificates")

# Who gets in: the accounts of the system in the group learners, by their own passwords. No learner is an administrator.
c.JupyterHub.authenticator_class = "pam"
c.PAMAuthenticator.allowed_groups = {"learners"}
c.PAMAuthenticator.open_sessions = False

# What each gets.
c.JupyterHub.spawner_class = RoomSpawner
c.RoomSpawner.mem_limit = f"{os.environ.get('ROOM_MEMORY', '2')}G"
c.RoomSpawner.cpu_limit = float(os.environ.get("ROOM_CORES", 2))
c.RoomSpawner.default_url = "/lab/tree/gating/notebooks/00_start_here.ipynb"
c.RoomSpawner.start_timeout = c.RoomSpawner.http_timeout = 180  # a whole class starts at once
c.RoomSpawner.environment = {
    "COURSE_REPOSITORY": address.repository(),
    "COURSE_BRANCH": os.environ.get("COURSE_BRANCH", "main"),
    "JUPYTERHUB_ACTIVITY_INTERVAL": str(LOOK),
    "OMP_WAIT_POLICY": "PASSIVE",  # PyTorch's threads sleep while they wait: the cores are other learners'
}
c.RoomSpawner.args = [
    # A kernel's messages go through sockets that only its owner opens. By default they go through ports, and whoever
    # has an account on the machine can listen in: outputs, and the code of every cell that is run.
    "--KernelManager.transport=ipc",
    f"--MappingKernelManager.cull_idle_timeout={IDLE}",
    f"--MappingKernelManager.cull_interval={LOOK}",
    "--MappingKernelManager.cull_connected=True",
    "--ServerApp.terminals_enabled=False",
]

# Servers at rest end too, and free their memory.
c.JupyterHub.last_activity_interval = LOOK
c.JupyterHub.load_roles = [{
    "name": "idle", "services": ["idle"],
    "scopes": ["list:users", "read:users:activity", "read:servers", "delete:servers"],
}]  # fmt: skip
c.JupyterHub.services = [{
    "name": "idle", "command": [str(BIN / "jupyterhub-idle-culler"), f"--timeout={2 * IDLE}", f"--cull-every={LOOK}",
                                "--ssl-enabled=True", f"--internal-certs-location={STATE / 'certificates'}"],
}]  # fmt: skip
