"""Seconds until a page of the book answers, in Chromium, at this processor's speed and at a quarter of it.

    python -m tools.book.ready [PART OF A NAME]        after `make book`; needs requirements-dev.txt and Chromium

Of every notebook's page: until its first question takes an answer; until its first widget, which is scrolled to at
once, answers its first control; and how long the page was busy at a stretch before that.
Times run from the navigation on.
"""

import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from tools.authoring.browser import CHROMIUM, FLAGS, SECONDS, missing

SITE = Path(__file__).resolve().parents[2] / "build" / "book"
SPEEDS = {"as it is": 1, "a quarter": 4}
WATCH = """if (window === top) {
    window.said = {tasks: []};
    new PerformanceObserver((list) => {
        for (const one of list.getEntries()) said.tasks.push(one.duration);
    }).observe({type: 'longtask', buffered: true});
    const every = setInterval(() => {
        const choice = document.querySelector('fieldset.prediction input');
        if (choice && !said.page) {
            choice.checked = false;
            choice.click();
            if (document.querySelector('fieldset.prediction .noted').textContent) said.page = performance.now();
        }
        const frame = document.querySelector('article iframe');
        if (!said.moved) frame?.parentElement.scrollIntoView(); // the page above it may still grow
        const inside = frame?.contentDocument, control = inside?.querySelector('main input, main select, main button');
        if (control && !said.widget && !said.moved) {
            said.moved = true;
            const seen = {attributes: true, childList: true, subtree: true, characterData: true};
            const watch = new MutationObserver(() => { said.widget ??= performance.now(); });
            watch.observe(inside.querySelector('main'), seen);
            if (control.type === 'range') {
                control.value = Number(control.value) + Number(control.step);
                control.dispatchEvent(new Event('input', {bubbles: true}));
            } else if (control.tagName === 'SELECT') {
                control.selectedIndex = control.options.length - 1;
                control.dispatchEvent(new Event('change', {bubbles: true}));
            } else control.click();
        }
    }, 10);
}"""
DONE = """() => document.readyState === 'complete' && (said.page || !document.querySelector('fieldset.prediction'))
    && (said.widget || !document.querySelector('article iframe'))"""


def measure(browser, path, slower):
    """{what: seconds} of a page; None for what is not on it."""
    context = browser.new_context(viewport={"width": 1366, "height": 900}, offline=True)
    page = context.new_page()
    page.set_default_timeout(1000 * SECONDS)
    page.add_init_script(WATCH)
    context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": slower})
    page.goto(path.as_uri(), wait_until="commit")
    page.wait_for_function(DONE)
    said = page.evaluate("said")
    context.close()
    found = {"page": said.get("page"), "widget": said.get("widget"), "busy": max(said["tasks"], default=0)}
    return {name: time and time / 1000 for name, time in found.items()}


def main():
    if lacking := missing():
        sys.exit(lacking)
    wanted = f"*{sys.argv[1]}*.html" if len(sys.argv) > 1 else "*.html"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for speed, slower in SPEEDS.items():
            print(f"{speed}: seconds until a question, a widget answers; longest busy stretch")
            for path in sorted((SITE / "notebooks").glob(wanted)):
                found = measure(browser, path, slower)
                print("  ", path.stem, *("–" if time is None else f"{time:.2f}" for time in found.values()))
        browser.close()


if __name__ == "__main__":
    main()
