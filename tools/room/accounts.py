"""An account of the system for every learner, with a home that nobody else reads and a password to hand out.

    python -m tools.room.accounts < ids.txt > passwords.csv      as root; an account that is there is left as it is

An id becomes the account's name: small letters, digits, - and _, at most 32, beginning with a letter.
"""

import csv
import pwd
import re
import secrets
import subprocess
import sys

GROUP = "learners"
NAME = re.compile(r"[a-z][a-z0-9_-]{0,31}")


def make(name):
    """Make the account name and return its password; None where there is one already. ValueError for another name."""
    if not NAME.fullmatch(name):
        raise ValueError(f"An account needs small letters, digits, - and _, a letter first, 32 at most; got {name!r}")
    try:
        pwd.getpwnam(name)
        return None
    except KeyError:
        pass
    password = secrets.token_urlsafe(9)
    subprocess.run(["groupadd", "--force", GROUP], check=True)
    subprocess.run(["useradd", "--create-home", "--no-user-group", "--gid", GROUP, "--key", "HOME_MODE=0700", name],
                   check=True)  # fmt: skip
    subprocess.run(["chpasswd"], input=f"{name}:{password}", text=True, check=True)
    return password


def main():
    rows = csv.writer(sys.stdout)
    for name in sys.stdin.read().split():
        if password := make(name):
            rows.writerow([name, password])


if __name__ == "__main__":
    sys.exit(main())
