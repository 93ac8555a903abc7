"""What a browser would run of a page, and the pages that nbgrader's Formgrader makes."""

from html.parser import HTMLParser
from pathlib import Path

import nbgrader
from nbconvert.exporters import HTMLExporter

TEMPLATES = Path(nbgrader.__file__).parent / "server_extensions" / "formgrader" / "templates"
RUNS = set("script iframe object embed svg math form button base meta link style template".split())
ADDRESSES = ("href", "src", "srcdoc", "action", "formaction", "xlink:href", "data", "poster", "background")


class Active(HTMLParser):
    """Collects the elements that run or load something, attributes that are code, and addresses that are not plain."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attributes):
        if tag in RUNS:
            self.found.append(tag)
        for name, value in attributes:
            address = (value or "").strip().lower()
            plain = address.startswith(("#", "http://", "https://", "mailto:")) or ":" not in address
            if name.startswith("on") or name == "style" or name in ADDRESSES and not plain:
                self.found.append(f"{tag} {name}={value[:40]}")


def active(page):
    parser = Active()
    parser.feed(page)
    return parser.found


def formgrader(folder):
    """A function of the path of a notebook: the page that Formgrader shows of it."""
    exporter = HTMLExporter(template_name="formgrade", extra_template_basedirs=[str(TEMPLATES)])
    about = {"assignment_id": "a", "notebook_id": "n", "submission_id": "s", "index": 0, "total": 1, "base_url": "",
             "student": "s", "last_name": "", "first_name": "", "notebook_path": ""}  # fmt: skip
    return lambda path: exporter.from_filename(str(path), resources=dict(about))[0]
