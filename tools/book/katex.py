"""Equations typeset by KaTeX in node, before anybody opens a page: it then needs KaTeX's style and fonts, no script.

KaTeX writes each equation twice: to be seen, and as MathML, which a screen reader reads out.
"""

import json
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from tools.book.fetched import files

KATEX = "0.19.1"
TYPESET = """
const katex = require("./katex.js"), { readFileSync } = require("fs");
const asked = JSON.parse(readFileSync(0, "utf8"));
const options = { throwOnError: true, strict: (code) => (code === "unicodeTextInMathMode" ? "ignore" : "error") };
const html = ([latex, displayMode]) => katex.renderToString(latex, { ...options, displayMode });
console.log(JSON.stringify(asked.map(html)));
"""


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


def style():
    """{path: bytes} of KaTeX's style, its fonts, and its license."""
    wanted = ("dist/katex.min.css", "LICENSE")
    found = files("katex", KATEX, wanted=lambda path: path in wanted or path.endswith(".woff2"))
    return {path.removeprefix("dist/"): content for path, content in found.items()}
