"""More of what learners hand in: honest work as Jupyter takes it, odd files, and what is meant to do harm.

Every case is {student: (what is handed in, points, status, a word of the explanation)}. What is handed in is a notebook
or a function of the student and the folder `submitted` that puts something there.
"""

import base64
import json
import os
import sys
from functools import partial

import nbformat
from handed_in import ALL, REST, ROOT, SET, body, cell, changed, right, stub, with_first

DEF = "def cell_update(c, g, f, i):\n    return f * c + i * g"
ESSAYS = "11_which_gate_matters"
GRADED, PARTLY, NOT = "graded", "partly graded", "not gradable"


def after(*lines):
    """The first answer, and more below it in its cell."""
    return with_first("\n".join([DEF, *lines]))


def below(source, kind="code", answer=None):
    """The first answer is the stub, or answer, and below it a new cell."""

    def change(notebook):
        old = cell(notebook, "cell_update")
        old.source = cell(stub(), "cell_update").source if answer is None else answer
        new = nbformat.v4.new_code_cell(source) if kind == "code" else nbformat.v4.new_markdown_cell(source)
        notebook.cells.insert(notebook.cells.index(old) + 1, new)

    return changed(change)


def above(source):
    def change(notebook):
        old = cell(notebook, "cell_update")
        notebook.cells.insert(notebook.cells.index(old), nbformat.v4.new_code_cell(source))
        old.source = cell(stub(), "cell_update").source

    return changed(change)


def uses_earlier_answer(notebook):
    at = notebook.cells.index(cell(notebook, "gate_for_half_life"))
    notebook.cells.insert(at, nbformat.v4.new_code_cell("one = cell_update(torch.ones(1), torch.zeros(1), 1., 0.)"))
    own = cell(notebook, "gate_for_half_life")
    own.source += "\nassert float(one) == 1"


def as_markdown(notebook):
    k = notebook.cells.index(cell(notebook, "cell_update"))
    notebook.cells[k] = nbformat.v4.new_markdown_cell(DEF, metadata=notebook.cells[k].metadata)


def with_outputs(notebook):
    data = {"text/html": "<script>alert(1)</script>", "image/svg+xml": "<svg onload='alert(1)'/>",
            "application/javascript": "alert(1)"}  # fmt: skip
    cell(notebook, "cell_update").outputs = [nbformat.v4.new_output("display_data", data=data)]


def in_the_check(notebook):
    check = next(one for one in notebook.cells if "checks.cell_update(" in one.source)
    check.source = f"{DEF}\n{check.source}"
    cell(notebook, "cell_update").source = cell(stub(), "cell_update").source


def quoted(notebook):
    k = notebook.cells.index(cell(notebook, "cell_update"))
    notebook.cells.insert(k + 1, nbformat.v4.new_markdown_cell(f"First I had\n\n```\n{DEF.replace('f', 'i')}\n```"))


def hint_from_the_future(notebook):
    notebook.cells.insert(1, nbformat.v4.new_code_cell("from __future__ import annotations"))
    cell(notebook, "cell_update").source = DEF.replace("c, g", "c: Unknown, g")


def without_format(notebook):
    notebook = json.loads(json.dumps(notebook))
    del notebook["nbformat"], notebook["nbformat_minor"]
    return notebook


