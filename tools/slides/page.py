"""Slides as a page of reveal.js, with all that it needs beside it."""

import re
from html import escape
from pathlib import Path

from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

from course_lib.files import write
from tools.book import katex
from tools.book.fetched import files

REVEAL = "6.0.2"
WANTED = ("dist/reset.css", "dist/reveal.css", "dist/reveal.js", "dist/plugin/notes.js", "LICENSE")
STYLE = Path(__file__).parent / "slides.css"
MATH = re.compile(r"MATH(\d+)HTAM")


class Renderer(IPythonRenderer):
    """HTML of Markdown, in which every equation is MATH, its place in `asked`, and HTAM, until all are typeset."""

    def __init__(self, asked):
        super().__init__(escape=False, exclude_anchor_links=True)
        self.asked = asked

    def keep(self, latex, block):
        self.asked.append((latex.strip(), block))
        return f"MATH{len(self.asked) - 1}HTAM"

    def inline_math(self, body):
        return self.keep(body, False)

    def block_math(self, body):
        return f'<div class="math">{self.keep(body, True)}</div>\n'

    def latex_environment(self, name, body):
        return self.block_math(rf"\begin{{{name}}}{body}\end{{{name}}}")


def html(text, asked):
    """Markdown, or HTML that is left as it is, as HTML."""
    if text.startswith(("<img", "<ol")):
        return text
    return MarkdownWithMath(renderer=Renderer(asked)).render(text)


def section(slide, asked):
    """One slide as HTML."""
    body = "\n".join(html(part, asked) for part in slide.body)
    steps = "\n".join(f'<div class="fragment">{html(part, asked)}</div>' for part in slide.steps)
    notes = html("\n\n".join(slide.notes).replace("\n# ", "\n## "), asked) if any(slide.notes) else ""
    heading = "h1" if slide.kind == "title" else "h2"
    title = html(slide.title, asked).strip().removeprefix("<p>").removesuffix("</p>")
    return (
        f'<section class="{slide.kind}">\n<{heading}>{title}</{heading}>\n{body}\n{steps}\n'
        f'<aside class="notes">{notes}</aside>\n</section>'
    )


def page(slides):
    """The slides of a notebook as a page that opens beside reveal/ and katex/."""
    asked = []
    body = "\n".join(section(slide, asked) for slide in slides)
    title = re.sub(r"\$|\\\w+ ?", "", slides[0].title)
    typeset = katex.set_all(sorted(set(asked))) if asked else {}
    body = MATH.sub(lambda found: typeset[asked[int(found[1])]], body)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{escape(title)}</title>
<meta name="viewport" content="width=device-width">
<link rel="stylesheet" href="reveal/reset.css">
<link rel="stylesheet" href="reveal/reveal.css">
<link rel="stylesheet" href="katex/katex.min.css">
<link rel="stylesheet" href="slides.css">
</head>
<body>
<main><div class="reveal"><div class="slides">
{body}
</div></div></main>
<script src="reveal/reveal.js"></script>
<script src="reveal/notes.js"></script>
<script>
Reveal.initialize({{ width: 1280, height: 720, margin: 0.02, center: false, hash: true, slideNumber: "c/t",
  transition: "none", plugins: [RevealNotes] }});
// An equation that is wider than its slide becomes smaller, as far as it can still be read.
Reveal.on("slidechanged", narrow);
Reveal.on("ready", narrow);
function narrow({{ currentSlide }}) {{
  for (const one of currentSlide.querySelectorAll(".math"))
    for (let size = 32; size > 24 && one.scrollWidth > one.clientWidth; size--) one.style.fontSize = `${{size - 1}}px`;
}}
</script>
</body>
</html>
"""


def beside(folder):
    """Put reveal.js, KaTeX's style and ours beside the pages."""
    for path, content in files("reveal.js", REVEAL, wanted=lambda path: path in WANTED).items():
        write(folder / "reveal" / path.rpartition("/")[2], content)
    for path, content in katex.style().items():
        write(folder / "katex" / path, content)
    write(folder / "slides.css", STYLE.read_text(encoding="utf-8"))


def contents(titles):
    """The page that lists the others. titles: {file: title}"""
    listed = "\n".join(f'<li><a href="{name}">{escape(title)}</a></li>' for name, title in titles.items())
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Slides</title>
<meta name="viewport" content="width=device-width">
<style>body {{ font: 1.25rem/1.6 sans-serif; max-width: 40em; margin: 2em auto; padding: 0 1em; }}</style>
</head>
<body>
<main>
<h1>Slides</h1>
<p>Space and arrows move on, Esc shows all slides at once, S opens the notes, F fills the screen. With ?print-pdf at the
end of the address a browser prints them.</p>
<ul>
{listed}
</ul>
</main>
</body>
</html>
"""
