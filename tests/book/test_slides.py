"""Slides of every lesson, in a browser without a network: each fits its page and can be read from the last row."""

import re
from pathlib import Path

import nbformat
import offline
import pytest

from course_lib.predictions import bank
from tools.authoring.notebooks import all_notebooks
from tools.slides.__main__ import main

LESSONS = all_notebooks()
# What leaves its slide, or is smaller than 24 px there. An index may be smaller, and so may what is in a picture.
FAULTS = """() => {
    const found = [], scale = Reveal.getScale();
    for (const slide of Reveal.getSlides()) {
        const [h, v] = Object.values(Reveal.getIndices(slide));
        Reveal.slide(h, v, 99);
        const frame = slide.getBoundingClientRect(), where = `${h}: ${slide.querySelector('h1, h2').textContent}`;
        for (const one of slide.querySelectorAll('*:not(.notes, .notes *, .katex-mathml, .katex-mathml *)')) {
            const box = one.getBoundingClientRect();
            if (!box.width || !box.height || !one.checkVisibility()) continue;
            if (one.closest('.katex') && !one.matches('.katex, .base')) continue;
            const over = Math.max(box.right - frame.right, box.bottom - frame.bottom, frame.left - box.left) / scale;
            if (over > 1) found.push(`${where}: <${one.tagName}> is ${Math.round(over)} px over`);
            const own = [...one.childNodes].some(n => n.nodeType === 3 && n.data.trim());
            const size = parseFloat(getComputedStyle(one).fontSize);
            if (own && size < 24) found.push(`${where}: ${size} px: ${one.textContent.slice(0, 40)}`);
        }
        for (const image of slide.querySelectorAll('img'))
            if (!image.complete || !image.naturalWidth || image.alt.length < 20)
                found.push(`${where}: a picture that does not show, or does not say what it shows`);
    }
    return found;
}"""


@pytest.fixture(scope="module")
def slides(tmp_path_factory):
    """The folder of all slides."""
    folder = tmp_path_factory.mktemp("slides")
    assert main(["--out", str(folder)]) == 0
    return folder


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_no_slide_overflows_its_page_and_all_can_be_read_from_the_last_row(slides, chromium, path):
    with offline.opened(chromium, slides / f"{path.stem}.html", width=1280, site=slides) as page:
        page.set_viewport_size({"width": 1280, "height": 720})
        page.wait_for_function("window.Reveal && Reveal.isReady()")
        page.evaluate("document.fonts.ready")
        assert page.evaluate(FAULTS) == []
        assert page.evaluate("Reveal.getTotalSlides()") >= 6


def test_a_key_moves_on_and_what_became_of_a_prediction_comes_after_another(slides, chromium):
    with offline.opened(chromium, slides / f"{LESSONS[0].stem}.html", width=1280, site=slides) as page:
        page.wait_for_function("window.Reveal && Reveal.isReady()")
        page.keyboard.press("ArrowRight")
        assert page.evaluate("Reveal.getIndices().h") == 1
        told = page.locator("section:has(.fragment)").first
        page.evaluate("slide => Reveal.slide(Reveal.getIndices(slide).h)", told.element_handle())
        assert "visible" not in told.locator(".fragment").get_attribute("class").split()
        page.keyboard.press("ArrowRight")
        assert "visible" in told.locator(".fragment").get_attribute("class").split()


def test_every_prediction_is_asked_before_it_is_told_and_its_answer_is_not_given_away(slides):
    asked = 0
    for path in LESSONS:
        text = (slides / f"{path.stem}.html").read_text(encoding="utf-8")
        shown = re.sub(r'<aside class="notes">.*?</aside>', "", text, flags=re.S)
        predictions, tellings = shown.count('<section class="predict">'), shown.count("The prediction:")
        assert predictions == tellings, path.name
        assert shown.index('class="predict"') < shown.index("The prediction:")
        asked += predictions
    numbers = {path.stem.partition("_")[0] for path in LESSONS}
    assert asked == sum(name.partition("-")[0] in numbers for name in bank())


def test_a_teacher_decides_by_the_type_that_jupyter_gives_a_cell(tmp_path):
    notebook = nbformat.read(LESSONS[0], as_version=4)
    before = len(re.findall("<section ", page_of(notebook, tmp_path)))
    drawn = next(cell for cell in notebook.cells if "four_memories(" in cell.source and cell.outputs)
    drawn.metadata["slideshow"] = {"slide_type": "skip"}
    prose = next(cell for cell in notebook.cells if cell.source.startswith("Half of the memory is gone"))
    prose.metadata["slideshow"] = {"slide_type": "slide"}
    text = page_of(notebook, tmp_path)
    assert len(re.findall("<section ", text)) == before
    shown = re.sub(r'<aside class="notes">.*?</aside>', "", text, flags=re.S)
    assert "Half of the memory is gone after 69 steps" in shown and 'alt="A memory that starts at 1' not in shown


@pytest.mark.parametrize("cells", [[], [nbformat.v4.new_code_cell("1 + 1")], [nbformat.v4.new_markdown_cell("Words.")]])
def test_a_notebook_without_a_title_or_without_anything_becomes_slides(tmp_path, cells):
    assert '<section class="title">' in page_of(nbformat.v4.new_notebook(cells=cells), tmp_path)


def test_a_notebook_that_is_not_there_is_named(tmp_path, capsys):
    with pytest.raises(SystemExit):
        main([str(tmp_path / "none.ipynb")])
    assert "none.ipynb" in capsys.readouterr().err


def page_of(notebook, folder):
    """The slides of a notebook, as they are written for a file of one's own."""
    own = folder / "own.ipynb"
    nbformat.write(notebook, own)
    assert main([str(own), "--out", str(folder)]) == 0
    return (folder / "own.html").read_text(encoding="utf-8")


def test_nothing_is_loaded_from_elsewhere(slides):
    for path in Path(slides).glob("*.html"):
        assert re.findall(r'(?:src|href)="(?:https?:)?//[^"]*"', path.read_text(encoding="utf-8")) == []
