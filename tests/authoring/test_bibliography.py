"""Every work that notebooks, predictions, claims, words and the library cite is in the bibliography, and once."""

import re

from course_lib.claims import CLAIMS
from tools.book import works
from tools.book.stage import ROOT, course, markdown

# A name or several, perhaps after another word with a capital letter, and a year.
CITED = re.compile(r"((?:[A-Z][\w'’-]+)(?:,? (?:&|and|et al\.?|others|[A-Z][\w'’-]+),?)*),? \(?(\d{4})[),]")


def test_every_work_that_is_cited_is_in_the_bibliography_once():
    texts = {path.stem.partition("_")[0]: markdown(path) for path in course()}
    listed = [entry for entry, _ in works.works(texts)]
    keys = [works.key(works.ENTRY.match(f"- {entry}")) for entry in listed]
    assert len({key[:2] + (key[2].split()[0],) for key in keys}) == len(keys) > 25
    there = listed + re.findall(r"^- .+", (ROOT / "book" / "bibliography.md").read_text(encoding="utf-8"), re.M)
    authors = {(re.search(r"\((\d{4})\)", entry)[1], entry.partition(" (")[0]) for entry in there}
    texts["glossary"] = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    texts["claims"] = " ".join(" ".join([claim.says, claim.limits, claim.expected, claim.overturn]) for claim in CLAIMS)
    library = [path for path in (ROOT / "course_lib").rglob("*.*") if path.suffix in (".py", ".js", ".json")]
    texts |= {str(path): path.read_text(encoding="utf-8") for path in library}
    cited = {found for text in texts.values() for found in CITED.findall(text.partition("## Sources")[0])}
    assert len(cited) > 20
    found = {(who, when) for when, names in authors for who in re.findall(r"[A-Z][\w'’-]+", names)}
    missing = {
        (who, year) for who, year in cited if not any((name, year) in found for name in re.findall(r"[\w'’-]+", who))
    }
    assert missing == set()
