"""`make slides` writes build/slides; index.html there lists them."""

import argparse
import sys
from pathlib import Path

import nbformat

from course_lib.files import write
from tools.authoring.notebooks import all_notebooks
from tools.slides.page import beside, contents, page
from tools.slides.pick import slides

FOLDER = Path(__file__).resolve().parents[2] / "build" / "slides"


def main(words=None):
    parser = argparse.ArgumentParser(prog="make slides", description=__doc__)
    parser.add_argument("notebooks", nargs="*", type=Path, help="paths; all lessons when there are none")
    parser.add_argument("--out", type=Path, default=FOLDER, help="where to (default: build/slides)")
    asked = parser.parse_args(words)
    if lacking := [str(path) for path in asked.notebooks if not path.is_file()]:
        parser.error(f"there is no {', no '.join(lacking)}")
    try:
        beside(asked.out)
    except RuntimeError as lacking:  # a sentence: what this machine has not
        parser.error(str(lacking))
    titles = {}
    for path in asked.notebooks or all_notebooks():
        made = slides(nbformat.read(path, as_version=4))
        name = f"{path.stem}.html"
        write(asked.out / name, page(made))
        titles[name] = f"{path.stem.partition('_')[0]} · {made[0].title}"
    write(asked.out / "index.html", contents(titles))
    print(asked.out / "index.html")
    return 0


if __name__ == "__main__":
    sys.exit(main())