HONEST = {
    "answer below the stub": (below(DEF), ALL, GRADED, ""),
    "answer above the stub": (above(DEF), ALL, GRADED, ""),
    "second answer below": (below(DEF, answer=DEF.replace("f * c", "c")), ALL, GRADED, "2 cells answer it"),
    "trial line that fails": (after("print(cell_update(1, 2))"), ALL, GRADED, ""),
    "trial line cut off": (after("print(cell_update(1,"), ALL, GRADED, ""),
    "question mark": (after("cell_update?", "?cell_update", "cell_update??"), ALL, GRADED, ""),
    "shell": (after("!ls", "found = !ls", "%pip install nothing", "%%bash"), ALL, GRADED, ""),
    "percent sign": (with_first(DEF.replace("f * c + i * g", "(f * c + i * g) * (7\n    % 3)")), ALL, GRADED, ""),
    "magic above": (with_first(f"%matplotlib inline\n{DEF}"), ALL, GRADED, ""),
    "timed cell": (with_first(f"%%time\n{DEF}"), ALL, GRADED, ""),
    "display": (with_first(f"display(1)\nfrom IPython.display import display\ndisplay(2)\n{DEF}"), ALL, GRADED, ""),
    "await": (with_first(f"import asyncio\nawait asyncio.sleep(0)\n{DEF}"), ALL, GRADED, ""),
    "line separator": (with_first(f"word = 'a\u2028% b'  # \u2028\n{DEF}"), ALL, GRADED, ""),
    "windows lines": (with_first(DEF.replace("\n", "\r\n")), ALL, GRADED, ""),
    "in and out": (after("Out, In, _, get_ipython().run_line_magic('who', '')"), ALL, GRADED, ""),
    "earlier answer": (changed(uses_earlier_answer), ALL, GRADED, ""),
    "endless trial": (after("while True: pass"), ALL, GRADED, ""),
    "trial that ends it": (after("import os", "os._exit(1)"), ALL, GRADED, ""),
    "exit below": (after("exit()"), ALL, GRADED, ""),
    "lambda": (with_first("cell_update = lambda c, g, f, i: f * c + i * g"), ALL, GRADED, ""),
    "callable": (with_first("class Update:\n    def __call__(self, c, g, f, i):\n        return f * c + i * g\n"
                            "cell_update = Update()"), ALL, GRADED, ""),
    "markdown cell": (changed(as_markdown), ALL, GRADED, "no code cell"),
    "unknown package": (below("import pandas_of_mine", answer=DEF), ALL, GRADED, ""),
    "in the check": (changed(in_the_check), ALL, GRADED, ""),
    "defined in a block": (below("if True:\n    " + DEF.replace("\n", "\n    ")), ALL, GRADED, ""),
    "defined as text": (below(f"exec({DEF!r})"), ALL, GRADED, ""),
    "between fences": (below(f"So:\n\n```python\n{DEF}\n```", "text"), ALL, GRADED, "no code cell"),
    "quoted below": (changed(quoted), ALL, GRADED, ""),
    "hint from the future": (changed(hint_from_the_future), ALL, GRADED, ""),
    "a long sum": (with_first(DEF + " + 0" * 500), ALL, GRADED, ""),
    "half a character": (with_first(f"# \ud83d\n{DEF}"), ALL, GRADED, ""),
    "no format": (without_format(right()), ALL, GRADED, ""),
    "format 5": (right() | {"nbformat": 5, "nbformat_minor": 1}, ALL, GRADED, ""),
    "a helper of one's own": (with_first(f"from helper_of_mine import *\n{DEF}"), ALL, GRADED, ""),
    "misspelt": (with_first(DEF.replace("cell_update", "cel_update")), REST, PARTLY, "defines no function cell_update"),
    "outputs": (changed(with_outputs), ALL, GRADED, ""),
}  # fmt: skip

# ---- Files ----


def placed(content, *parts):
    """A function that writes a file into the folder of submissions."""

    def write(student, submitted):
        path = submitted.joinpath(*(student if part is None else part for part in parts))
        path.parent.mkdir(parents=True, exist_ok=True)
        data = content if isinstance(content, bytes) else json.dumps(content, ensure_ascii=False).encode()
        path.write_bytes(data)

    return write


def several(*hands):
    def hand_in_all(student, submitted):
        for hand_in in hands:
            hand_in(student, submitted)

    return hand_in_all


def made(make):
    """A function that makes something else than a file at the place of the notebook."""

    def make_there(student, submitted):
        path = submitted / student / SET / f"{SET}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        make(path)

    return make_there


def sparse(path):
    with path.open("wb") as file:
        file.truncate(100 * 2**30)


def link_to_another(student, submitted):
    (submitted / student).symlink_to(submitted / "right")


def linked_set(student, submitted):
    (submitted / student).mkdir(parents=True)
    (submitted / student / SET).symlink_to(submitted / "right" / SET)


