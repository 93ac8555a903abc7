"""Write a file whole or not at all: whoever reads it finds the old content or the new, whatever happens in between."""

import os
import shutil
import threading
from pathlib import Path


def write(path, content):
    """Make content, text or bytes, the whole content of path, and make the folders above it.

    It is written beside path (NAME.PROCESS.THREAD.part), brought to the disk, and then put in its place. After an
    interruption, an error or a power cut path is what it was before. Text is written as UTF-8 with its own line ends;
    the permissions of an old file stay, and a link goes on pointing where it did.
    Raises OSError, as open would, where path cannot be written, also for an old file that is read-only.
    """
    path = Path(path).resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and not os.access(path, os.W_OK):
        raise PermissionError(f"{path} is read-only")
    part = path.with_name(f"{path.name}.{os.getpid()}.{threading.get_ident()}.part")
    try:
        with part.open("wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            shutil.copymode(path, part)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
