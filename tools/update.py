"""Bring the next version of the course: `make update`.

A notebook that was only run is first put back as it was stored, since git would take its outputs for changes that stand
in the way. One in which something was written stays as it is; where the next version changes it too, git says so, and
nothing is lost.
"""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


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


def update(folder=ROOT):
    """Put back what was only run, and pull; the names of the notebooks that stay as the learner left them."""
    changed = sorted(set(git("ls-files", "-mz", "notebooks", folder=folder).decode().split("\0")) - {""})
    kept = []
    for name in changed:
        path = folder / name
        if path.exists() and not only_run(path.read_bytes(), git("show", f":./{name}", folder=folder)):
            kept.append(name)
        else:
            git("checkout", "--", name, folder=folder)
    print(git("pull", "--ff-only", folder=folder).decode(errors="replace").strip())
    return kept


if __name__ == "__main__":
    for name in update():
        print(f"{name} stays as you changed it.")