NOTEBOOK = f"{SET}.ipynb"
TEXT = json.dumps(right(), ensure_ascii=False)
put = partial(placed, right())
ACCENT = json.dumps(with_first(f"# größer\n{DEF}"), ensure_ascii=False)
FILES = {
    "byte order mark": (placed(b"\xef\xbb\xbf" + TEXT.encode(), None, SET, NOTEBOOK), ALL, GRADED, ""),
    "utf-16": (placed(TEXT.encode("utf-16"), None, SET, NOTEBOOK), ALL, GRADED, "UTF-16"),
    "utf-16 without mark": (placed(TEXT.encode("utf-16-le"), None, SET, NOTEBOOK), ALL, GRADED, "UTF-16"),
    "utf-16 the other way": (placed(TEXT.encode("utf-16-be"), None, SET, NOTEBOOK), ALL, GRADED, "UTF-16"),
    "no set": (placed(b"%PDF", None, "essay.pdf"), None, NOT, "essay.pdf"),
    "many characters": (placed(TEXT.encode().replace(b'"# ', b'"# ' + b"x" * 10**6, 1), None, SET, NOTEBOOK), None, NOT,
                        "million characters"),
    "latin-1": (placed(ACCENT.encode("latin-1", "replace"), None, SET, NOTEBOOK), ALL, GRADED, "Windows-1252"),
    "saved as text": (put(None, SET, f"{NOTEBOOK}.txt"), ALL, GRADED, "is called"),
    "saved as json": (put(None, SET, f"{SET}.json"), ALL, GRADED, "is called"),
    "from a mac": (several(put(None, SET, NOTEBOOK), placed(b"\0\5\x16\7", None, SET, f"._{NOTEBOOK}"),
                           placed(b"\0", None, SET, "__MACOSX", NOTEBOOK)), ALL, GRADED, ""),
    "only checkpoints": (put(None, SET, ".ipynb_checkpoints", NOTEBOOK), None, NOT, ".ipynb_checkpoints"),
    "only history": (put(None, SET, ".history", NOTEBOOK), None, NOT, ".history"),
    "stub beside": (several(placed(stub(), None, SET, NOTEBOOK), put(None, SET, f"{SET} (1).ipynb")),
                    ALL, GRADED, "(1)"),
    "two alike": (several(put(None, SET, "a.ipynb"), put(None, SET, "b.ipynb")), ALL, GRADED, "a.ipynb"),
    "a level up": (put(None, NOTEBOOK), ALL, GRADED, ""),
    "a level down": (put(None, "homework", SET, "x", NOTEBOOK), ALL, GRADED, ""),
    "folders swapped": (put(SET, None, NOTEBOOK), ALL, GRADED, ""),
    "a paper": (placed(b"%PDF", None, SET, "answer.pdf"), None, NOT, "answer.pdf"),
    "packed": (placed(b"PK", None, SET, "homework.zip"), None, NOT, "Unpack it"),
    "another set": (placed(b'{"cells": [{"cell_type": "code", "source": "1"}]}', None, SET, NOTEBOOK), None, NOT, ""),
    "link to another": (link_to_another, None, NOT, "links are not followed"),
    "linked set": (linked_set, None, NOT, "links are not followed"),
    "linked file": (made(lambda path: path.symlink_to(ROOT / "solutions" / SET / NOTEBOOK)), None, NOT, "not followed"),
    "folder of that name": (made(lambda path: path.mkdir()), None, NOT, "no notebook"),
    "sparse": (made(sparse), None, NOT, "102400 MB"),
    "deep": (placed(b"[" * 100_000, None, SET, NOTEBOOK), None, NOT, "not a notebook"),
    "many parts": (placed(b'{"cells": [' + b"[]," * 2_000_000 + b"1]}", None, SET, NOTEBOOK), None, NOT, "too many"),
    "zeros": (placed(bytes(1000), None, SET, NOTEBOOK), None, NOT, "not a notebook"),
    "no list": (placed(b'{"cells": 3}', None, SET, NOTEBOOK), None, NOT, ""),
    "odd cells": (placed(b'{"cells": [null, 3, {"metadata": []}], "nbformat": 4}', None, SET, NOTEBOOK), None, NOT, ""),
    "far future": (placed({"nbformat": 99, "cells": [{}]}, None, SET, NOTEBOOK), None, NOT, ""),
    "i" * 250: (put(None, SET, NOTEBOOK), ALL, GRADED, ""),
    "trailing blank ": (put(None, SET, NOTEBOOK), ALL, GRADED, ""),
    "Zoe\u0308": (put(None, SET, NOTEBOOK), ALL, GRADED, ""),
    "<img src=x onerror=alert(1)>": (put(None, SET, NOTEBOOK), ALL, GRADED, ""),
    "=1+1": (put(None, SET, NOTEBOOK), ALL, GRADED, ""),
    "[a-z]*{student_id}": (put(None, SET, NOTEBOOK), ALL, GRADED, ""),
    "-rf": (put(None, SET, NOTEBOOK), ALL, GRADED, ""),
    "\x1b[31mred\u202e": (put(None, SET, NOTEBOOK), ALL, GRADED, ""),
}  # fmt: skip

