"""The widgets that live in the page, in a real browser, without a kernel and without a network."""

import re

import pytest
import torch
from offline import faults, opened

from course_lib.cells import LSTMCell
from course_lib.widgets import every
from course_lib.widgets.clamp_any_gate import ClampAnyGate
from course_lib.widgets.gate_desk import MISSIONS, GateDesk, fewest_moves
from course_lib.widgets.in_motion import InMotion
from course_lib.widgets.live import Live

LIVE = {name: Widget for name, Widget in every().items() if issubclass(Widget, Live)}
SEEN = (
    "() => [[...document.querySelectorAll('svg, .lens')].map((one) => one.innerHTML).join(), document.body.innerText]"
)


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    folder = tmp_path_factory.mktemp("live")
    for name, Widget in LIVE.items():
        (folder / f"{name}.html").write_text(Widget.example().page(), encoding="utf-8")
    return {name: folder / f"{name}.html" for name in LIVE}


NAMED = "(e) => (e.getAttribute('aria-label') || e.innerText || e.labels?.[0]?.innerText || '').trim()"
MOVED = "input[type=range], select, [role=slider], input[type=checkbox], button:has-text('Next')"


def move(page, control):
    """Move one control by keyboard."""
    control.focus()
    kind = control.evaluate("(e) => e.getAttribute('role') || e.type || e.localName")
    if kind == "select-one":
        control.select_option(index=control.locator("option").count() - 1)
    elif kind == "range":
        page.keyboard.press("ArrowRight" if control.evaluate("(e) => e.value === e.min") else "ArrowLeft")
    else:
        page.keyboard.press("PageUp" if kind == "slider" else "Space")


@pytest.mark.parametrize("name", LIVE)
def test_every_control_has_a_name_and_moved_by_keyboard_changes_the_picture(chromium, pages, name):
    with opened(chromium, pages[name]) as page:
        if name == "HalfLifeDial":
            page.get_by_role("button", name="Answer").click()
        if name == "GateDesk":
            page.get_by_role("button", name="carry").click()
        controls = page.locator(MOVED)
        assert controls.count() > 0
        for control in controls.all():
            called, before = control.evaluate(NAMED), page.evaluate(SEEN)
            assert called
            if called.startswith("a stroke"):  # what the next stroke does
                continue
            assert control.is_enabled(), called  # a gate is held before its slider is moved
            move(page, control)
            now = page.evaluate(SEEN)
            assert now[0] != before[0] and now[1] != before[1] or called == "unit shown", called


DRAWN = "[...document.querySelectorAll('svg.picture')].every((svg) => svg.childElementCount > 0)"


@pytest.mark.parametrize("name", LIVE)
def test_everyone_can_read_it(chromium, pages, name):
    with opened(chromium, pages[name]) as page:
        for width, dark in [(360, False), (768, True), (1920, False)]:
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme="dark" if dark else "light")
            page.reload()
            if name == "HalfLifeDial":
                page.get_by_role("button", name="Answer").click()
            page.wait_for_function(DRAWN)
            assert faults(page) == [], (width, dark)


CONTRAST = """() => {
    const light = (colour) => {
        const part = colour.match(/[\\d.]+/g).slice(0, 3).map((one) => one / 255);
        const [r, g, b] = part.map((one) => (one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const under = (e) => {
        for (; e; e = e.parentElement) {
            const found = getComputedStyle(e).backgroundColor;
            if (!/, 0\\)$|transparent/.test(found)) return found;
        }
        return matchMedia('(prefers-color-scheme: dark)').matches ? 'rgb(0, 0, 0)' : 'rgb(255, 255, 255)';
    };
    return [...document.querySelectorAll('main *')]
        .filter((e) => [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()) && e.checkVisibility())
        .filter((e) => !e.closest('.aside, option, style, :disabled'))
        .map((e) => [e.textContent, getComputedStyle(e)[e.namespaceURI.endsWith('svg') ? 'fill' : 'color'], under(e)])
        .filter(([, ink, paper]) => {
            const [a, b] = [light(ink), light(paper)].sort((a, b) => b - a);
            return (a + 0.05) / (b + 0.05) < 4.5;
        });
}"""


@pytest.mark.parametrize("name", LIVE)
def test_every_word_stands_out_in_forced_colours_of_both_kinds(chromium, pages, name):
    with opened(chromium, pages[name]) as page:
        for scheme in ("light", "dark"):
            page.emulate_media(forced_colors="active", color_scheme=scheme)
            page.reload()
            for button in (
                page.get_by_role("button", name="Answer").all() + page.locator("input[type=checkbox]:enabled").all()
            ):
                button.click()
            page.wait_for_function(DRAWN)
            assert page.evaluate(CONTRAST) == [], scheme
            for one in page.locator("button[aria-pressed=true], button.main").all():  # a plate in the colour of words
                assert one.evaluate("(e) => getComputedStyle(e).forcedColorAdjust") == "none"


