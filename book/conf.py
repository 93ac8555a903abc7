"""How Sphinx makes the site; its pages are staged by tools/book."""

from pathlib import Path

HERE = Path(__file__).parent

project = "Gates and long-term memory"
author = "The authors of the course"
language = "en"
extensions = ["myst_nb", "sphinx_copybutton"]
extensions += [f"tools.book.{name}" for name in ("equations", "folds", "linked", "web")]
nitpicky = True
suppress_warnings = ["misc.highlighting_failure"]  # newer LLVM than the highlighter knows
templates_path = [str(HERE / "templates")]

# Pages.
myst_enable_extensions = ["dollarmath", "attrs_inline"]
myst_heading_anchors = 3
nb_execution_mode = "off"
nb_render_markdown_format = "myst"
nb_code_prompt_show = ""  # tools.book.folds has the words
nb_merge_streams = True
copybutton_selector = "div.highlight-ipython3 pre, div.highlight-python pre"

# Looks.
html_theme = "furo"
html_title = project
html_static_path = [str(HERE / "static")]
html_css_files = ["book.css"]
html_js_files = ["book.js"]
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
html_use_index = False
html_math_renderer = "typeset"
pygments_style, pygments_dark_style = "a11y-high-contrast-light", "a11y-high-contrast-dark"
html_theme_options = {}
