"""Write constraints.txt: the exact version of everything, for Python 3.10 and later on every system.

    make lock                     keep what is pinned, add what is missing
    make lock ARGS=--upgrade      take today's versions

What torch needs for a graphics card is left out: torch names those versions itself, and a build without one needs none.
"""

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[2]
LOCK = ROOT / "constraints.txt"
BY_TORCH = ("nvidia-", "cuda-", "triton")
BY_BUILDING = "editables"  # what hatchling adds to a package that is installed where it lies
QUICK = "jsonschema<4.25"  # later ones build 39 grammars where Jupyter imports them: seconds of every start of Jupyter
EXTRAS = ("dev", "book", "room")
NO_PYTHONS = {"UV_PYTHON_DOWNLOADS": "never"}


def resolve(lock, *options):
    """Let uv write versions of all that pyproject.toml names, which go together, into the file lock.

    Nothing is installed, and no other Python is needed or fetched. RuntimeError with uv's words where there are none.
    """
    extras = [word for extra in EXTRAS for word in ("--extra", extra)]
    options = [*extras, "--no-header", "--no-annotate", "--quiet", "--python", sys.executable, *options]
    with TemporaryDirectory() as folder:
        more = Path(folder, "more.txt")
        more.write_text(f"{BY_BUILDING}\n{QUICK}\n")
        command = [sys.executable, "-m", "uv", "pip", "compile", ROOT / "pyproject.toml", more, "-o", lock, *options]
        done = subprocess.run(command, env=os.environ | NO_PYTHONS, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr)


def main():
    with TemporaryDirectory() as folder:
        lock = Path(folder, "lock.txt")
        lock.write_text(LOCK.read_text() if LOCK.exists() else "")
        resolve(lock, "--universal", "--python-version", "3.10", *sys.argv[1:])
        pins = [line for line in lock.read_text().splitlines() if not line.startswith(BY_TORCH)]
    LOCK.write_text("\n".join(["# Written by `make lock`; do not edit.", *pins, ""]))
    print(f"{LOCK.name}: {len(pins)} pins")


if __name__ == "__main__":
    main()
