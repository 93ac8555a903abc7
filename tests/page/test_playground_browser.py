"""The playground in a real browser, opened from a file, without a network."""

from html import escape
from urllib.parse import quote

import pytest
from offline import faults, opened

from course_lib.cells import LSTMCell, MinLSTMCell, RNNCell
from course_lib.page import playground
from course_lib.tasks import Latching
from course_lib.training import train

EASY = "#cell=MinLSTMCell&against=&task=Latching&lag=10&start=chrono&seed=5"


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    return playground(tmp_path_factory.mktemp("page") / "playground.html", cells=(LSTMCell, MinLSTMCell, RNNCell))


def says(page, text):
    page.locator("#said", has_text=text).wait_for()


def test_play_trains_until_the_task_is_solved_with_the_losses_of_the_course(chromium, page):
    history = train(MinLSTMCell, Latching(lag=10), hidden_size=16, init="chrono", seed=5, batch_size=16,
                    learning_rate=0.01, progress=False)  # fmt: skip
    with opened(chromium, page, hash_=EASY) as tab:
        says(tab, "Ready. MinLSTMCell, on 11 steps.")
        tab.get_by_role("button", name="Play").click()
        says(tab, f"solved after {history.solved_at} updates")
        assert tab.evaluate("seen.runs[0].losses.slice(0, 20)") == pytest.approx(history.losses[:20], abs=1e-6)
        assert "solved after" in tab.locator("[role=status]").inner_text()
        assert not tab.locator("#play").is_enabled()
        for name in ("Loss by update", "Share of right answers", "Gradient by lag", "Gates over one sequence"):
            picture = tab.get_by_role("img", name=name).first
            assert picture.locator(".line").count() > 0 and len(picture.get_attribute("aria-label")) > len(name) + 20


def test_two_cells_race_by_keyboard_and_a_moved_bias_is_kept_in_the_address(chromium, page):
    with opened(chromium, page, hash_="#lag=20&start=forget_bias&bias=0") as tab:
        says(tab, "Ready. LSTMCell against RNNCell, on 20 steps.")
        tab.locator("#step").focus()
        for _ in range(3):
            tab.keyboard.press("Enter")
        says(tab, "3 updates")
        tab.locator("#nudge").focus()
        for _ in range(4):
            tab.keyboard.press("ArrowRight")
        tab.wait_for_function("location.hash.includes('changes=3:')")
        tab.locator("#step").press("Enter")
        says(tab, "4 updates")
        assert tab.evaluate("seen.told.runners.map((runner) => runner.bias !== null)") == [True, False]
        address, losses = tab.evaluate("[location.hash, seen.runs.map((run) => run.losses)]")
        assert len(losses) == 2 and losses[0] != losses[1]
    with opened(chromium, page, hash_=address) as again:
        again.locator("#step").focus()
        for _ in range(4):
            again.keyboard.press("Enter")
        says(again, "4 updates")
        assert again.evaluate("seen.runs.map((run) => run.losses)") == losses
        assert again.evaluate("location.hash") == address


def test_a_setting_changed_by_touch_begins_anew(chromium, page):
    with opened(chromium, page, width=360, touch=True) as tab:
        tab.locator("#step").tap()
        says(tab, "1 update. ")
        tab.locator("#to-settings").tap()
        tab.select_option("[name=task]", "TemporalOrder")
        says(tab, "Ready. LSTMCell against RNNCell, on 44 steps.")
        assert "task=TemporalOrder" in tab.evaluate("location.hash")
        box = tab.locator("[name=lag]").bounding_box()
        tab.touchscreen.tap(box["x"] + box["width"] - 2, box["y"] + box["height"] / 2)
        says(tab, "on 220 steps")


def test_an_address_that_says_nonsense_is_read_as_far_as_it_makes_sense(chromium, page):
    with opened(chromium, page, hash_="#cell=Nothing&lag=-5&task=Counting&seed=x&units=7&changes=a:b,4") as tab:
        says(tab, "Ready. LSTMCell against RNNCell, on 11 steps.")


