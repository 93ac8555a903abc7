"""`make concepts` writes the test; `make concepts ARGS=class.csv` says what a class answered."""

import argparse
import sys
from pathlib import Path

from course_lib.files import write
from tools.concepts.answers import Unreadable, sheets
from tools.concepts.pages import FILES
from tools.concepts.report import report

FOLDER = Path(__file__).resolve().parents[2] / "build" / "concepts"


def main(words=None):
    parser = argparse.ArgumentParser(prog="make concepts", description=__doc__)
    parser.add_argument("table", nargs="?", help="what a class answered; without it, the test itself is written")
    parser.add_argument("--out", type=Path, help="where to (default: build/concepts)", default=FOLDER)
    asked = parser.parse_args(words)
    if asked.table is None:
        for name, text in FILES.items():
            write(asked.out / name, text())
            print(asked.out / name)
        return 0
    try:
        found, notes = sheets(Path(asked.table))
    except Unreadable as error:
        print(error, file=sys.stderr)
        return 2
    text = "\n".join(report(found, notes)) + "\n"
    print(text)
    target = asked.out / f"{Path(asked.table).stem}.md"
    write(target, text)
    print(f"This stands in {target}.", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
