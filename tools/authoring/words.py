"""Link the words of the glossary in the notebooks: `python -m tools.authoring.words`. A second run changes nothing.

In each notebook the first bold use of a word leads to its entry; where no bold text is a word, the first use of any
word does. Headings, code, mathematics, comments, links and Sources stay as they are; a word with a link has no second.
"""

import re
import sys
from pathlib import Path

import nbformat

from course_lib.files import write
from tools.book.words import anchor, meanings, named, pattern, split

ROOT = Path(__file__).resolve().parents[2]
LINK = re.compile(r"\]\(\.\./docs/glossary\.md#([\w-]+)\)")
BOLD = re.compile(r"\*\*(.+?)\*\*", re.S)
CLOSED = re.compile(
    r"^(```|~~~).*?^\1"  # code
    r"|^## Sources$.*"  # titles of works, to the end
    r"|^ {0,3}#.*?$"  # a heading
    r"|^(?=[^\n]*\|)[^\n]*\n(?=\|?[ :|-]*--[ :|-]*$)"  # the head of a table
    r"|(`+)(?!`).+?(?<!`)\2(?!`)|\$\$.+?\$\$|(?<![\\$])\$[^$]+?\$"
    r"|<!--.*?-->|<[a-z/][^>]*>|!?\[(?:[^\[\]]|\[[^\]]*\])*\]\([^()\s]*\)",
    re.S | re.M,
)
# Words that stand alone in bold for a longer one.
SHORT = {"adding": "Adding problem", "chrono": "Chrono initialisation", "clipped": "Clipping",
         "counting": "Counting task", "coupled": "Tied gates", "direct": "Direct path", "latched": "Latch",
         "latching": "Latching task", "leaky": "Leaky cell", "rectifier": "Activation function",
         "tied": "Tied gates", "unrolling": "Unroll"}  # fmt: skip


def meant(text):
    """The word of the glossary that a text is, alone or after an article; None for none."""
    text = re.sub(r"^(?:an?|the)\s+", "", text, flags=re.I)
    return SHORT.get(text.lower()) or (named(text) if pattern().fullmatch(text) else None)


def open_part(text):
    """Markdown with a NUL for every character in which nothing is linked."""
    return CLOSED.sub(lambda found: re.sub(r"[^\n]", "\0", found[0]), text)


def link(text, word):
    """A text as a link to its word."""
    return f"[{text}](../docs/glossary.md#{anchor(word)})"


def bold(text, used):
    """(text with its first bold uses of words that are not in used linked, [(the bold, its word)]); used grows."""
    pieces, end, made = [], 0, []
    for found in BOLD.finditer(open_part(text)):
        word = meant(found[1])
        if word is None or anchor(word) in used:
            continue
        used.add(anchor(word))
        made.append((found[1], word))
        pieces += [text[end : found.start(1)], link(found[1], word)]
        end = found.end(1)
    return "".join([*pieces, text[end:]]), made


def plain(text):
    """(text with its first use of any word linked, [(the use, its word)])"""
    end = 0
    for piece, word in split(BOLD.sub(lambda found: "\0" * len(found[0]), open_part(text)), set()):
        if word:
            return text[:end] + link(piece, word) + text[end + len(piece) :], [(piece, word)]
        end += len(piece)
    return text, []


def linked(notebook):
    """Link the words in a notebook; [(the text that became a link, its word)]."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "markdown"]
    used = {led for cell in cells for led in LINK.findall(cell.source)} & {anchor(word) for word in meanings()}
    had, made = bool(used), []
    for cell in cells:
        cell.source, new = bold(cell.source, used)
        made += new
    for cell in cells if not had and not made else ():
        cell.source, made = plain(cell.source)
        if made:
            break
    return made


def main(folder=ROOT / "notebooks"):
    for path in sorted(Path(folder).glob("[0-9]*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        if made := linked(notebook):
            write(path, nbformat.writes(notebook) + "\n")
        print(path.stem, ", ".join(f"{' '.join(text.split())} → {anchor(word)}" for text, word in made) or "-")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
