"""Files of npm packages, fetched once into build/."""

import shutil
import subprocess
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory

BUILD = Path(__file__).resolve().parents[2] / "build"


def archive(name, version):
    """The .tgz of a package, as npm packs it. RuntimeError, a sentence, where there is no npm."""
    kept = BUILD / f"{name}-{version}.tgz"
    if not kept.exists():
        npm = shutil.which("npm")
        if npm is None:
            raise RuntimeError("there is no npm on this machine (Debian: apt-get install npm)")
        kept.parent.mkdir(exist_ok=True)
        with TemporaryDirectory(dir=kept.parent) as folder:  # so that no other process reads half of it
            command = [npm, "pack", "--silent", f"{name}@{version}"]
            subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
            (Path(folder) / kept.name).replace(kept)
    return kept


def files(name, version, *, wanted):
    """{path within the package: bytes} of the files for which wanted(path) holds."""
    with tarfile.open(archive(name, version)) as packed:
        members = {member.name.partition("/")[2]: member for member in packed if member.isfile()}
        return {path: packed.extractfile(member).read() for path, member in members.items() if wanted(path)}
