"""Make .venv and install what the course needs, once; say in a plain sentence what is in the way.

python tools/setup.py            what a learner needs
python tools/setup.py --dev      and what a developer or a teacher needs
python tools/setup.py --book     and what the book is built with; needs no --dev
python tools/setup.py --room     and what a JupyterHub for a class needs; needs no --dev
python tools/setup.py --anew     with this Python: a .venv of another version is made anew

On Linux, PyTorch comes for processors alone (small) from COURSE_TORCH_INDEX, where that answers within seconds; set it
to nothing to take what pip finds. Runs on Python 3.6, to say that it is too old.
"""

import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
MORE = {f"--{extra}": f"requirements-{extra}.txt" for extra in ("dev", "book", "room")}
PINS = ("requirements.txt", *MORE.values(), "constraints.txt", "pyproject.toml")
OLDEST, NEWEST = (3, 10), (3, 14)
BUILT_FOR = {"Linux": ("x86_64", "aarch64"), "Darwin": ("arm64",), "Windows": ("AMD64",)}  # PyTorch, on PyPI
TORCH = "2.13.0"
INDEX = os.environ.get("COURSE_TORCH_INDEX", "https://download.pytorch.org/whl/cpu")
PATIENCE = 5  # seconds that an index has to answer
# What is downloaded, and what it takes on disk, in GB.
SIZES = {"small": (0.4, 1.5), "large": (3.2, 5.3)}
ON_TOP = (0.2, 0.5)  # for a developer; less for the book and the room
NO_NETWORK = ("NewConnectionError", "ConnectTimeoutError", "NameResolutionError", "ReadTimeoutError", "ProxyError")
# Settings of pip that put packages elsewhere, leave some out, or ask for other versions and builds of them. Those that
# say where packages come from are the user's: indexes, proxies and certificates stay.
PIP_OFF = ("USER", "REQUIRE_VIRTUALENV", "NO_DEPS", "DRY_RUN", "REQUIRE_HASHES", "IGNORE_INSTALLED", "QUIET")
PIP_UNSET = ("TARGET", "PREFIX", "ROOT", "PYTHON", "REQUIREMENT", "EDITABLE", "PLATFORM", "PYTHON_VERSION", "ABI",
             "IMPLEMENTATION", "REPORT", "SRC", "CONSTRAINT", "BUILD_CONSTRAINT", "NO_BINARY", "ONLY_BINARY", "PRE",
             "NO_BUILD_ISOLATION")  # fmt: skip


def numbers(version):
    """ "3.11.7" as (3, 11, 7)."""
    return tuple(int(part) for part in re.findall(r"\d+", version))


def obstacle(version, system, machine, libc):
    """Why the course cannot be installed on a Python, as a sentence, or None.

    version   "3.11.7"; system, machine and libc, as ("glibc", "2.36"): what `platform` says
    """
    series = numbers(version)[:2]
    if not OLDEST <= series <= NEWEST:
        wanted = "Python 3.10 or newer" if series < OLDEST else "a Python from 3.10 to 3.14"
        return (
            f"The course needs {wanted}; this one is {version}. "
            "Install another one and name it: make lab PYTHON=python3.12"
        )
    old = system == "Linux" and (libc[0] != "glibc" or numbers(libc[1]) < (2, 28))
    if old or machine not in BUILT_FOR.get(system, ()):
        return (
            f"PyTorch {TORCH} is not built for this Python, which is for {system} on {machine}. It is for Linux with "
            "glibc 2.28 or newer (x86_64, aarch64), Macs with an Apple processor, and Windows (AMD64)."
        )


def reason(lines):
    """What the lines that pip printed say about why it failed."""
    output = "".join(lines)
    if any(word in output for word in NO_NETWORK):
        return "The packages could not be fetched: there is no network. Connect, and run the same command again."
    if "No space left on device" in output:
        return "The disk is full. Make room, and run the same command again."
    last = "".join(lines[-12:])
    return f"{last}The packages could not be installed; pip's own words are above. Run the same command to try again."


def environment():
    """The environment in which Python is .venv's, and pip installs all of what is asked for into it."""
    unset = tuple(f"PIP_{option}" for option in PIP_UNSET)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON") and name not in unset}
    kept.update({f"PIP_{option}": "0" for option in PIP_OFF})
    return kept


def run(*arguments, **options):
    """Run .venv's Python and return what it printed, or None where it failed."""
    command = [str(PYTHON), *arguments]
    try:
        done = subprocess.run(command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, **options)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode(errors="replace").strip() if done.returncode == 0 else None


def made_with():
    """The version of .venv's Python, "3.11.7"; None where it does not run or has no pip."""
    return run("-I", "-c", "import pip, platform; print(platform.python_version())")


def wanted(version):
    """A digest of all that decides what a Python of this version installs: when it changes, so must .venv."""
    pins = [(ROOT / name).read_bytes() for name in PINS]
    return hashlib.sha256(b"".join([str(ROOT).encode(), str(version).encode()] + pins)).hexdigest()


def offers_small(*options):
    """Whether pip, with options, can have PyTorch without the libraries for a graphics card."""
    asked = ("-m", "pip", "index", "versions", "torch", "--timeout", str(PATIENCE), "--retries", "0", *options)
    return f"{TORCH}+cpu" in (run(*asked, timeout=12 * PATIENCE) or "")


