"""Write docs/badges: `python -m tools.authoring.badges`. Drawn here, so that no page asks another machine for them."""

from pathlib import Path

from course_lib.files import write

FOLDER = Path(__file__).parents[2] / "docs" / "badges"
NAMES = ("Binder", "Codespaces", "Colab")


def badge(name):
    """A button with the words of an action, as SVG."""
    words = f"Open in {name}"
    wide = 8 * len(words) + 16  # the words are as wide in every font
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} 26" width="{wide}" height="26">\n'
        f'<rect width="{wide}" height="26" rx="5" fill="#0a63a8"/>\n'
        f'<text x="{wide / 2:g}" y="18" fill="#fff" text-anchor="middle" textLength="{wide - 24}" '
        f'font-family="system-ui, sans-serif" font-size="14" font-weight="600">{words}</text>\n</svg>\n'
    )


def main():
    for name in NAMES:
        write(FOLDER / f"{name.lower()}.svg", badge(name))


if __name__ == "__main__":
    main()
