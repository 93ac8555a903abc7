"""A learner's Jupyter server as a process of their own account, within limits that all their processes share."""

import os
import pwd
import resource
import shutil
import sys
from pathlib import Path

from jupyterhub.spawner import LocalProcessSpawner
from traitlets import Integer

from tools.room.accounts import CERTIFICATES
from tools.room.groups import Group, throw_away

BIN = Path(sys.executable).parent
START = f"""
mkdir -p "$TMPDIR"
[ -z "$COURSE_REPOSITORY" ] || "{BIN}/gitpuller" "$COURSE_REPOSITORY" "$COURSE_BRANCH" "$HOME/gating" \
    || echo "The course could not be brought up to date; the learner has what was there."
exec "{BIN}/jupyterhub-singleuser" "$@"
"""


class RoomSpawner(LocalProcessSpawner):
    """LocalProcessSpawner whose mem_limit and cpu_limit hold, for a learner's server, kernels and all else together.

    What it starts has a learner's rights from its first line on, the pull of the course too. When the server ends, so
    does whatever the learner has started.
    """

    process_limit = Integer(256, help="how many processes and threads a learner may have").tag(config=True)
    file_limit = Integer(2**30, help="bytes of the largest file that a learner may write").tag(config=True)

    group = None

    def _cmd_default(self):
        return ["/bin/bash", "-c", START, "start"]

    def user_env(self, env):
        env = super().user_env(env)
        return env | {"TMPDIR": f"{env['HOME']}/.tmp", "PATH": f"{BIN}:/usr/local/bin:/usr/bin:/bin"}

    async def move_certs(self, paths):
        """Put a server's certificates where only the learner reads them, and root alone writes.

        JupyterHub would put them, as root, into the learner's home and give ~/.jupyterhub to the learner: whatever that
        is a link to.
        """
        account, folder = pwd.getpwnam(self.user.name), CERTIFICATES / self.user.name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        moved = {kind: folder / Path(path).name for kind, path in paths.items()}
        for kind, path in moved.items():
            shutil.copyfile(paths[kind], path)
            path.chmod(0o400)
            os.chown(path, account.pw_uid, account.pw_gid)
        return {kind: str(path) for kind, path in moved.items()}

    def make_preexec_fn(self, name):
        becomes = super().make_preexec_fn(name)
        self.group = group = self.made()
        self.clear()  # of a server that did not end by stop
        largest = self.file_limit

        def enter():
            group.enter()
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))
            os.umask(0o077)
            becomes()

        return enter

    def made(self):
        return Group(self.user.name, memory=self.mem_limit, cores=self.cpu_limit, processes=self.process_limit)

    async def stop(self, now=False):
        await super().stop(now=now)
        self.clear()

    def clear(self):
        """End what the learner still runs, and take away what else of theirs holds the machine's memory."""
        (self.group or self.made()).end()
        throw_away(pwd.getpwnam(self.user.name).pw_uid)
