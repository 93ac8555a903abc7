"""The bibliography: every work that a notebook names under Sources, once, with the notebooks that name it."""

import re

ENTRY = re.compile(r"^- (?P<who>[^()]+?) \((?P<year>\d{4})\)\. (?P<rest>.+)$")


def entries(text):
    """The works that the Markdown of a notebook lists under Sources, each on one line."""
    listed = text.partition("## Sources")[2].partition("\n## ")[0]
    items = re.findall(r"^- .+(?:\n  .+)*", listed, flags=re.M)
    return [found for item in items if (found := ENTRY.match(" ".join(item.split())))]


def key(entry):
    """What two entries of one work share: the first author, the year, and how the title begins."""
    author = entry["who"].split(",")[0].split("&")[0].split(" and ")[0].split(" et al")[0].split()[-1]
    title = re.sub(r"[^a-z ]", "", entry["rest"].lower()).split()
    return author, entry["year"], " ".join(title[:3])


def works(notebooks):
    """[(entry as Markdown, the numbers of the notebooks that name it)], in alphabetical order.

    notebooks   {number: the Markdown of its cells}. Of several forms of an entry the longest stands: it says most.
    """
    found, named = {}, {}
    for number, text in notebooks.items():
        for entry in entries(text):
            one = key(entry)
            named.setdefault(one, []).append(number)
            found[one] = max(found.get(one, ""), f"{entry['who']} ({entry['year']}). {entry['rest']}", key=len)
    return [(found[one], named[one]) for one in sorted(found)]
