"""The file of the rows: SQLite, because it comes with Python; a row is in it whole or not at all, and no run twice."""

import sqlite3
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryFile

from course_lib import doors

try:
    import fcntl
except ImportError:  # Windows, where every disk takes locks
    fcntl = None

KEY = (
    "role", "cell", "code", "task", "lag", "init", "parameters", "learning_rate", "batch_size", "budget", "seed",
)  # fmt: skip
RESULT = (
    "hidden_size", "weights", "threshold", "ended", "solved_at", "early_loss", "loss", "score", "seconds", "error",
    "versions", "command",
)  # fmt: skip
BUSY = 60  # seconds that a writer waits for another one, and a sweep for the first machine of its cluster
SOON = 0.2  # seconds after which it is asked whether the disk takes locks at all


def read(path):
    """Every row of a file that `sweep` wrote, as a list of dicts, ordered by KEY. ValueError where there is none."""
    if not Path(doors.path("read", "path", path)).is_file():
        raise ValueError(f"read needs a file that course_lib.sweep wrote; got {str(path)!r}, which does not exist")
    try:
        with connect(path, to_read=True) as file:
            if not ours(file):
                raise sqlite3.DatabaseError("it has no such table of runs")
            file.row_factory = sqlite3.Row
            return [dict(row) for row in file.execute(f"SELECT * FROM runs ORDER BY {', '.join(KEY)}")]
    except sqlite3.DatabaseError as error:
        raise ValueError(f"read needs a file that course_lib.sweep wrote; got {str(path)!r} ({error})") from None


def key(row):
    """What tells a run from every other."""
    return tuple(row[name] for name in KEY)


@contextmanager
def connect(path, *, to_read=False):
    """A connection that closes itself, and waits while another process writes.

    to_read   read also from a disk that takes no locks, as some network disks do. Nobody can write a row there, so that
              none is half written; a journal beside the file says that a machine with locks may be writing it
    """
    with closing(sqlite3.connect(path, timeout=SOON)) as file:
        alone = False
        try:
            file.execute("SELECT count(*) FROM sqlite_master")
        except sqlite3.OperationalError:
            alone = lockless(path)
        if not alone:
            file.execute(f"PRAGMA busy_timeout = {BUSY * 1000}")
            yield file
            return
    if not to_read:
        raise ValueError(
            f"sweep needs out on a disk that takes locks; got {str(path)!r}, on one that takes none: name another `out`"
        )
    unfinished(path)
    with closing(sqlite3.connect(f"{Path(path).absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as file:
        yield file
    unfinished(path)


def lockless(path):
    """Whether the disk that path is on takes no locks, so that it would be waited for one in vain."""
    if fcntl is None:
        return False
    try:
        try:
            probe = TemporaryFile(dir=Path(path).parent)  # closing path itself would drop locks that this process has
        except OSError:  # a folder that cannot be written: no process of ours has a row to write there
            probe = open(path, "rb")
    except OSError:
        return False
    with probe:
        try:
            fcntl.lockf(probe, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):  # somebody has it: there are locks
            return False
        except OSError:
            return True
    return False


def unfinished(path):
    """DatabaseError where a row may be half written."""
    if Path(f"{path}-journal").exists():
        raise sqlite3.DatabaseError("it is being written, or a sweep was cut off while it wrote")


def create(path):
    """Make path, and the folders above it, unless it is there. ValueError if it is there and is something else."""
    columns, unique = ", ".join(KEY + RESULT), ", ".join(KEY)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with connect(path) as file, file:
            tables = [name for (name,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            if not tables:
                file.execute(f"CREATE TABLE IF NOT EXISTS runs ({columns}, UNIQUE ({unique}))")
            elif not ours(file):
                raise sqlite3.DatabaseError(f"it holds {', '.join(tables)}")
    except (sqlite3.DatabaseError, OSError) as error:
        raise ValueError(f"sweep needs out as a new file, or one that it wrote; got {str(path)!r} ({error})") from None


def ours(file):
    """Whether a connection is to a file that `sweep` wrote."""
    return [column[1] for column in file.execute("PRAGMA table_info(runs)")] == [*KEY, *RESULT]


def add(path, row):
    """Write a row, unless one of that key is there."""
    names = KEY + RESULT
    command = f"INSERT INTO runs ({', '.join(names)}) VALUES ({', '.join('?' * len(names))}) ON CONFLICT DO NOTHING"
    with connect(path) as file, file:
        file.execute(command, [row[name] for name in names])


def holds(path, name):
    """Whether path has a row of that key."""
    where = " AND ".join(f"{column} = ?" for column in KEY)
    with connect(path) as file:
        return file.execute(f"SELECT count(*) FROM runs WHERE {where}", name).fetchone()[0] > 0
