"""Every widget in a real browser: each control is moved by keyboard, and the picture and the line of text answer."""

import time
from contextlib import contextmanager

import pytest

from tools.browser import ROOT, SCREENSHOTS
from tools.latency import WIDGETS, cell

CONTROLS = ".course input, .course select, .course button, .course .draw, .jp-OutputArea .noUi-handle, " + (
    ".jp-OutputArea .widget-dropdown select, .jp-OutputArea .widget-checkbox input"
)
SEEN = """async () => {
    const drawn = [...document.querySelectorAll('.course svg')].map(svg => svg.innerHTML);
    for (const image of document.querySelectorAll('.jp-OutputArea .widget-image')) {
        const bytes = new Uint8Array(await (await fetch(image.src)).arrayBuffer());
        drawn.push(bytes.reduce((sum, byte) => (31 * sum + byte) % 1000000007, 7));
    }
    const text = [...document.querySelectorAll('[role=status]')].map(line => line.textContent);
    return [JSON.stringify(drawn), JSON.stringify(text)];
}"""
WITH_WIDGETS = [path for path in sorted((ROOT / "notebooks").glob("*.ipynb"))
                if "from course_lib.widgets." in path.read_text(encoding="utf-8")]  # fmt: skip
PATIENCE = 20  # seconds; only a widget that never answers waits so long


@contextmanager
def opened(lab, notebook, *, name):
    """A notebook with a widget, run: a Tab."""
    tab = lab.run(notebook, name=name)
    assert tab.errors == []
    for answer in tab.page.get_by_role("button", name="Answer").all():  # the half-life dial comes after a guess
        answer.click()
    tab.page.wait_for_selector("[role=status]")
    yield tab
    assert tab.problems == []
    tab.page.close()


def widget(lab, name):
    """One widget alone."""
    return opened(lab, [cell(name)], name=f"{name}.ipynb")


def settled(page):
    """(picture, text) once they have stayed the same for a while."""
    last, now = None, page.evaluate(SEEN)
    while now != last:
        page.wait_for_timeout(300)
        last, now = now, page.evaluate(SEEN)
    return now


def changed(page, before):
    """Wait until both the picture and the text differ from before."""
    until = time.monotonic() + PATIENCE
    while any(now == old for now, old in zip(page.evaluate(SEEN), before)):
        assert time.monotonic() < until, "the picture or the text did not change"
        page.wait_for_timeout(20)


def picture(page, name):
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.locator(".jp-OutputArea-output").last.screenshot(path=SCREENSHOTS / f"{name}.png")


def says(page, text):
    """Wait until the line of text contains text."""
    page.locator("[role=status]", has_text=text).wait_for(timeout=1000 * PATIENCE)


def move(page, control):
    """Move one control by keyboard, as far as it needs to make a difference; False where it has nothing to do now."""
    kind = control.evaluate("e => e.type || e.getAttribute('class')")
    if control.is_disabled() or kind == "button" and control.get_attribute("aria-pressed") == "true":
        return False
    control.focus()
    if kind == "range":
        page.keyboard.press("ArrowLeft" if control.evaluate("e => e.value === e.max") else "ArrowRight")
    elif "noUi-handle" in kind:
        low, now = (float(control.get_attribute(f"aria-value{end}")) for end in ("min", "now"))
        page.keyboard.press("ArrowLeft" if now > low else "ArrowRight")
    elif kind == "select-one":
        last = control.locator("option").count() - 1
        control.select_option(index=0 if control.evaluate("e => e.selectedIndex") == last else last)
    elif kind in ("button", "checkbox"):
        page.keyboard.press("Space")
    else:
        page.keyboard.press("PageUp")
    return True


def move_all(tab):
    """Move every control and see picture and text answer; how many could be moved."""
    controls = tab.page.locator(CONTROLS)
    moved = 0
    for k in range(controls.count()):
        before = settled(tab.page)
        if move(tab.page, controls.nth(k)):
            changed(tab.page, before)
            moved += 1
    settled(tab.page)
    return moved


@pytest.mark.parametrize("name", WIDGETS)
def test_every_control_moved_by_keyboard_changes_the_picture_and_the_text(lab, name):
    with widget(lab, name) as tab:
        assert move_all(tab) >= 3
        picture(tab.page, name)


@pytest.mark.parametrize("path", WITH_WIDGETS, ids=lambda path: path.stem)
def test_the_widgets_of_a_notebook_answer_where_they_stand(lab, path):
    with opened(lab, path, name=path.name) as tab:
        assert move_all(tab) >= 2


def test_a_mission_is_solved_by_drawing_with_the_mouse(lab):
    with widget(lab, "GateDesk") as tab:
        tab.page.click(".course button[name=count]")
        says(tab.page, "count:")
        for gate in ("forget", "input"):
            box = tab.page.locator(f".course .draw[aria-label='{gate} gate']").bounding_box()
            tab.page.mouse.move(box["x"] + 5, box["y"] + 2)
            tab.page.mouse.down()
            tab.page.mouse.move(box["x"] + box["width"] - 5, box["y"] + 2, steps=4)
            tab.page.mouse.up()
        says(tab.page, "count: solved, and nobody can do it in less. Right in 8 of 8 sequences. Moves: 2; fewest: 2.")
        picture(tab.page, "GateDesk_solved")


def test_a_slider_keeps_its_keys_from_the_notebook_and_ends_where_it_was_left(lab):
    with widget(lab, "GradientMicroscope") as tab:
        tab.page.locator(".course input[name=lag]").focus()
        for key in ("a", "b", "x", "d", "d"):  # in a notebook: new cells, and cells cut or deleted
            tab.page.keyboard.press(key)
        for _ in range(40):
            tab.page.keyboard.press("ArrowLeft")
        says(tab.page, "LSTM, 5 steps back")
        assert tab.page.locator(".jp-Cell").count() == 1
