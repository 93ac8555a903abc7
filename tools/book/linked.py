"""The first use of a word of the glossary on a page leads to what it means there, which shows where it is pointed at.

An extension of Sphinx. Code, headings, heads of tables, links and the titles under Sources stay as they are, and a word
that a page's author links is linked once. book.js shows the meaning to a hand and to a keyboard; `aria-description`
tells it to a screen reader.
"""

from docutils import nodes

from tools.book.words import anchor, meanings, split

PAGE = "docs/glossary"
LINKED = ("notebooks/", "exercises/", "docs/speed", "docs/compiled_path", "index")
CLOSED = (nodes.title, nodes.reference, nodes.literal, nodes.literal_block, nodes.math, nodes.math_block, nodes.raw,
          nodes.thead, nodes.rubric, nodes.comment, nodes.image)  # fmt: skip


def closed(node):
    """Whether a text stands where nothing is linked."""
    while node := node.parent:
        if isinstance(node, CLOSED) or "cell_output" in node.get("classes", ()) or "sources" in node.get("ids", ()):
            return True
    return False


def link(app, tree, page):
    """Link the words of a page."""
    if page == PAGE or not page.startswith(LINKED):
        return
    where, used = app.builder.get_relative_uri(page, PAGE), set()
    by_anchor = {anchor(word): word for word in meanings()}
    for one in list(tree.findall(nodes.reference)):
        if one.get("refuri", "").partition("#")[0] == where:
            used.add(by_anchor.get(one["refuri"].partition("#")[2]))
    for one in list(tree.findall(nodes.Text)):
        if closed(one) or len(pieces := split(one.astext(), used)) == 1 and pieces[0][1] is None:
            continue
        made = [linked(text, word, where) if word else nodes.Text(text) for text, word in pieces]
        one.parent.replace(one, made)


def linked(text, word, where):
    """A text as a link to its word."""
    made = nodes.reference("", "", nodes.Text(text), refuri=f"{where}#{anchor(word)}", internal=True)
    made["classes"], made["reftitle"] = ["word"], meanings()[word]
    return made


def setup(app):
    app.connect("doctree-resolved", link)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
