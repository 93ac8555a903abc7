"""Milliseconds from a moved control to the new picture, for every widget, in Chromium.

    python -m tools.authoring.latency        needs requirements-dev.txt and Chromium; about two minutes

One control of each widget is moved 60 times over its range, 60 ms after the last answer; there is no kernel. The
browser hands an event of a mouse or a finger over when a frame begins, and so does this. The time runs from there until
the new picture is computed, laid out and painted: below 16.7 ms it is in that same frame. results/latency.json keeps
the milliseconds of every move.
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
    const element = document.querySelector(control), output = document.querySelector('main');
    const isPicture = ({type, target}) => type === 'childList' && target.closest?.('svg') && !target.closest('.draw');
    const watch = new MutationObserver(() => {}), frame = () => new Promise(requestAnimationFrame);
    const painted = () => new Promise((done) => {  // a message waits for the frame that is under way
        const {port1, port2} = new MessageChannel();
        port1.onmessage = done;
        port2.postMessage(null);
    });
    let up = true;
    const move = () => {
        if (element.type === 'range') {  // to and fro over its range
            const [now, low, high, step] = ['value', 'min', 'max', 'step'].map((name) => Number(element[name]));
            up = up ? now + step <= high : now - step < low;
            element.value = now + (up ? step : -step);
            element.dispatchEvent(new Event('input', {bubbles: true}));
        } else if (element.type === 'checkbox') {
            element.click();
        } else {
            element.focus();
            element.dispatchEvent(new KeyboardEvent('keydown', {key: up ? 'PageUp' : 'PageDown', bubbles: true}));
            up = !up;
        }
    };
    watch.observe(output, {attributes: true, childList: true, subtree: true});
    const taken = [];
    for (let k = 0; k < moves; k++) {
        await new Promise(done => setTimeout(done, 60));
        await frame();
        watch.takeRecords();
        const began = performance.now();
        move();
        const drawn = watch.takeRecords().some(isPicture);
        await painted();
        taken.push(drawn ? performance.now() - began : null);
    }
    return taken;
}"""


def measure(chromium, folder, name, *, moves=60):
    """Milliseconds of each move of a control of one widget, from a second after it is there; None: no new picture."""
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
    page.wait_for_timeout(1000)
    taken = page.evaluate(MOVES, [MOVED.get(name, "input[type=range]"), moves])
    page.close()
    return taken


def main():
    if reason := browser.missing():
        sys.exit(f"Cannot measure: {reason}.")
    from playwright.sync_api import sync_playwright

    results = {"command": "python -m tools.authoring.latency", "machine": platform.platform(), "cores": cores(),
               "milliseconds": {}}  # fmt: skip
    print(f"{'widget':20}{'median':>8}{'95 %':>8}{'most':>8}{'first':>8}   ms")
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser.CHROMIUM, args=browser.FLAGS)
        for name in WIDGETS:
            taken = results["milliseconds"][name] = measure(chromium, Path(place), name)
            values = np.array([np.inf if value is None else value for value in taken])
            print(
                f"{name:20}{np.median(values):8.0f}{np.quantile(values, 0.95):8.0f}{values.max():8.0f}{values[0]:8.0f}",
                flush=True,
            )
    write(browser.ROOT / "results" / "latency.json", json.dumps(results) + "\n")


if __name__ == "__main__":
    main()
