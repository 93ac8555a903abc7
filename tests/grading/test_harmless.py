"""What a student wrote is shown, and does nothing: in a real browser, in tables, on a terminal, and in Formgrader."""

import html
import os
import shutil
import socket
import subprocess
import sys

import odd
import pytest
from handed_in import ROOT
from nbconvert.filters import markdown2html
from pages import active
from playwright.sync_api import sync_playwright

from tools.authoring import browser
from tools.grading import __main__ as grade
from tools.grading import harmless

chromium = pytest.mark.skipif(browser.missing() is not None, reason=str(browser.missing()))


def test_an_essay_keeps_its_text_its_formulas_and_its_pictures():
    source = "# Claim\n\nThe gate $f_1 < f_2$ *keeps*:\n\n```\na\n\nb\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n"
    picture = {"a b.png": {"image/png": odd.PIXEL}}
    html, files = harmless.essay(f"{source}![p](attachment:a%20b.png)", picture, "essay")
    assert list(files) == ["essay-1.png"] and 'src="essay-1.png"' in html
    for part in ("<h1>Claim</h1>", "$f_1 &lt; f_2$", "<em>keeps</em>", "<td>2</td>", "<pre><code>a"):
        assert part in html


@pytest.mark.parametrize("word", ["\\href", "&#92;href", "&#x5C;href", "&bsol;href", "\\hr&#101;f", "&#92&#104;ref",
                                  "&#92;h&#8203;ref", "\\h\u200bref"])  # fmt: skip
def test_no_command_of_mathjax_that_makes_a_link_is_left_however_it_is_spelt(word):
    for dollar in ("$", "&#36;", "&dollar;"):
        page, _ = harmless.essay(f"{dollar}{word}{{javascript:alert(1)}}{{x}}{dollar}", {}, "essay")
        assert "\\href" not in html.unescape(page) and "javascript" in page
    kept, _ = harmless.essay("&lt;b&gt; &amp;lt; &quot;&eacute;", {}, "essay")
    assert kept == "<div><p>&lt;b&gt; &amp;lt; &quot;é</p></div>"


@pytest.mark.parametrize(
    "source",
    [odd.EVIL, "<div>\n\n" * 50 + "<script>alert(1)</script>", "a\u2028\u2028<script>alert(1)</script>",
     "$$\n\n<svg>\n$$", "\\begin{a}<img src=x onerror=alert(1)>\\end{a}", "<a href='java\tscript:alert(1)'>x</a>",
     "[x](  JaVaScript:alert(1))", "<a href='&#106;avascript:alert(1)'>x</a>",
     "<img src='data:image/svg+xml;base64,AAAA'>", "x\n<!--\n\n--><base href=//a>", "[x]: javascript:alert(1)\n\n[x]",
     "![x](https://elsewhere/track.png)", "<pre>\n\n<script>alert(1)</script>\n\n</pre>"],
    ids=range(13),
)  # fmt: skip
def test_an_essay_is_one_block_of_html_that_stays_as_it_is_when_it_is_shown(source):
    html, _ = harmless.essay(source, {}, "essay")
    assert markdown2html(html).strip() == html.strip()
    assert active(html) == [] and "elsewhere" not in html


def test_a_picture_is_shown_only_if_it_is_one():
    for data in ("PHN2ZyBvbmxvYWQ9YWxlcnQoMSk+", "no base64!", "", None, ["iVBORw0KGgo="], "A" * 10**7):
        _, files = harmless.essay("![p](attachment:a.png)", {"a.png": {"image/png": data}}, "essay")
        assert list(files) == (["essay-1.png"] if isinstance(data, list) else [])


def test_a_formula_becomes_text_and_an_id_that_is_joined_on_stays():
    formulas = ["=1+1", "+1+1", "-2+3|cmd", "@SUM(1)", "\t=1", "=HYPERLINK(1)", "%0a=1"]
    assert all(harmless.cell(one).startswith("'") for one in formulas)
    for kept in ("-17", "+49 30", "@ada", "ada@example.org", "a=b", "O'Neil", 3, 2.5):
        assert harmless.cell(kept) == kept
    assert harmless.cell("=1+1", joined=True) == "=1+1"


def test_a_line_holds_nothing_that_a_terminal_obeys():
    assert harmless.line("a\x1b[2Jb\x1b]0;owned\x07c\nd\u202ee\x9b1mf\u200b") == "abc de1mf"
    assert harmless.line(os.fsdecode("Größe".encode("latin-1"))) == "Größe"
    assert "<" not in harmless.markdown("<b>[x](y)</b>")


@chromium
def test_nothing_of_an_essay_runs_in_a_browser_and_formgrader_runs_no_notebook(tmp_path):
    """Formgrader on a class whose student attacks it: the page is shown, nothing runs, and Autograde is refused."""
    name, student = odd.ESSAYS, "essay that attacks"
    folder = tmp_path / "grading"
    odd.placed(odd.ESSAY[student][0], None, name, f"{name}.ipynb")(student, folder / "submitted")
    grade.main(["--folder", str(folder), "--jobs", "1"])
    shutil.copy(ROOT / "nbgrader_config.py", tmp_path)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    places = {f"JUPYTER_{one}_DIR": str(tmp_path / "jupyter") for one in ("CONFIG", "DATA", "RUNTIME")}
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1",
               f"--port={url.rpartition(':')[2]}", "--IdentityProvider.token=",
               f"--ServerApp.root_dir={tmp_path}"]  # fmt: skip
    with (tmp_path / "log").open("w") as log:
        server = subprocess.Popen(command, cwd=tmp_path, env=os.environ | places, stdout=log, stderr=log)
    try:
        browser.wait_for(f"{url}/api/status", server, tmp_path / "log")
        with sync_playwright() as playwright:
            chrome = playwright.chromium.launch(executable_path=browser.CHROMIUM, args=browser.FLAGS)
            page = chrome.new_page()
            page.set_default_timeout(1000 * browser.SECONDS)
            said = []
            page.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
            page.route(lambda address: not address.startswith((url, "file:")), lambda route: route.abort())
            page.goto(f"{url}/formgrader", wait_until="domcontentloaded")
            asked = "async name => (await fetch(`/formgrader/api/submitted_notebooks/${name}/${name}`)).json()"
            there = page.evaluate(asked, name)
            page.goto(f"{url}/formgrader/submissions/{there[0]['id']}/", wait_until="domcontentloaded")
            page.wait_for_selector(f"text={odd.WORDS[:40]}")
            title = page.title()
            refused = page.evaluate(
                """async ([name, student]) => {
                    const headers = {'X-CSRFToken': document.cookie.match(/_xsrf=([^;]*)/)[1]};
                    const address = `/formgrader/api/submission/${name}/${encodeURIComponent(student)}/autograde`;
                    return (await fetch(address, {method: 'POST', headers})).json(); }""",
                [name, student],
            )
            page.goto((folder / "feedback" / student / name / f"{name}.html").as_uri(), wait_until="domcontentloaded")
            page.wait_for_selector(f"text={odd.WORDS[:40]}")
            assert "owned" not in [title, page.title()] and said == []
            page.set_content(markdown2html(odd.EVIL))  # which it would have been without any care
            page.wait_for_function("document.title === 'owned'")
            chrome.close()
        assert not refused["success"] and "make grade" in str(refused)
        assert (folder / "autograded" / student / name / f"{name}.ipynb").exists()
    finally:
        server.terminate()
        server.wait(timeout=browser.SECONDS)
