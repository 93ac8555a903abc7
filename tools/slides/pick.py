"""Which cells of a notebook become slides, and what each slide has.

By itself a notebook gives: its title; equations and tables in its text; every prediction with its setting, before what
answers it; every diagram, equation and figure; every verdict, with what happens and why after a key; attacks; and what
one can say afterwards. A cell's metadata, {"slideshow": {"slide_type": ...}}, decides otherwise.
"""

import re
from dataclasses import dataclass, field
from html import escape, unescape

from course_lib.predictions import question
from tools.book.links import Links

PREDICT = re.compile(r'^predict\("([\w-]+)"\)', re.M)
WIDGET = "from course_lib.widgets"
CELL = re.compile(r"^(?:diagram|equations)\(", re.M)
IMAGE = re.compile(r'<img alt="([^"]*)"[^>]*? src="([^"]+)"')
HEADING = re.compile(r"^##+ (.+)$", re.M)
SAID = ("**Verdict", "**Attack", "**The prediction:**")
GOALS = "What you can now say"
LONG = 700  # characters of a list, or of what is said, that fit on a slide
BESIDE = 330  # characters of a setting that fit above its question
BARE = Links({})  # links lead nowhere from a slide: their words stay


@dataclass
class Slide:
    """title; body, Markdown or HTML, in parts; steps, parts that come after a key; notes, Markdown."""

    title: str
    body: list = field(default_factory=list)
    steps: list = field(default_factory=list)
    notes: list = field(default_factory=list)
    kind: str = ""


def slides(notebook):
    """[Slide] of a notebook."""
    cells = notebook.cells
    titled = bool(cells) and cells[0].cell_type == "markdown" and cells[0].source.startswith("# ")
    title, _, rest = cells[0].source.removeprefix("# ").partition("\n") if titled else ("Slides", "", "")
    found = [Slide(title, kind="title", notes=[plain(rest)]), *of_text(rest, title)]
    section, notes, setting = "", [], ""
    for cell in cells[titled:]:
        text = cell.source if cell.cell_type == "markdown" else ""
        if headings := HEADING.findall(text):
            section = headings[-1]
        made, told = of_cell(cell, section)
        if made and made[0].kind == "predict":
            made = set_in(made[0], setting)
        setting = text.rpartition("## Predict\n")[2].strip() if "## Predict\n" in text else ""
        notes += told
        if made:
            made[0].notes, notes = notes + made[0].notes, []
            found += made
    found[-1].notes += notes
    return found


def of_cell(cell, section):
    """([Slide], notes) of one cell."""
    chosen = cell.metadata.get("slideshow", {}).get("slide_type", "")
    text = cell.cell_type == "markdown"
    prose = [plain(cell.source)] if text else []
    if chosen == "skip":
        return [], []
    if chosen == "notes":
        return [], prose
    if chosen in ("slide", "subslide", "fragment"):
        return whole(cell, section), []
    if text:
        return of_text(cell.source, section), prose
    return of_code(cell, section), []


def whole(cell, section):
    """A cell that a teacher has chosen, as it is."""
    if cell.cell_type == "markdown":
        heading = HEADING.match(cell.source)
        body = cell.source[heading.end() :] if heading else cell.source
        return [Slide(heading[1] if heading else section, body=[plain(body)])]
    printed = [output.text for output in cell.outputs if output.output_type == "stream"]
    shown = of_code(cell, section)
    if printed or not shown:
        code = f"```python\n{cell.source}\n```"
        shown.insert(0, Slide(section, body=[code, *(f"```\n{one.strip()}\n```" for one in printed)]))
    return shown


def of_text(text, section):
    """What a class looks at in a text: what it can say now, equations that stand by themselves, and tables."""
    found, heading = [], section
    for part in re.split(r"(?=^##+ )", text, flags=re.M):
        if named := HEADING.match(part):
            heading = named[1]
        if heading == GOALS and (bullets := re.findall(r"^- .*?(?=\n\n|\n- |\Z)", part, flags=re.M | re.S)):
            found += [Slide(heading, body=["\n".join(some)]) for some in fitting(map(plain, bullets))]
            continue
        if heading in ("Predict", "In the library"):  # the setting of a question, and what is read alone
            continue
        seen = [block for block in re.split(r"\n\n+", part) if block.startswith(("$$", "|"))]
        found += [Slide(heading, body=[plain(alone(block))], kind="seen") for block in seen]
    return found


def alone(block):
    """An equation or a table without the comma that leads on to the next line of a text."""
    return re.sub(r"[,.;]\s*\$\$$", "$$", block.strip())


def set_in(slide, setting):
    """The slide of a question with its setting above it, or on slides before it, where that is long."""
    setting = plain(setting)
    if not setting:
        return [slide]
    if len(setting) <= BESIDE:
        slide.body.insert(0, f'<div class="setting">\n\n{setting}\n\n</div>')
        return [slide]
    parts = fitting(re.split(r"\n\n+", setting))
    return [*(Slide("Predict", body=["\n\n".join(part)], kind="predict setting") for part in parts), slide]


def plain(text):
    """Markdown without links, which lead nowhere from a slide."""
    return BARE.rewritten(text, "")


def fitting(texts):
    """Texts in groups that fit on a slide."""
    groups, size = [], LONG
    for text in texts:
        if size + len(text) > LONG:
            groups.append([])
            size = 0
        groups[-1].append(text)
        size += len(text)
    return groups


def of_code(cell, section):
    """The slides of a code cell: a question, what it drew, what it said."""
    if asked := PREDICT.search(cell.source):
        return [ask(asked[1])]
    if WIDGET in cell.source:  # what stands there for it while it is not alive is too small to be seen
        return []
    found, section = [], "The cell" if CELL.search(cell.source) else section
    for output in cell.get("outputs", []):
        data = output.get("data", {})
        if image := IMAGE.search(data.get("text/html", "")):
            found.append(Slide(section, body=[figure(*image.groups())], kind="figure"))
        elif "image/png" in data:
            shows = output.metadata.get("image/png", {}).get("alt", section)
            found.append(Slide(section, body=[figure(shows, f"data:image/png;base64,{data['image/png'].strip()}")]))
        elif "text/latex" in data:
            found.append(Slide(section, body=[data.get("text/markdown", data["text/latex"])], kind="seen"))
        elif (said := data.get("text/markdown", "")).startswith(SAID):
            found = with_said(found, said, section)
    return found


def with_said(found, said, section):
    """The slides with a sentence of the notebook: what became of a prediction comes after a key, below its verdict."""
    if said.startswith(SAID[2]) and found and found[-1].body:
        found[-1].steps.append(said)
    elif (
        found
        and found[-1].kind == "said"
        and sum(map(len, [*found[-1].body, said])) < LONG
        and said.startswith(SAID[1])
    ):
        found[-1].body.append(said)
    else:
        found.append(Slide(section, body=[said], kind="said"))
    return found


def figure(shows, address):
    """A picture with its text for those who cannot see it, as large as the slide bears."""
    return f'<img class="figure" alt="{escape(unescape(shows))}" src="{address}">'


def ask(name):
    """The slide that asks for a prediction; it does not give the answer away."""
    asked = question(name)
    choices = "\n".join(f"<li>{escape(choice)}</li>" for choice in asked.choices)
    return Slide("Predict", body=[f"**{asked.question}**", f'<ol class="choices">\n{choices}\n</ol>'], kind="predict")