if sys.platform == "linux":  # elsewhere there are no such files and names
    FILES["pipe"] = (made(os.mkfifo), None, NOT, "no file")
    FILES[os.fsdecode("Größe".encode("latin-1"))] = (put(None, SET, NOTEBOOK), ALL, GRADED, "")

# ---- Harm ----


def writes(data):
    """Lines that write to every channel there may be."""
    return "import os", "for k in range(3, 9):", f"    try: os.write(k, {data!r})", "    except OSError: pass"


HOLD = "held = bytearray(10**9); held[::4096] = bytes(len(held[::4096]))"
SLEEP = "import time; time.sleep(1e6)"
HARM = {
    "three forks": (body("import os, time", "for k in range(3):", "    if os.fork() == 0:", f"        {HOLD}",
                         "        time.sleep(1e6)", "os.wait()"), REST, PARTLY, "had to be stopped"),
    "shared memory": (body("import mmap, os, time", "for k in range(4):", "    if os.fork() == 0:",
                           "        held = mmap.mmap(-1, 10**9)", "        for k in range(0, 10**9, 4096): held[k] = 1",
                           "        time.sleep(1e6)", "os.wait()"), REST, PARTLY, "had to be stopped"),
    "many processes": (body("import os, time", "for k in range(100):", "    if os.fork() == 0: time.sleep(1e6)",
                            "time.sleep(1e6)"), REST, PARTLY, "processes"),
    "memory without a name": (body("import os", "os.memfd_create('a')"), REST, GRADED, ""),
    "old shared memory": (body("import ctypes", "if ctypes.CDLL(None).shmget(0, 10**9, 0o1777) < 0: raise OSError"),
                          REST, GRADED, ""),
    "own namespace": (body("import ctypes", "if ctypes.CDLL(None).unshare(0x10000000) != 0: raise OSError"),
                      REST, GRADED, ""),
    "no numbers": (with_first("import torch\ndef cell_update(c, g, f, i):\n    return torch.zeros(2**22, 0)"),
                   REST, PARTLY, "far too much"),
    "many without numbers": (with_first("import torch\ndef cell_update(c, g, f, i):\n"
                                        "    return [torch.zeros(9999, 0)] * 999"), REST, PARTLY, "far too much"),
    "long list": (with_first("def cell_update(c, g, f, i):\n    return [0] * 2_000_000"), REST, PARTLY, "far too much"),
    "deep list": (body("x = []", "for k in range(10**5): x = [x]", "return x"), REST, GRADED, ""),
    "half a reply": (body(*writes(b'{"value": [' + b"[" * 9999), "os._exit(0)"), REST, PARTLY, ""),
    "sleepy": (changed(lambda notebook: notebook.cells.insert(2, nbformat.v4.new_code_cell(SLEEP))), ALL, GRADED, ""),
    "no reply": (body(*writes(b"null\n")), REST, PARTLY, "it sent no reply"),
    "terminal": (body("raise ValueError('\\x1b]0;owned\\x07\\x1b[2J<script>alert(1)</script>')"), REST, GRADED, ""),
    "long error": (body("raise ValueError('x' * 10**8)"), REST, GRADED, ""),
    "kills its parent": (body("import os, signal", "os.kill(os.getppid(), signal.SIGKILL)"), ALL, GRADED, ""),
    "kills all": (body("import os, signal", "os.kill(-1, signal.SIGKILL)"), REST, GRADED, ""),
    "deaf loop": (body("import signal", "signal.signal(signal.SIGPROF, signal.SIG_IGN)", "while True: pass"),
                  REST, PARTLY, "no answer"),
    "looks for the secret": (body("import os", "if 'COURSE_SECRET' not in os.environ: raise KeyError"),
                             REST, GRADED, ""),
    "looks for references": (body("import sys", "if not hasattr(sys.modules['course_lib.checks'], '__path__'):",
                                  "    raise KeyError"), REST, GRADED, ""),
    "writes to dev": (body("open('/dev/large', 'wb').write(b'0')"), REST, GRADED, ""),
}  # fmt: skip