@pytest.mark.parametrize("name", LIVE)
def test_a_finger_moves_every_slider_and_what_is_announced_is_what_is_seen(chromium, pages, name):
    with opened(chromium, pages[name], width=360, touch=True) as page:
        for button in page.get_by_role("button", name="Answer").all():
            button.tap()
        for box in page.locator("input[type=checkbox]:enabled").all():
            if not box.is_checked():
                box.tap()
        for slider in page.locator("input[type=range]:enabled").all():
            seen = slider.locator("xpath=..").locator("output")
            for part in (0.8, 0.2):
                before, box = seen.inner_text(), slider.bounding_box()
                assert box["height"] >= 24
                slider.tap(position={"x": part * box["width"], "y": box["height"] / 2})
                assert seen.inner_text() != before, slider.get_attribute("aria-label")
                assert slider.get_attribute("aria-valuetext") == seen.inner_text()
                assert not re.search(r"\de[+−-]?\d|NaN|Infinity", seen.inner_text())


WITHOUT = {"no number": float("nan"), "infinite": float("inf"), "huge": 1e30}


@pytest.mark.parametrize("Widget", [ClampAnyGate, InMotion], ids=lambda Widget: Widget.__name__)
@pytest.mark.parametrize("value", WITHOUT.values(), ids=WITHOUT)
def test_a_cell_that_has_diverged_is_shown_as_such(chromium, tmp_path, Widget, value):
    shown = Widget.example(LSTMCell)
    with torch.no_grad():
        next((shown.cell if Widget is ClampAnyGate else shown.graphs[0].cell).parameters())[0] = value
    path = tmp_path / "diverged.html"
    path.write_text(shown.page(), encoding="utf-8")
    with opened(chromium, path) as page:
        page.locator("svg.picture .line").first.wait_for(state="attached")
        shown = page.locator("main")
        assert not re.search("NaN|Infinity|undefined", shown.inner_text() + shown.inner_html())


def row(page, gate):
    return page.get_by_role("slider", name=f"{gate} gate")


def test_the_first_mission_takes_one_press_of_the_mouse(chromium, pages):
    with opened(chromium, pages["GateDesk"]) as page:
        assert "0 are right throughout. Moves: 0; fewest: 1." in page.locator(".said").inner_text()
        box = row(page, "forget").bounding_box()
        page.mouse.click(box["x"] + 1.5 * box["width"] / 12, box["y"] + box["height"] / 2)
        assert page.locator(".said").inner_text().startswith("Solved, and nobody can do it in less. 100 % of the steps")
        page.locator("[role=status]", has_text="Solved").wait_for(state="attached")
        assert page.get_by_role("button", name="keep, solved in 1 moves").count() == 1
        assert page.evaluate("document.querySelectorAll('svg .miss').length") == 0


def test_a_stroke_of_a_finger_draws_all_32_steps(chromium, pages):
    with opened(chromium, pages["GateDesk"], width=360, touch=True) as page:
        page.get_by_role("button", name="carry").tap()
        page.locator("input[type=checkbox]").uncheck()
        box = row(page, "forget").bounding_box()
        touch = page.context.new_cdp_session(page)
        for k in range(33):
            kind = "touchStart" if k == 0 else "touchMove" if k < 32 else "touchEnd"
            at = [{"x": box["x"] + (k + 0.5) * box["width"] / 32, "y": box["y"] + 8 - k % 2}] if k < 32 else []
            touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": at})
        assert page.evaluate("kept('desk').drawn.carry.forget") == [1] * 32


def test_every_mission_is_solved_by_keyboard_with_the_moves_that_python_found(chromium, pages):
    with opened(chromium, pages["GateDesk"]) as page:
        for name in ("count", "toggle", "two bits"):
            mission = MISSIONS[name]
            page.get_by_role("button", name=name, exact=True).click()
            for gate, values in fewest_moves(mission)[1].items():
                if gate in mission.given:
                    continue
                row(page, gate).focus()
                page.keyboard.press("Home")
                before = 0.0
                for value in values:
                    if value != before:
                        page.keyboard.press("PageUp" if value else "PageDown")
                        for _ in range(5 if value == 0.5 else 0):
                            page.keyboard.press("ArrowDown")
                    before = value
                    page.keyboard.press("ArrowRight")
            assert page.locator(".said").inner_text().startswith("Solved, and nobody can do it in less"), name


def test_in_a_dark_page_it_takes_the_place_of_its_still(chromium, tmp_path):
    shown = GateDesk()._repr_mimebundle_()["text/html"]
    path = tmp_path / "notebook.html"
    path.write_text(f'<!doctype html><body style="background: #111; width: 700px">{shown}</body>', encoding="utf-8")
    with opened(chromium, path) as page:
        frame = page.frame_locator("iframe")
        frame.locator("svg .line").first.wait_for(state="attached")
        assert page.locator("img").count() == 0
        page.wait_for_function("document.querySelector('iframe').offsetHeight > 500")
        assert frame.locator("body").evaluate("(body) => getComputedStyle(body).backgroundColor") == "rgb(20, 23, 26)"
        page.evaluate("document.body.style.background = 'white'")
        page.wait_for_function(
            "document.querySelector('iframe').contentDocument.documentElement.style.colorScheme === 'light'"
        )
