"""Milliseconds from a moved control to the new picture, for every widget, in Chromium.

    python -m tools.authoring.latency        needs requirements-dev.txt and Chromium; about two minutes

One control of each widget is moved 60 times, 60 ms after the last answer. The time runs from the event in the page to
the frame that shows the new picture; a widget that lives in the page has no kernel then. results/latency.json keeps the
milliseconds of every move.
"""

import json
import platform
import sys
import tempfile
from pathlib import Path

import numpy as np

from course_lib.files import write
from course_lib.machine import cores
from course_lib.widgets import every
from course_lib.widgets.live import Live
from tools.authoring import browser

LENS = """
from course_lib.text import SYMBOLS, NextCharacter, load_model
GateLens(load_model()[0], NextCharacter(60, "test"), symbols=SYMBOLS.replace("\\n", "¶") + "?")
"""
SHOWN = {"GateLens": LENS}  # as in the notebook; of the others, the example
WIDGETS = {name: SHOWN.get(name, f"{name}.example()") for name in every()}  # the code that shows it, once imported
LIVE = {name: Widget for name, Widget in every().items() if issubclass(Widget, Live)}
MOVED = {  # the control that is moved; of the others the first number or slider
    "GateDesk": ".draw[aria-label='input gate']",
    "BuildTheLSTM": "input[type=checkbox]",
}
MOVES = """async ([control, place, moves]) => {
    const output = document.querySelector(place), drawn = place !== '.jp-OutputArea .widget-image';
    const isPicture = (change) => !drawn ? change.attributeName === 'src'
        : change.type === 'childList' && change.target.closest?.('svg') && !change.target.closest('.draw');
    const move = (there) => {
        const element = document.querySelector(control);
        if (element.type === 'range') {
            element.value = Number(element.value) + (there ? 1 : -1) * Number(element.step);
            element.dispatchEvent(new Event('input', {bubbles: true}));
        } else if (element.type === 'checkbox') {
            element.click();
        } else {
            element.focus();
            const keys = drawn ? ['PageUp', 'PageDown'] : ['ArrowRight', 'ArrowLeft'];
            element.dispatchEvent(new KeyboardEvent('keydown', {key: keys[there ? 0 : 1], bubbles: true}));
        }
    };
    const answer = (there) => new Promise((done) => {
        const began = performance.now();
        const watch = new MutationObserver((changes) => {
            if (changes.some(isPicture)) {
                watch.disconnect();
                requestAnimationFrame(() => done(performance.now() - began));
            }
        });
        watch.observe(output, {attributes: true, childList: true, subtree: true});
        move(there);
        setTimeout(() => { watch.disconnect(); done(null); }, 2000);
    });
    const taken = [];
    for (let k = 0; k < moves; k++) {
        taken.push(await answer(k % 2 === 0));
        await new Promise(done => setTimeout(done, 60));
    }
    return taken;
}"""


def cell(name):
    """The code of a cell that shows a widget."""
    return f"from {every()[name].__module__} import {name}\n{WIDGETS[name]}"


def measure(lab, name, *, moves=60):
    """Milliseconds of each move of a control of one widget, None where no new picture came within 2 s."""
    if name in LIVE:
        path = lab.folder / f"{name}.html"
        path.write_text(LIVE[name].example().page(), encoding="utf-8")
        page = lab.browser.new_page()
        page.goto(path.as_uri())
        for box in page.get_by_role("checkbox", name="hold").all():  # a gate is held before it is moved
            box.check()
        for answer in page.get_by_role("button", name="Answer").all():  # the half-life dial comes after a guess
            answer.click()
        taken = page.evaluate(MOVES, [MOVED.get(name, "input[type=range]"), "main", moves])
        page.close()
        return taken
    with lab.run([cell(name)], name=f"{name}.ipynb") as tab:
        tab.page.wait_for_selector("[role=status]")
        tab.page.wait_for_timeout(500)
        return tab.page.evaluate(MOVES, [".jp-OutputArea .noUi-handle", ".jp-OutputArea .widget-image", moves])


def main():
    if reason := browser.missing():
        sys.exit(f"Cannot measure: {reason}.")
    results = {"command": "python -m tools.authoring.latency", "machine": platform.platform(), "cores": cores(),
               "milliseconds": {}}  # fmt: skip
    print(f"{'widget':20}{'median':>8}{'95 %':>8}{'most':>8}   ms")
    with tempfile.TemporaryDirectory() as place, browser.start(Path(place)) as lab:
        for name in WIDGETS:
            taken = results["milliseconds"][name] = measure(lab, name)
            values = np.array([np.inf if value is None else value for value in taken])
            print(f"{name:20}{np.median(values):8.0f}{np.quantile(values, 0.95):8.0f}{values.max():8.0f}", flush=True)
    write(browser.ROOT / "results" / "latency.json", json.dumps(results) + "\n")


if __name__ == "__main__":
    main()
