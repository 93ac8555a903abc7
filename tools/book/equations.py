"""Equations typeset while the book is built, all in one run of node: the pages need KaTeX's style and fonts, no script.

An extension of Sphinx. KaTeX writes each equation twice: to be seen, and as MathML, which a screen reader reads out.
"""

import json
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from docutils import nodes

from tools.book.fetched import files

KATEX = "0.19.1"
TYPESET = """
const katex = require("./katex.js"), { readFileSync } = require("fs");
const asked = JSON.parse(readFileSync(0, "utf8"));
const options = { throwOnError: true, strict: (code) => (code === "unicodeTextInMathMode" ? "ignore" : "error") };
const html = ([latex, displayMode]) => katex.renderToString(latex, { ...options, displayMode });
console.log(JSON.stringify(asked.map(html)));
"""
typeset = {}


def set_all(asked):
    """{(LaTeX, whether it stands by itself): HTML}; RuntimeError, with KaTeX's words, for what it cannot set."""
    node = shutil.which("node")
    if node is None:
        raise RuntimeError("there is no node on this machine (Debian: apt-get install nodejs)")
    with TemporaryDirectory() as folder:
        for path, content in files("katex", KATEX, wanted=lambda path: path == "dist/katex.js").items():
            Path(folder, path.removeprefix("dist/")).write_bytes(content)
        Path(folder, "main.js").write_text(TYPESET)
        options = {"cwd": folder, "capture_output": True, "encoding": "utf-8"}
        done = subprocess.run([node, "main.js"], input=json.dumps(asked), **options)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return dict(zip(asked, json.loads(done.stdout)))


def collect(app, env):
    """Typeset what all pages have."""
    found = set()
    for name in env.found_docs:
        for kind in (nodes.math, nodes.math_block):
            found |= {(node.astext(), kind is nodes.math_block) for node in env.get_doctree(name).findall(kind)}
    typeset.update(set_all(sorted(found)))
    return []


def inline(writer, node):
    writer.body.append(f'<span class="math">{typeset[node.astext(), False]}</span>')
    raise nodes.SkipNode


def block(writer, node):
    writer.body.append(f'<div class="math">{typeset[node.astext(), True]}</div>')
    raise nodes.SkipNode


def add_style(app, error):
    """Put the style and the fonts of KaTeX beside the pages."""
    wanted = ("dist/katex.min.css", "LICENSE")
    for path, content in files("katex", KATEX, wanted=lambda path: path in wanted or path.endswith(".woff2")).items():
        target = Path(app.outdir, "_static", "katex", path.removeprefix("dist/"))
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


def setup(app):
    app.add_html_math_renderer("typeset", (inline, None), (block, None))
    app.add_css_file("katex/katex.min.css")
    app.connect("env-updated", collect)
    app.connect("build-finished", add_style)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
