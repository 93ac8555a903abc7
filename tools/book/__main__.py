"""`python -m tools.book` writes the site to build/book."""

import argparse
import shutil
import sys

from sphinx.cmd.build import main as sphinx

from tools.book.mend import mend
from tools.book.stage import ROOT, beside, stage

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Write the book to build/book.")
    parser.add_argument("--only", default="", help="for a quick look: a part of the names of the notebooks wanted")
    only = parser.parse_args().only
    pages, site = ROOT / "build" / "book-pages", ROOT / "build" / "book"
    stage(pages, only=only)
    shutil.rmtree(site, ignore_errors=True)
    failed = sphinx(["-b", "html", "-c", str(ROOT / "book"), "-d", str(ROOT / "build" / "book-trees"), "-q", "-E",
                     "-W", "--keep-going", str(pages), str(site)])  # fmt: skip
    if failed:
        sys.exit(failed)
    mend(site)
    beside(site)
    print(site / "index.html")
