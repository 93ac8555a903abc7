"""Bring the next version of the course: `make update`.

A notebook that was only run is first put back as it was stored, since git would take its outputs for changes that stand
in the way. One in which something was written stays as it is; where the next version changes it too, git says so, and
nothing is lost. From the first `make update` or `make lab` on, `git pull` does the like, by a hook: it puts back those
that were only run and that the next version changes.
"""

import json
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# Git runs this before each change of a reference, and a pull sets ORIG_HEAD between fetching and merging. Another exit
# than 0 would stop git, which says itself what is in the way of a pull.
HOOK = """#!/bin/sh
# Written by the course (tools/update.py): before `git pull` merges, notebooks that were only run are put back.
case "$1 $GIT_REFLOG_ACTION" in
"prepared pull"*) grep -q " ORIG_HEAD$" && {} -I tools/update.py --in-a-pull 2> /dev/null ;;
esac
exit 0
"""


def git(*words, folder=ROOT):
    """What git prints, as bytes; exits with its own words where it fails, with a sentence where there is none."""
    try:
        done = subprocess.run(["git", *words], cwd=str(folder), capture_output=True)
    except FileNotFoundError:
        sys.exit("There is no git on this machine: download the course anew, beside this folder.")
    if done.returncode:
        sys.exit(f"git says: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout


def written(notebook):
    """What a person writes in a notebook, given as bytes: [(kind, source)] of its cells. ValueError for none."""
    try:
        return [(cell["cell_type"], "".join(cell["source"])) for cell in json.loads(notebook)["cells"]]
    except (KeyError, TypeError) as error:
        raise ValueError(f"no notebook: {error}") from None


def only_run(now, stored):
    """Whether the notebook now (bytes) is that which is stored, but for what running it changes."""
    try:
        return written(now) == written(stored)
    except ValueError:
        return False


def listed(*words, folder):
    """The names of notebooks that git lists."""
    return set(git(*words, "-z", "--", "notebooks", folder=folder).decode().split("\0")) - {""}


def put_back(names, folder):
    """Put back what was only run, or deleted, among notebooks; the names of those in which something was written."""
    kept = []
    for name in sorted(names):
        path = folder / name
        if path.exists() and not only_run(path.read_bytes(), git("show", f":./{name}", folder=folder)):
            kept.append(name)
        else:
            git("checkout", "--", name, folder=folder)
    return kept


def update(folder=ROOT):
    """Put back what was only run, and pull; the names of the notebooks that stay as the learner left them."""
    kept = put_back(listed("ls-files", "-m", folder=folder), folder)
    print(git("pull", "--ff-only", folder=folder).decode(errors="replace").strip())
    return kept


def hook(folder=ROOT):
    """Let `git pull` put back what was only run, in this clone; a hook of the user's own is left as it is."""
    try:
        there = folder / git("rev-parse", "--git-common-dir", folder=folder).decode().strip() / "hooks"
        path = there / "reference-transaction"
        if (folder / ".git").exists() and not (path.exists() and "tools/update.py" not in path.read_text()):
            there.mkdir(exist_ok=True)
            path.write_bytes(HOOK.format(shlex.quote(Path(sys.executable).resolve().as_posix())).encode())
            path.chmod(0o755)
    except (OSError, UnicodeError, SystemExit):  # no git, no clone, or one that cannot be written: all is as before
        pass


if __name__ == "__main__":
    if "--in-a-pull" in sys.argv:
        newer = listed("diff", "--name-only", "HEAD", "FETCH_HEAD", folder=ROOT)
        put_back(newer & listed("ls-files", "-m", folder=ROOT), ROOT)
    else:
        hook()
        for name in update():
            print(f"{name} stays as you changed it.")
