"""What a stranger wrote, made harmless before a teacher's screen shows it: essays, names, sentences, cells of a table.

An essay is Markdown, and Markdown may hold any HTML. nbgrader's pages, and the notebooks that its Formgrader opens
with the teacher's rights, would show it as it is. So the essay becomes the HTML that its Markdown gives, of which
bleach keeps a short list of tags; what is not on the list is shown as text. Pictures are kept as files of their own.
"""

import base64
import binascii
import html
import re
import unicodedata
from urllib.parse import unquote

import bleach
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

TAGS = frozenset(
    """a b blockquote br code dd del div dl dt em h1 h2 h3 h4 h5 h6 hr i img li ol p pre s strong sub sup
    table tbody td th thead tr ul""".split()
)
PICTURES = {b"\x89PNG\r\n\x1a\n": "png", b"\xff\xd8\xff": "jpg", b"GIF87a": "gif", b"GIF89a": "gif"}
LARGEST = 5 * 2**20  # bytes of one picture
MOST = 100_000  # characters of an essay
# Commands by which MathJax makes links, styles and new commands.
COMMANDS = re.compile(
    r"\\(?=(?:href|url|class|style|cssId|require|unicode|html\w*|data|texttip|mmlToken|action|toggle|bbox|includegraphics|"
    r"def|gdef|edef|let|csname|newcommand|renewcommand|newenvironment|renewenvironment|expandafter)(?![a-z]))"
)
ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.)?", re.DOTALL)
REFERENCE = re.compile(r"&(?:#[xX]?[0-9a-fA-F]+|\w+);?")
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")
PLAIN = re.compile(r"[+@-]?[\w.@ -]*", re.UNICODE)  # an address or a number: no spreadsheet runs anything in it


def line(words, most=2000):
    """words on one line without anything that a terminal obeys: no escapes, no control or direction characters.

    Bytes of a file name that are no UTF-8 are read as Windows-1252.
    """
    words = ANSI.sub("", legible(str(words)))
    kept = "".join(" " if c in "\n\r\t\u2028\u2029\x85" else c for c in words if shows(c))
    return kept if len(kept) <= most else f"{kept[:most]} ..."


def lines(words, most=4000):
    """The same for several lines."""
    return "\n".join(line(one, most) for one in str(words)[: 2 * most].split("\n"))[:most]


def shows(c):
    return c in "\n\r\t\u2028\u2029\x85" or unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co")


def legible(name):
    """A file name as text: undecoded bytes as Windows-1252."""
    return re.sub(
        r"[\udc80-\udcff]+",
        lambda found: found[0].encode("utf-8", "surrogateescape").decode("cp1252", "replace"),
        name,
    )


def markdown(words):
    """words on one line of a report, which is Markdown: no tag, no link, no table."""
    return re.sub(r"([\\`*_\[\]|<>!#~$])", lambda found: ENTITIES[found[0]], line(words).replace("&", "&amp;"))


ENTITIES = {c: f"&#{ord(c)};" for c in "\\`*[]|<>!#~$"} | {"_": "_"}


def cell(value, joined=False):
    """A cell of a CSV file: what a spreadsheet would take for a formula gets an apostrophe.

    joined   the cell is an id that the teacher's list has, and other tables are joined on: it stays as it is
    """
    if joined or not isinstance(value, str):
        return value
    value = line(value)
    if value.lstrip()[:1] in FORMULA and (value.lstrip()[0] == "=" or not PLAIN.fullmatch(value)):
        return f"'{value}"
    return value


def essay(source, attachments, name):
    """(HTML, {file name: bytes}): an essay as one block of HTML that Markdown leaves alone, and its pictures.

    source        Markdown
    attachments   {name: {MIME type: base64}} of its cell
    name          how the names of the pictures' files begin
    """
    source = source[:MOST].replace("\r\n", "\n")
    source = "".join("\n" if c in "\r\u2028\u2029\x85" else c for c in source if shows(c))
    files = {}

    def local(found):
        data = picture(attachments, unquote(found[1]))
        if data is None:
            return "picture-that-cannot-be-shown"
        kind = next(kind for start, kind in PICTURES.items() if data.startswith(start))
        file = next((file for file, held in files.items() if held == data), f"{name}-{len(files) + 1}.{kind}")
        files[file] = data
        return file

    source = re.sub(r"attachment:([^\s)\"'>]+)", local, source)
    try:
        made = MarkdownWithMath(renderer=IPythonRenderer(escape=False, exclude_anchor_links=True)).render(source)
    except Exception:  # whatever Markdown cannot read is shown as it is written
        made = f"<pre>{html.escape(source)}</pre>"

    def allowed(tag, attribute, value):
        if tag == "a":
            return attribute == "href" and re.match(r"(https?://|mailto:)", value, re.IGNORECASE) is not None
        if tag == "img":
            return attribute == "alt" or attribute == "src" and value in files
        return tag in ("ol", "td", "th") and attribute in ("start", "colspan", "rowspan") and value.isdigit()

    clean = bleach.clean(made, tags=TAGS, attributes=allowed, protocols=("http", "https", "mailto"))
    clean = COMMANDS.sub("\\\\\u2060", REFERENCE.sub(spelt, clean))  # MathJax reads what a browser has decoded
    # A block of HTML ends at an empty line; what came after one would be read as Markdown again.
    clean = re.sub(r"\n(?=[ \t]*(\n|$))", "&#10;", clean.strip())
    return f"<div>{clean}</div>", files


def spelt(found):
    """A character reference of HTML as the character, where that is none of HTML's own."""
    return html.escape("".join(filter(shows, html.unescape(found[0]))))


def picture(attachments, name):
    """The bytes of an attached picture, None where it is none of the kinds that are shown."""
    held = attachments.get(name) if isinstance(attachments, dict) else None
    for data in held.values() if isinstance(held, dict) else ():
        data = "".join(data) if isinstance(data, list) else data
        if not isinstance(data, str) or len(data) > 1.4 * LARGEST:
            continue
        try:
            data = base64.b64decode(data)
        except (binascii.Error, ValueError):
            continue
        if data.startswith(tuple(PICTURES)):
            return data
    return None
