"""Write exercises/ anew from solutions/: answers and hidden tests taken out, `NotImplementedError` put in.

    make exercises

The commands beneath it, one for each set: nbgrader generate_assignment 07_the_lstm --no-db --force
"""

import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from nbgrader.converters import GenerateAssignment
from nbgrader.coursedir import CourseDirectory
from traitlets.config import PyFileConfigLoader

ROOT = Path(__file__).resolve().parents[1]


def generate(target):
    """Write the exercise of every set in solutions/ into the folder target."""
    config = PyFileConfigLoader("nbgrader_config.py", path=str(ROOT)).load_config()
    config.CourseDirectory.root = str(ROOT)
    config.CourseDirectory.release_directory = str(target)
    config.GenerateAssignment.no_database, config.SaveCells.enabled = True, False  # what --no-db sets
    for folder in sorted((ROOT / "solutions").iterdir()):
        config.CourseDirectory.assignment_id = folder.name
        GenerateAssignment(coursedir=CourseDirectory(config=config), config=config).start()


def main():
    """Generate beside exercises/, then put the new folder in its place, so that a crash leaves the old one."""
    with TemporaryDirectory(dir=ROOT) as scratch:
        fresh, old = Path(scratch, "exercises"), Path(scratch, "old")
        generate(fresh)
        if (ROOT / "exercises").exists():
            (ROOT / "exercises").rename(old)
        shutil.move(fresh, ROOT / "exercises")
    print(f"exercises: {len(list((ROOT / 'exercises').glob('*/*.ipynb')))} sets")


if __name__ == "__main__":
    sys.exit(main())
