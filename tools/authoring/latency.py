"""Milliseconds from a moved control to the new picture, for every widget, in Chromium.

    python -m tools.authoring.latency        needs requirements-dev.txt and Chromium; about two minutes

One control of each widget is moved 60 times, 60 ms after the last answer. The time runs from the event in the page to
the frame that shows the new picture; there is no kernel. results/latency.json keeps the milliseconds of every move.
"""

import json
import platform
import sys
import tempfile
from pathlib import Path

import numpy as np

from course_lib.files import write
from course_lib.machine import cores
from course_lib.text import load_model
from course_lib.widgets import every
from course_lib.widgets.gate_lens import GateLens
from tools.authoring import browser

SHOWN = {"GateLens": lambda: GateLens.on_text(load_model()[0])}  # as in the notebook; of others the example
WIDGETS = {name: SHOWN.get(name, Widget.example) for name, Widget in every().items()}
MOVED = {  # the control that is moved; of the others the first number or slider
    "GateDesk": ".draw[aria-label='input gate']",
    "BuildTheLSTM": "input[type=checkbox]",
    "GateLens": "input[aria-label='held at']",
}
MOVES = """async ([control, moves]) => {
    const output = document.querySelector('main');
    const isPicture = ({type, target}) => type === 'childList' && target.closest?.('svg') && !target.closest('.draw');
    const move = (there) => {
        const element = document.querySelector(control);
        if (element.type === 'range') {
            element.value = Number(element.value) + (there ? 1 : -1) * Number(element.step);
            element.dispatchEvent(new Event('input', {bubbles: true}));
        } else if (element.type === 'checkbox') {
            element.click();
        } else {
            element.focus();
            element.dispatchEvent(new KeyboardEvent('keydown', {key: there ? 'PageUp' : 'PageDown', bubbles: true}));
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


def measure(chromium, folder, name, *, moves=60):
    """Milliseconds of each move of a control of one widget, None where no new picture came within 2 s."""
    path = folder / f"{name}.html"
    path.write_text(WIDGETS[name]().page(), encoding="utf-8")
    page = chromium.new_page()
    page.goto(path.as_uri())
    for box in page.get_by_role("checkbox", name="hold").all():  # a gate is held before it is moved
        box.check()
    for answer in page.get_by_role("button", name="Answer").all():  # the half-life dial comes after a guess
        answer.click()
    for gate in page.get_by_label("gate", exact=True).all():  # of the lens
        gate.select_option(index=1)
    taken = page.evaluate(MOVES, [MOVED.get(name, "input[type=range]"), moves])
    page.close()
    return taken


def main():
    if reason := browser.missing():
        sys.exit(f"Cannot measure: {reason}.")
    from playwright.sync_api import sync_playwright

    results = {"command": "python -m tools.authoring.latency", "machine": platform.platform(), "cores": cores(),
               "milliseconds": {}}  # fmt: skip
    print(f"{'widget':20}{'median':>8}{'95 %':>8}{'most':>8}   ms")
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser.CHROMIUM, args=browser.FLAGS)
        for name in WIDGETS:
            taken = results["milliseconds"][name] = measure(chromium, Path(place), name)
            values = np.array([np.inf if value is None else value for value in taken])
            print(f"{name:20}{np.median(values):8.0f}{np.quantile(values, 0.95):8.0f}{values.max():8.0f}", flush=True)
    write(browser.ROOT / "results" / "latency.json", json.dumps(results) + "\n")


if __name__ == "__main__":
    main()
