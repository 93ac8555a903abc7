"""The file of the rows: SQLite, because it comes with Python; a row is in it whole or not at all, and no run twice."""

import sqlite3
from contextlib import closing
from pathlib import Path

from course_lib import doors

KEY = (
    "role", "cell", "code", "task", "lag", "init", "parameters", "learning_rate", "batch_size", "budget", "seed",
)  # fmt: skip
RESULT = (
    "hidden_size", "weights", "threshold", "ended", "solved_at", "early_loss", "loss", "score", "seconds", "error",
    "versions", "command",
)  # fmt: skip
BUSY = 60  # seconds that a writer waits for another one, and a sweep for the first machine of its cluster


def read(path):
    """Every row of a file that `sweep` wrote, as a list of dicts, ordered by KEY. ValueError where there is none."""
    if not Path(doors.path("read", "path", path)).is_file():
        raise ValueError(f"read needs a file that course_lib.sweep wrote; got {str(path)!r}, which does not exist")
    try:
        with connect(path) as file:
            if not ours(file):
                raise sqlite3.DatabaseError("it has no such table of runs")
            file.row_factory = sqlite3.Row
            return [dict(row) for row in file.execute(f"SELECT * FROM runs ORDER BY {', '.join(KEY)}")]
    except sqlite3.DatabaseError as error:
        raise ValueError(f"read needs a file that course_lib.sweep wrote; got {str(path)!r} ({error})") from None


def key(row):
    """What tells a run from every other."""
    return tuple(row[name] for name in KEY)


def connect(path):
    """A connection that closes itself, and waits while another process writes."""
    return closing(sqlite3.connect(path, timeout=BUSY))


def create(path):
    """Make path, and the folders above it, unless it is there. ValueError if it is there and is something else."""
    columns, unique = ", ".join(KEY + RESULT), ", ".join(KEY)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with connect(path) as file, file:
            tables = [name for (name,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            if not tables:
                file.execute(f"CREATE TABLE runs ({columns}, UNIQUE ({unique}))")
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
