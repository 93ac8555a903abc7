"""A set of exercises as a page: each statement, its hints one after the other, and a solution, all folded."""

import re
from html import escape

import nbformat

from course_lib import checks
from tools.book.notebooks import one_form

MARKS = re.compile(r"^ *### .*\n?", re.M)
TOOLS = """<div class="tools"><a href="{name}" download>Download this set</a>
<span>In the course, each answer is checked as you give it.</span></div>"""


def page(solution, path, links):
    """The notebook with the solutions, of path in the course's root, as the source of a page."""
    about, *rest = solution.cells
    title, goes_with, counts, *_ = about.source.split("\n\n")
    counts = counts.partition(". ")[0]
    head = links.rewritten(f"{title}\n\n{goes_with}\n\n*{counts}.*", path)
    cells = [nbformat.v4.new_markdown_cell(head + "\n\n" + TOOLS.format(name=path.rpartition("/")[2]))]
    for cell in rest:
        cells += shown(cell, path, links)
    return nbformat.v4.new_notebook(cells=cells, metadata=solution.metadata)


def shown(cell, path, links):
    """What the page has of a cell: none, one, or the hints and the solution."""
    graded = cell.metadata.get("nbgrader")
    if graded and graded["solution"]:
        hints = [hint(k, text) for k, text in enumerate(hints_of(graded["grade_id"]), 1)]
        return [nbformat.v4.new_markdown_cell("\n".join(hints)), solved(cell, path, links)]
    if graded or cell.id == "imports":
        return []
    if cell.cell_type == "markdown":
        return [nbformat.v4.new_markdown_cell(links.rewritten(cell.source, path))]
    made = nbformat.v4.new_code_cell(cell.source)
    made.outputs = [output for one in cell.outputs if (output := one_form(one))]
    return [made]


def hints_of(name):
    """The hints of a problem or of one that a person reads."""
    return (checks.PROBLEMS | checks.ESSAYS)[name].hints


def hint(number, text):
    """A hint that is folded, as HTML; `names` in it are code."""
    shown = re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text, quote=False))
    return f'<details class="fold hint"><summary>Hint {number}</summary><p>{shown}</p></details>'


def solved(cell, path, links):
    """The solution, folded."""
    if cell.cell_type == "markdown":
        text = links.rewritten(cell.source, path)
        return nbformat.v4.new_markdown_cell(
            f'<details class="fold"><summary>Answers</summary>\n\n{text}\n\n</details>'
        )
    made = nbformat.v4.new_code_cell(MARKS.sub("", cell.source))
    made.metadata = {"tags": ["hide-input"], "mystnb": {"code_prompt_show": "A solution"}}
    return made


def listed(pages):
    """The rows of the table of all sets: {path: notebook}."""
    for path, made in pages.items():
        title, goes_with, counts = made.cells[0].source.split("\n\n")[:3]
        number, _, name = title.removeprefix("# Exercises ").partition(" · ")
        yield f"| [{number} {name}]({path.removeprefix('exercises/')}) | {counts.strip('*')} |"