# ---- Essays ----

WORDS = "I would clamp the forget gate to one and compare the loss over twenty seeds."
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
assert base64.b64decode(PIXEL).startswith(b"\x89PNG")
EVIL = """<script>document.title = "owned"</script> <img src=x onerror='document.title = "owned"'>
<svg onload='document.title = "owned"'></svg> <iframe srcdoc="<script>parent.document.title='owned'</script>"></iframe>
[a](javascript:document.title='owned') <a href="data:text/html,<script>alert(1)</script>">b</a>
![c](data:image/svg+xml,x)
<details open ontoggle='document.title = "owned"'></details> <style>body {display: none}</style>

    <form action="/formgrader/api/grade/1"><button autofocus onfocus='document.title = "owned"'>x</button></form>

<math><mtext><table><mglyph><style><img src=x onerror='document.title = "owned"'>

$\\href{javascript:document.title='owned'}{x}$
<!-- --!><script>document.title = "owned"</script> -->
"""


def essay(change):
    notebook = nbformat.read(ROOT / "exercises" / ESSAYS / f"{ESSAYS}.ipynb", as_version=4)
    own = cell(notebook, "ablation_experiment")
    change(notebook, own, notebook.cells.index(own) + 1)
    return notebook


def written(source, **more):
    def change(notebook, own, k):
        own.source = source
        own.update(more)

    return change


def next_cell(make):
    return lambda notebook, own, k: notebook.cells.insert(k, make(WORDS))


def unmarked_essay(notebook, own, k):
    own.source = WORDS
    del own.metadata["nbgrader"]


def far_away(notebook, own, k):
    notebook.cells.remove(own)
    notebook.cells.insert(0, nbformat.v4.new_markdown_cell(WORDS))


WITH_PICTURE = written(f"{WORDS}\n\n![p](attachment:image.png)", attachments={"image.png": {"image/png": PIXEL}})
ESSAY = {  # what is handed in, and whether it waits for the teacher
    "essay": (essay(written(WORDS)), 1),
    "essay in the next cell": (essay(next_cell(nbformat.v4.new_markdown_cell)), 1),
    "essay as raw cell": (essay(next_cell(nbformat.v4.new_raw_cell)), 1),
    "essay as code cell": (essay(next_cell(nbformat.v4.new_code_cell)), 1),
    "essay turned code": (essay(written(WORDS, cell_type="code", outputs=[], execution_count=None)), 1),
    "essay with a picture": (essay(WITH_PICTURE), 1),
    "essay with a lost picture": (essay(written(f"{WORDS} ![p](attachment:image.png)")), 1),
    "essay that attacks": (essay(written(f"{WORDS}\n{EVIL}")), 1),
    "essay without its mark": (essay(unmarked_essay), 1),
    "essay elsewhere": (essay(far_away), 1),
    "no essay": (essay(lambda notebook, own, k: None), 0),
}
CASES = HONEST | FILES | HARM