def test_a_cell_that_is_typed_trains_is_refused_with_its_reason_and_is_kept_in_the_address(chromium, page):
    with opened(chromium, page, hash_="#lag=20&against=LSTMCell") as tab:
        says(tab, "Ready")
        tab.select_option("[name=cell]", label="your own equations")
        says(tab, "Ready. Your cell against LSTMCell, on 20 steps.")
        tab.get_by_role("button", name="Play").click()
        tab.wait_for_function("seen.told.updates > 20")
        one, other = tab.evaluate("seen.runs.map((run) => run.losses.slice(0, 20))")
        assert one == pytest.approx(other, rel=0, abs=1e-12)  # the LSTM stands there to begin with
        field = tab.get_by_label("your equations")
        field.fill("z = sigmoid(W_z x + U_z h + b_z)\nh' = z * h + (1 - z) * tanh(W x + q)")
        wrong = "Line 2: q is not known"
        tab.locator("#problem", has_text=wrong).wait_for()
        assert wrong in tab.locator("[role=status]").inner_text() and wrong in tab.locator("#said").inner_text()
        assert not tab.locator("#play").is_enabled() and field.get_attribute("aria-invalid") == "true"
        assert faults(tab) == []
        field.press("End")
        for key in ("ArrowLeft", "Backspace"):
            field.press(key)
        field.press_sequentially("b")
        tab.wait_for_function("seen.told?.updates > 20")  # it plays on
        tab.locator("#play", has_text="Pause").click()
        says(tab, "Your cell: loss")
        assert tab.locator("#problem").inner_text() == "" and "update gate" in tab.locator("#now").inner_text()
        address, losses = tab.evaluate("[location.hash, seen.runs[0].losses[1]]")
    with opened(chromium, page, hash_=address) as again:
        says(again, "Ready. Your cell against LSTMCell")
        for _ in range(2):
            again.locator("#step").click()
        says(again, "2 updates")
        assert again.evaluate("[location.hash, seen.runs[0].losses[1]]") == [address, losses]


ODD = {"#%E0%A4%A&cell=__proto__&against=constructor&task=toString": "LSTMCell against RNNCell, on 40 steps",
       "#lag=&seed=&bias=&units=&changes=:,-1:3,2:1e308": "LSTMCell against RNNCell, on 40 steps",
       "#lag=1e309&seed=-1e9&rate=0&changes=0:1e308,1:-1e308": "LSTMCell against RNNCell, on 40 steps",
       "#cell=Your+cell&against=LSTMCell&equations=h%27+%3D+h+%2F+0%0A": "Your cell"}  # fmt: skip


@pytest.mark.parametrize("address", ODD)
def test_no_address_makes_the_page_draw_what_is_no_number(chromium, page, address):
    with opened(chromium, page, hash_=address) as tab:
        says(tab, ODD[address])
        for count in ("1 update. ", "2 updates. "):
            tab.locator("#step").click()
            says(tab, count)
        tab.wait_for_function("document.querySelectorAll('#gates0 .line').length > 0")
        assert not {"NaN", "undefined", "Infinity"} & set(tab.locator("main").inner_text().replace(",", " ").split())
        assert "NaN" not in tab.locator(".charts").inner_html()


def test_two_playgrounds_live_in_one_page_also_without_an_address_of_their_own(chromium, page, tmp_path):
    both = tmp_path / "both.html"
    frames = [f'src="{page.as_uri()}#lag=20"', f'srcdoc="{escape(page.read_text(encoding="utf-8"))}"']
    both.write_text("".join(f'<iframe title="one" height="500" {one}></iframe>' for one in frames), encoding="utf-8")
    with opened(chromium, both, site=page.parents[1]) as tab:
        for k, steps in enumerate((20, 40)):
            frame = tab.frame_locator("iframe").nth(k)
            frame.locator("#said", has_text=f"on {steps} steps").wait_for()
            frame.locator("#step").click()
            frame.locator("#said", has_text="1 update. ").wait_for()


def test_a_hostile_address_runs_nothing(chromium, page):
    text = "h' = h</pre><img src=x onerror='document.title = 1'>${document.title = 1}"
    with opened(chromium, page, hash_=f"#cell=Your+cell&equations={quote(text)}") as tab:
        tab.locator("#problem", has_text="Line 1:").wait_for()
        assert tab.title().startswith("Playground") and tab.locator("img").count() == 0
        assert tab.locator("[name=equations]").input_value() == text


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [360, 768, 1920])
def test_everyone_can_read_it_at_every_width_in_both_themes(chromium, page, width, dark):
    with opened(chromium, page, width=width, dark=dark, hash_="#against=MinLSTMCell") as tab:
        tab.locator("#step").click()
        says(tab, "1 update. ")
        tab.wait_for_function("document.querySelectorAll('#gates1 .line').length > 0")
        assert faults(tab) == []
