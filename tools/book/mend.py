"""What the theme leaves undone for who reads with ears, mended in the pages once they are written."""

import re

from course_lib.files import write

# What to look for, and what stands there instead. Each is found on some page, or the build fails.
MENDED = (
    (r'<aside class="sidebar-drawer">', '<aside class="sidebar-drawer" aria-label="Pages">'),
    (r'<aside class="toc-drawer">', '<aside class="toc-drawer" aria-label="On this page">'),
    (r'<p class="caption" role="heading">', '<p class="caption" role="heading" aria-level="2">'),
    (r'<div id="search-results">', '<h1>Search</h1>\n<div id="search-results">'),
    (r'<th class="head( [\w-]+)?">\s*(<p>\s*</p>)?\s*</th>', r'<td class="head\1"></td>'),
)


def mend(site):
    """Mend all pages in the folder site; RuntimeError for what is found nowhere any more."""
    found = dict.fromkeys((pattern for pattern, _ in MENDED), 0)
    for path in sorted(site.rglob("*.html")):
        text = path.read_text(encoding="utf-8")
        for pattern, instead in MENDED:
            text, count = re.subn(pattern, instead, text)
            found[pattern] += count
        write(path, text)
    if lost := [pattern for pattern, count in found.items() if not count]:
        raise RuntimeError(f"the theme has changed; no page has {lost[0]}")
