"""Make .venv and install what the course needs, once; say in a plain sentence what is in the way.

python tools/setup.py          what a learner needs
python tools/setup.py --dev    and what a developer or a teacher needs
"""

import hashlib
import json
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
PINS = ("requirements.txt", "requirements-dev.txt", "constraints.txt", "pyproject.toml")
SETTINGS = VENV / "share" / "jupyter" / "lab" / "settings" / "overrides.json"
NO_QUESTIONS = {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False}}
GIGABYTES = 3
NO_NETWORK = ("NewConnectionError", "ConnectTimeoutError", "NameResolutionError", "ReadTimeoutError", "ProxyError")


def obstacle(version, modules, free):
    """Why the course cannot be installed, as a sentence, or None.

    version   of Python, (major, minor, micro); modules: those of "venv" and "ensurepip" that it has
    free      bytes of free disk space
    """
    if version < (3, 10):
        found = ".".join(map(str, version))
        return (
            f"The course needs Python 3.10 or newer; this one is {found}. "
            "Install a newer one and name it: make lab PYTHON=python3.12"
        )
    if set(modules) != {"venv", "ensurepip"}:
        return "This Python has no venv module. On Debian and Ubuntu: sudo apt-get install python3-venv"
    if free < GIGABYTES * 1e9:
        return f"The course needs {GIGABYTES} GB of free disk space in {ROOT}; {free / 1e9:.1f} GB are free."


def reason(lines):
    """What the lines that pip printed say about why it failed."""
    output = "".join(lines)
    if any(word in output for word in NO_NETWORK):
        return "The packages could not be fetched: there is no network. Connect, and run the same command again."
    if "No space left on device" in output:
        return "The disk is full. Make room, and run the same command again."
    last = "".join(lines[-12:])
    return f"{last}The packages could not be installed; pip's own words are above. Run the same command to try again."


def wanted():
    """A digest of all that decides what is installed: when it changes, so must .venv."""
    return hashlib.sha256(b"".join([str(ROOT).encode(), *((ROOT / name).read_bytes() for name in PINS)])).hexdigest()


def works():
    """Whether .venv has a Python with pip."""
    return PYTHON.exists() and subprocess.run([PYTHON, "-m", "pip", "--version"], capture_output=True).returncode == 0


def install(requirements):
    """pip install -r requirements, shown as the downloads it makes; exits with a sentence where it fails."""
    command = [PYTHON, "-m", "pip", "install", "--disable-pip-version-check", "-r", requirements]
    lines = []
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as pip:
        for line in pip.stdout:
            lines.append(line)
            if line.lstrip().startswith("Downloading") and ".metadata" not in line:
                print(" ", line.strip(), flush=True)
    if pip.returncode:
        sys.exit(reason(lines))


def main():
    names = PINS[:2] if "--dev" in sys.argv else PINS[:1]
    done = [VENV / f"{name}.done" for name in names]
    if all(stamp.exists() and stamp.read_text() == wanted() for stamp in done) and PYTHON.exists():
        return
    modules = [name for name in ("venv", "ensurepip") if find_spec(name)]
    sentence = obstacle(sys.version_info[:3], modules, shutil.disk_usage(ROOT).free)
    if sentence:
        sys.exit(sentence)
    if not works():
        print(f"Making {VENV} with Python {sys.version.split()[0]} ...", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", VENV], check=True)
    print(f"Installing {names[-1]} into {VENV}; the first time takes a minute or more ...", flush=True)
    install(names[-1])
    SETTINGS.parent.mkdir(parents=True, exist_ok=True)
    SETTINGS.write_text(json.dumps(NO_QUESTIONS))
    for stamp in done:
        stamp.write_text(wanted())


if __name__ == "__main__":
    main()
