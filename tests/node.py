"""Run JavaScript in node, on modules that the library writes."""

import json
import shutil
import subprocess

import pytest


def run(folder, text, given, **modules):
    """What the JavaScript text, the body of an async function of `given`, returns. modules: {name: text} beside it."""
    node = shutil.which("node")
    if node is None:  # .ci/run does not begin without it
        pytest.skip("there is no node on this machine (Debian: apt-get install nodejs)")
    for name, module in modules.items():
        (folder / f"{name}.mjs").write_text(module, encoding="utf-8")
    (folder / "main.mjs").write_text(
        "import { readFileSync } from 'node:fs';\n"
        "const given = JSON.parse(readFileSync(0, 'utf8'));\n"
        f"const result = await (async () => {{\n{text}\n}})();\n"
        "process.stdout.write(JSON.stringify(result, (key, v) => ArrayBuffer.isView(v) ? [...v] : v));\n",
        encoding="utf-8",
    )
    done = subprocess.run([node, str(folder / "main.mjs")], input=json.dumps(given), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)
