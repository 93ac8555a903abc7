"""The concept test as pages to print, its key the form for Moodle, and a table to fill in."""

import re
from html import escape

from tools.concepts.bank import FORMS, LETTERS, beliefs, items

STYLE = """
body { font: 12pt/1.4 Georgia, serif; color: #111; background: #fff; max-width: 44em; margin: 1.5em auto;
  padding: 0 1em; }
h1 { font-size: 1.5em; margin-bottom: 0; }
h2 { font-size: 1.1em; margin: 1.5em 0 0.3em; }
.blank { border-bottom: 1px solid #111; display: inline-block; width: 16em; }
.words { border: 1px solid #666; padding: 0 1em; margin: 1em 0; font-size: 0.95em; }
.question { break-inside: avoid; margin: 1.3em 0; }
.question p { margin: 0 0 0.4em; }
ol.choices { list-style: none; margin: 0; padding-left: 1.5em; }
ol.choices li { margin: 0.15em 0; }
.right { font-weight: bold; }
.why { margin-left: 1.5em; }
@media print { body { margin: 0; max-width: none; font-size: 11pt; } a { color: inherit; } }
"""
WORDS = """<div class="words">
<p>A <b>recurrent network</b> reads a sequence one step at a time. All that it knows of the past is its <b>state</b>,
numbers that it computes anew at each step. A <b>plain unit</b> does it by h′ = tanh(w·h + v·x): x is the input, h the
old state, h′ the new one; w and v are weights. tanh takes every number into the range from −1 to 1.</p>
<p>A unit of an <b>LSTM</b> has a <b>memory</b> c beside h:</p>
<p>c′ = f·c + i·g and h′ = o·tanh(c′)</p>
<p>f is the <b>forget gate</b>, i the <b>input gate</b>, o the <b>output gate</b>: numbers between 0 and 1. g is the
<b>candidate</b>, between −1 and 1. All four are computed at each step from x and h, with weights of their own; a gate
ends in σ, which takes every number into the range from 0 to 1.</p>
<p>A <b>gradient</b> says how much something at the end changes if something earlier is changed a little. Training goes
by it.</p>
</div>"""
TITLE = "Gates and long memory: what do you expect?"


def page(title, body):
    """A page of HTML that loads nothing."""
    return (f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{escape(title)}</title>\n'
            f'<meta name="viewport" content="width=device-width">\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n'
            f"{body}\n</main>\n</body>\n</html>\n")  # fmt: skip


def choices(form, mark=False):
    """The answers of a question as a list. mark: set off the right one, and say what is behind each wrong one."""
    lines = []
    for letter, choice, belief in zip(LETTERS, form.choices, form.behind):
        text = f"{letter}) {escape(choice)}"
        if mark:
            text = f"{text} <i>{escape(beliefs()[belief].says)}</i>" if belief else f'<span class="right">{text}</span>'
        lines.append(f"<li>{text}</li>")
    return '<ol class="choices">\n' + "\n".join(lines) + "\n</ol>"


def sheet(name):
    """The form of that name, A or B, for students: no key, nothing that tells it."""
    body = [
        f"<h1>{TITLE}</h1>",
        f'<p>Form {name}. Your code: <span class="blank">&nbsp;</span></p>',
        "<p>Twenty questions, about 25 minutes, without books or computers. One answer is right. Circle its letter; "
        "where you have no idea at all, leave the question blank. This is no exam: it shows what the course has to "
        "explain.</p>",
        WORDS,
    ]
    for number, item in enumerate(items(), 1):
        form = item.forms[name]
        body.append(f'<div class="question">\n<p><b>{number}.</b> {escape(form.asks)}</p>\n{choices(form)}\n</div>')
    return page(f"{TITLE} Form {name}", "\n".join(body))


def key():
    """Both forms with the right answers, the reasons, and what is behind each wrong one, for the teacher."""
    body = [f"<h1>{TITLE}</h1>", "<p>The key, with the reasons. Not for students before the last test.</p>"]
    letters = {name: " ".join(f"{n}{item.forms[name].right}" for n, item in enumerate(items(), 1)) for name in FORMS}
    body += [f"<p><b>Form {name}:</b> {letters[name]}</p>" for name in FORMS]
    for number, item in enumerate(items(), 1):
        claims = " and ".join(item.claims)
        body.append(f"<h2>{number}. {escape(item.concept)}</h2>\n<p>Notebook {item.notebook}, verdict {claims}.</p>")
        for name, form in item.forms.items():
            body.append(
                f'<div class="question">\n<p><b>{name}.</b> {escape(form.asks)}</p>\n{choices(form, mark=True)}\n'
                f'<p class="why">{escape(form.why)}</p>\n</div>'
            )
    body.append("<h2>Who is known to believe it</h2>\n<ul>")
    body += [f"<li><i>{escape(one.says)}</i> {escape(one.believed)}</li>" for one in beliefs().values() if one.believed]
    return page(f"{TITLE} Key", "\n".join([*body, "</ul>"]))


def gift(name):
    """The form of that name in Moodle's GIFT format, with the category that its questions go to."""

    def plain(text):
        return re.sub(r"([~=#{}:\\])", r"\\\1", text)

    lines = [f"$CATEGORY: $course$/Gates and long memory, form {name}", ""]
    for number, item in enumerate(items(), 1):
        form = item.forms[name]
        lines.append(f"::{name}{number:02} {item.name}::{plain(form.asks)} {{")
        lines += [f"\t{'~' if belief else '='}{plain(choice)}" for choice, belief in zip(form.choices, form.behind)]
        lines += ["}", ""]
    return "\n".join(lines)


def table():
    """An empty table for the answers of a class: a line per student and test."""
    return ",".join(["student", "when", "form", *(f"q{number}" for number, _ in enumerate(items(), 1))]) + "\n"


FILES = {"form_a.html": lambda: sheet("A"), "form_b.html": lambda: sheet("B"), "key.html": key,
         "form_a.gift": lambda: gift("A"), "form_b.gift": lambda: gift("B"), "empty.csv": table}  # fmt: skip