def build():
    """Which build of PyTorch will be had: ("small" or "large", pip's options for it, a sentence or "")."""
    there = run("-I", "-c", "from importlib.metadata import version; print(version('torch'))")
    if there and there.split("+")[0] == TORCH:
        return "small", (), ""
    if platform.system() != "Linux" or offers_small():
        return "small", (), ""
    if INDEX and offers_small("--extra-index-url", INDEX):
        return "small", ("--extra-index-url", INDEX), ""
    silent = f"{INDEX} does not answer" if INDEX else "COURSE_TORCH_INDEX is empty"
    return "large", (), f"{silent}: pip takes PyTorch with what a graphics card needs and the course does not use. "


def install(*arguments):
    """pip install, shown as the downloads it makes; exits with a sentence where it fails. `compile_all` compiles."""
    command = [str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check", "--no-compile", *arguments]
    lines = []
    with subprocess.Popen(
        command, cwd=str(ROOT), env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as pip:
        for line in pip.stdout:
            lines.append(line.decode(errors="replace"))
            if lines[-1].lstrip().startswith("Downloading") and ".metadata" not in lines[-1]:
                print(" ", lines[-1].strip(), flush=True)
    if pip.returncode:
        sys.exit(reason(lines))


def compile_all():
    """Compile what was installed, on every core, where pip would take one; what is no Python of today is left."""
    code = "import compileall, sysconfig; compileall.compile_dir(sysconfig.get_path('purelib'), quiet=2, workers=0)"
    run("-I", "-c", code)


def gigabytes(folder):
    """What the files in folder take."""
    return sum(path.lstat().st_size for path in folder.rglob("*")) / 1e9


def full(fetched, taken):
    """Which disk has no room for an installation, as a sentence, or None.

    What is in .venv already need not be fetched. Until pip is done, what it fetches lies in a temporary folder too, and
    in its cache.
    """
    missing = max(0, taken - gigabytes(VENV))
    fetched *= missing / taken
    cache = Path(run("-m", "pip", "cache", "dir") or tempfile.gettempdir())
    needed = {}
    for folder, need in ((ROOT, missing), (Path(tempfile.gettempdir()), fetched), (cache, fetched)):
        folder = next(path for path in (folder, *folder.parents) if path.exists())
        first, before = needed.get(folder.stat().st_dev, (folder, 0))
        needed[folder.stat().st_dev] = first, before + need
    for folder, need in needed.values():
        free = shutil.disk_usage(str(folder)).free / 1e9
        if free < need:
            return f"The course needs {need:.1f} GB of free disk space in {folder}; {free:.1f} GB are free."


def make(version):
    """Make .venv anew with this Python."""
    if os.pathsep in str(ROOT):
        sys.exit(f"Python makes no .venv in a folder with {os.pathsep!r} in its path: {ROOT}. Move the course.")
    if not all(find_spec(name) for name in ("venv", "ensurepip")):
        sys.exit("This Python has no venv module. On Debian and Ubuntu: sudo apt-get install python3-venv")
    print(f"Making {VENV} with Python {version} ...", flush=True)
    if subprocess.call([sys.executable, "-m", "venv", "--clear", str(VENV)], env=environment()):
        sys.exit(f"{VENV} could not be made; Python's own words are above.")


def main():
    names = [PINS[0]] + [name for option, name in MORE.items() if option in sys.argv]
    done = [VENV / f"{name}.done" for name in names]
    here, there = platform.python_version(), made_with()
    anew = there is None or ("--anew" in sys.argv and there != here)
    version = here if anew else there
    if not anew and all(stamp.exists() and stamp.read_text() == wanted(version) for stamp in done):
        return
    sentence = obstacle(version, platform.system(), platform.machine(), platform.libc_ver())
    if sentence:
        sys.exit(sentence)
    if not os.access(str(VENV if VENV.exists() else ROOT), os.W_OK):
        sys.exit(f"The course is installed into {VENV}, which cannot be written. Copy the course to a folder of yours.")
    if anew:
        make(version)
    kind, options, sentence = build()
    fetched, taken = (size + more * (len(names) - 1) for size, more in zip(SIZES[kind], ON_TOP))
    no_room = full(fetched, taken)
    if no_room:
        sys.exit(sentence + no_room)
    minutes = "a minute or more" if kind == "small" else "seven minutes or more"
    asked = names[1:] or names  # each of the others names the first
    print(f"{sentence}Installing {' and '.join(asked)} into {VENV}: up to {fetched:.1f} GB to download, {taken:.1f} GB "
          f"on the disk, {minutes} ...", flush=True)  # fmt: skip
    if options:
        install("--no-deps", *options, f"torch=={TORCH}+cpu")
    install(*[word for name in asked for word in ("-r", name)])
    compile_all()
    if not run("-I", "-c", "from importlib.metadata import version; print(version('course_lib'))"):
        sys.exit(f"pip installs, but not into {VENV}: its settings (pip config list) name a target, prefix or root.")
    for stamp in done:
        stamp.write_text(wanted(version))


if __name__ == "__main__":
    main()
