"""What a notebook folds, folded on the page: code until it is asked for, a result until it was predicted.

An extension of Sphinx.
"""

from html import escape

from myst_nb.sphinx_ import HideCodeCellNode

PROMPTS = {"code": "Code", "result": "Result"}


def begin(writer, node):
    kind = "code" if "above-input" in node["classes"] else "result"
    prompt = node["prompt_show"] or PROMPTS[kind]
    writer.body.append(f'<details class="fold {kind}"><summary>{escape(prompt)}</summary>\n')


def end(writer, node):
    writer.body.append("</details>\n")


def setup(app):
    app.setup_extension("myst_nb")
    app.add_node(HideCodeCellNode, override=True, html=(begin, end))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
