"""Where the course is on the web: the one place that says so. Badges, links to files and the site's card follow it.

REPOSITORY is the setting; the environment's COURSE_REPOSITORY, as a workflow gives it, comes before it. After a change:
`make readme`, then `make book`.
"""

import os
from urllib.parse import urlsplit

REPOSITORY = ""  # as https://github.com/owner/name; empty: no badge, and no link to a file, leads to a code host
SITE = ""  # where `make book` is published; empty: where GitHub Pages publishes that repository
FIRST = "notebooks/00_start_here.ipynb"


def repository():
    """The course on a code host, without a slash at the end; "" where it is not known."""
    return os.environ.get("COURSE_REPOSITORY", REPOSITORY).rstrip("/")


def name():
    """owner/name of a repository on GitHub; "" for another host or none."""
    parts = urlsplit(repository())
    return parts.path.strip("/") if parts.netloc == "github.com" else ""


def site():
    """The address of the book, with a slash at the end; "" where it is not known."""
    said = os.environ.get("COURSE_SITE", SITE).rstrip("/")
    if not said and name():
        owner, _, repo = name().partition("/")
        said = f"https://{owner.lower()}.github.io/{repo}"
    return f"{said}/" if said else ""


def ways(notebook=FIRST):
    """{service: the address that starts the course, or a notebook of it, there}; none where no service can know it."""
    if not name():
        return {}
    return {
        "Binder": f"https://mybinder.org/v2/gh/{name()}/main?urlpath=lab/tree/{notebook}",
        "Codespaces": f"https://codespaces.new/{name()}",
        "Colab": f"https://colab.research.google.com/github/{name()}/blob/colab/{notebook}",
    }
