"""Write constraints.txt: the exact version of everything, for Python 3.10 and later on every system.

    make lock                     keep what is pinned, add what is missing
    make lock ARGS=--upgrade      take today's versions

What torch needs for a graphics card is left out: torch names those versions itself, and a build without one needs none.
"""

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "constraints.txt"
BY_TORCH = ("nvidia-", "cuda-", "triton")


def wanted():
    """The lines of both requirements files that name a package."""
    lines = [line for name in ("requirements.txt", "requirements-dev.txt") for line in (ROOT / name).open()]
    return "".join(line for line in lines if not line.startswith(("#", "-")))


def main():
    with TemporaryDirectory() as folder:
        source, lock = Path(folder, "wanted.txt"), Path(folder, "lock.txt")
        source.write_text(wanted())
        lock.write_text(LOCK.read_text() if LOCK.exists() else "")
        options = ["--universal", "--python-version", "3.10", "--no-header", "--no-annotate", "-q", *sys.argv[1:]]
        subprocess.run([sys.executable, "-m", "uv", "pip", "compile", source, "-o", lock, *options], check=True)
        pins = [line for line in lock.read_text().splitlines() if not line.startswith(BY_TORCH)]
    LOCK.write_text("\n".join(["# Written by `make lock`; do not edit.", *pins, ""]))
    print(f"{LOCK.name}: {len(pins)} pins")


if __name__ == "__main__":
    main()
