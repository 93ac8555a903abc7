"""Equations typeset while the book is built, all in one run of node. An extension of Sphinx."""

from pathlib import Path

from docutils import nodes

from tools.book import katex

typeset = {}


def collect(app, env):
    """Typeset what all pages have."""
    found = set()
    for name in env.found_docs:
        for kind in (nodes.math, nodes.math_block):
            found |= {(node.astext(), kind is nodes.math_block) for node in env.get_doctree(name).findall(kind)}
    typeset.update(katex.set_all(sorted(found)))
    return []


def inline(writer, node):
    writer.body.append(f'<span class="math">{typeset[node.astext(), False]}</span>')
    raise nodes.SkipNode


def block(writer, node):
    writer.body.append(f'<div class="math">{typeset[node.astext(), True]}</div>')
    raise nodes.SkipNode


def add_style(app, error):
    """Put the style and the fonts of KaTeX beside the pages."""
    for path, content in katex.style().items():
        target = Path(app.outdir, "_static", "katex", path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


def setup(app):
    app.add_html_math_renderer("typeset", (inline, None), (block, None))
    app.add_css_file("katex/katex.min.css")
    app.connect("env-updated", collect)
    app.connect("build-finished", add_style)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
