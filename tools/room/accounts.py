"""An account of the system for every learner, with a home that nobody else reads and a password to hand out.

    python -m tools.room.accounts < ids.txt > passwords.csv      as root; an account that is there is left as it is

An id becomes the account's name: small letters, digits, - and _, at most 32, beginning with a letter.
"""

import csv
import os
import pwd
import re
import secrets
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from tools.room import groups, used

GROUP = "learners"
CERTIFICATES = Path("/run/room")  # in it a folder for each learner who has a server
NAME = re.compile(r"[a-z][a-z0-9_-]{0,31}")


def make(name):
    """Make the account name and return its password; None where there is one already. ValueError for another name."""
    if not NAME.fullmatch(name):
        raise ValueError(f"An account needs small letters, digits, - and _, a letter first, 32 at most; got {name!r}")
    if number(name) is not None:
        return None
    password = secrets.token_urlsafe(9)
    subprocess.run(["groupadd", "--force", GROUP], check=True)
    subprocess.run(["useradd", "--create-home", "--no-user-group", "--gid", GROUP, "--key", "HOME_MODE=0700", name],
                   check=True)  # fmt: skip
    subprocess.run(["chpasswd"], input=f"{name}:{password}", text=True, check=True)
    return password


def reachable(*paths):
    """SystemExit where a learner may not enter a folder on the way to one of these: their servers would not start."""
    for path in paths:
        for folder in reversed(Path(path).resolve().parents):
            if not folder.stat().st_mode & 0o001:
                raise SystemExit(
                    f"Learners may not enter {folder}, in which {path} lies: `chmod o+x`, or another place."
                )


def number(name):
    """The number of an account, None where there is none of that name."""
    with suppress(KeyError):
        return pwd.getpwnam(name).pw_uid


def remove(name):
    """Remove an account: what it runs, its home, its control groups, and what it left where everybody writes."""
    fence = groups.Group(name, memory=2**30, cores=1, processes=64)
    fence.end()
    fence.remove()
    if (user := number(name)) is not None:
        patience = time.monotonic() + 10
        while (there := used.processes().get(user)) and time.monotonic() < patience:  # from elsewhere than the hub
            for pid in there:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.05)
        groups.throw_away(user)
        subprocess.run(["userdel", "--force", "--remove", name], capture_output=True)
    shutil.rmtree(CERTIFICATES / name, ignore_errors=True)


def main():
    rows = csv.writer(sys.stdout)
    for name in sys.stdin.read().split():
        if password := make(name):
            rows.writerow([name, password])


if __name__ == "__main__":
    sys.exit(main())
