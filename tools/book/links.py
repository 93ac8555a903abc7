"""Where a link of the course leads in the book: to another page, to the file on a code host, or nowhere."""

import posixpath
import re
from dataclasses import dataclass

LINK = re.compile(r"(?<!!)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^()\s]+)\)")


@dataclass(frozen=True)
class Links:
    """Where the pages of the book are.

    pages        {path in the course, of a file or a folder: path of its page's source}, both from the root
    repository   the course on a code host, as https://host/owner/name; "" where it is not known
    words        {anchor in the glossary: what the word means, as a text}
    """

    pages: dict[str, str]
    repository: str = ""
    words: dict[str, str] | None = None

    def lead(self, target, source):
        """Where target, as in the Markdown of source (its path in the course), leads from there; None for nowhere."""
        if target.startswith("#") or ":" in target:
            return target
        path, _, anchor = target.partition("#")
        there = posixpath.normpath(posixpath.join(posixpath.dirname(source), path))
        if page := self.pages.get(there):
            here = posixpath.dirname(self.pages.get(source, source))
            return posixpath.relpath(page, here or ".") + (f"#{anchor}" if anchor else "")
        return f"{self.repository}/blob/main/{there}" if self.repository else None

    def rewritten(self, text, source):
        """Markdown of source with its links as they are in the book; a link to a word says what the word means."""

        def anew(found):
            words, target = found.groups()
            led = self.lead(target, source)
            if led is None:
                return words
            means = (self.words or {}).get(target.partition("glossary.md#")[2])
            title = ' "{}"'.format(means.replace('"', "'")) if means else ""
            return f"[{words}]({led}{title})"

        return LINK.sub(anew, text)
