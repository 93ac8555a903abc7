"""A notebook as a page: the same cells with their stored outputs, one form of each, the one that a page can show."""

import re
from base64 import b64decode
from html import escape

import nbformat

from course_lib.predictions import question
from tools import address

# The forms of an output, the best for a page first; not among them is a widget's view, which is dead without a kernel.
FORMS = ("text/html", "text/markdown", "text/latex", "text/plain")
PREDICT = re.compile(r'^predict\("([\w-]+)"\)', re.M)
PREDICTED = re.compile(r'predicted="([\w-]+)"')
IMAGE = re.compile(r'<img alt="[^"]*"[^>]*>')
LEAST = 0.75  # of a picture's own size
TOLD = "**The prediction:**"
TOOLS = """<div class="tools"><button type="button" class="all">Show all results</button>
<a href="{name}" download>Download this notebook</a>{ways}</div>"""


def page(notebook, path, links):
    """The notebook of path, of the course's root, as the source of a page."""
    cells = [shown(cell, path, links) for cell in notebook.cells]
    ways = "".join(f'\n<a href="{where}">Open in {name}</a>' for name, where in address.ways(path).items())
    cells.insert(1, nbformat.v4.new_markdown_cell(TOOLS.format(name=path.rpartition("/")[2], ways=ways)))
    return nbformat.v4.new_notebook(cells=cells, metadata=notebook.metadata)


def shown(cell, path, links):
    """A cell as the book has it."""
    cell = nbformat.from_dict(cell)
    if cell.cell_type == "markdown":
        cell.source = links.rewritten(cell.source, path)
        return cell
    if asked := PREDICT.search(cell.source):
        return nbformat.v4.new_markdown_cell(prediction(asked[1]))
    cell.outputs = [output for output in map(one_form, cell.outputs) if output]
    if settled := PREDICTED.search(cell.source):
        mark(cell.outputs, settled[1])
    if cell.outputs and cell.metadata.get("jupyter", {}).get("outputs_hidden"):
        cell.metadata["tags"] = [*cell.metadata.get("tags", []), "hide-output"]
    return cell


def one_form(output):
    """An output in the form that the page shows; None for none."""
    if output.output_type == "stream":
        return output if output.text.strip() else None
    data = {form: output.data[form] for form in FORMS if form in output.data}
    view = "application/vnd.jupyter.widget-view+json" in output.data
    if not data or view and list(data) == ["text/plain"]:  # what is left of a bar that showed progress
        return None
    form = next(iter(data))
    if form == "text/html":
        data = {form: later(legible(data[form]))}
    text = re.sub(r"^---$", "<hr>", data[form], flags=re.M) if form == "text/markdown" else data[form]
    return nbformat.v4.new_output("display_data", data={form: text})


def later(html):
    """HTML whose widgets come to life, by book.js, when a reader comes near them; before, their stills are seen."""
    return re.sub(r'(<iframe [^>]*?)srcdoc="', r'\1data-srcdoc="', html)


def legible(html):
    """HTML whose pictures become no smaller than can be read, and scroll instead where the page is narrow."""

    def wrapped(found):
        drawn = re.search(r"svg\+xml;base64,([^\"]+)", found[0])
        wide = re.search(r' width="(\d+)', b64decode(drawn[1]).decode() if drawn else found[0])
        style = f'<img style="min-width: {round(LEAST * int(wide[1]))}px"' if wide else "<img"
        return f'<div class="scroll">{found[0].replace("<img", style, 1)}</div>'

    return IMAGE.sub(wrapped, html)


def mark(outputs, name):
    """Mark the line that tells what became of the prediction of that name: the page makes it personal."""
    for output in outputs:
        text = output.get("data", {}).get("text/markdown", "")
        if text.startswith(TOLD):
            rest = text.removeprefix(TOLD)
            output.data["text/markdown"] = f'<b data-told="{name}">The prediction:</b>{rest}'


def emphasised(text):
    """A text of the bank as HTML: *words* in it are emphasised."""
    return re.sub(r"\*([^*\s][^*]*)\*", r"<em>\1</em>", escape(text))


def prediction(name):
    """The question of that name as a form that book.js brings to life."""
    asked = question(name)
    choices = "\n".join(
        f'<label><input type="radio" name="{name}" value="{k}"><span>{emphasised(choice)}</span></label>'
        for k, choice in enumerate(asked.choices)
    )
    return (
        f'<fieldset class="prediction" data-prediction="{name}" data-right="{asked.answer}">\n'
        f"<legend><b>Predict.</b> {emphasised(asked.question)}</legend>\n{choices}\n"
        '<p class="noted" role="status"></p>\n</fieldset>'
    )
