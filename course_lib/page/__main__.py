"""`python -m course_lib.page FOLDER` writes playground.html there."""

import argparse
from pathlib import Path

from course_lib.page import playground

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Write the playground, a page that needs nothing else.")
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    print(playground(folder / "playground.html"))
