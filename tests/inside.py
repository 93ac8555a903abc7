"""What the script of a widget computes, run in node."""

from node import run


def inside(folder, widget, text, given=None):
    """What text, the body of a function of `given`, returns inside the script of a widget."""
    (folder / "widget.cjs").write_text(
        f"{widget.text()}\nmodule.exports = (given) => {{\n{text}\n}};\n", encoding="utf-8"
    )
    loaded = "const { createRequire } = await import('node:module');"
    return run(folder, f"{loaded}\nreturn createRequire(import.meta.url)('./widget.cjs')(given);", given)
