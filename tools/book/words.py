"""The words of the glossary, and where a text uses one of them."""

import re
from functools import cache
from pathlib import Path

# A cell of a notebook, and one update of a memory, are not those of the glossary.
OTHERWISE = re.compile(r"\b(?:next|first|stops this) cells?\b|\bupdate\b(?! gate)", re.I)
GLOSSARY = Path(__file__).resolve().parents[2] / "docs" / "glossary.md"


def anchor(word):
    """What a link to a word of the glossary ends with."""
    return re.sub(r"\W+", "-", word.lower())


@cache
def meanings():
    """{word: what it means, without what a tooltip cannot show}"""
    found = {}
    for entry in GLOSSARY.read_text(encoding="utf-8").split("\n### ")[1:]:
        word, _, rest = entry.partition("\n")
        plain = re.sub(r"\(\[\d\d\w?\]\([^)]*\)\)|\*\*|\$", "", rest)
        found[word] = " ".join(plain.split())
    return found


@cache
def pattern():
    """Any word of the glossary, one or many, with blanks or hyphens; the longer ones first."""
    words = sorted(meanings(), key=len, reverse=True)
    parts = (r"[\s-]".join(re.escape(part) for part in re.split(r"[\s-]", word)) for word in words)
    return re.compile(rf"(?<![\w-])(?P<word>{'|'.join(parts)})(?:s|es)?(?![\w-])", re.I)


def named(text):
    """The word of the glossary that a text is, in whatever form."""
    same = {re.sub(r"[\s-]+", " ", word.lower()): word for word in meanings()}
    return same[re.sub(r"[\s-]+", " ", pattern().fullmatch(text)["word"].lower())]


def split(text, used):
    """A text as [(a piece, its word or None)]; used, the words that the page has had, grows."""
    pieces, end = [], 0
    other = {place for found in OTHERWISE.finditer(text) for place in range(*found.span())}
    for found in pattern().finditer(text):
        word = named(found[0])
        if word in used or found.start() in other:
            continue
        used.add(word)
        pieces += [(text[end : found.start()], None), (found[0], word)]
        end = found.end()
    return [piece for piece in [*pieces, (text[end:], None)] if piece[0]]
