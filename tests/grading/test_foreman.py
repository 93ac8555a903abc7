"""A job that ends badly is named, and the others go on."""

import json
import signal
import threading

import psutil
from handed_in import SET, body, hand_in, right
from patience import until

from tools.grading.foreman import Foreman


def job(folder, student, notebook):
    hand_in(folder, student, notebook)
    return {"do": "judge", "folder": str(folder / "submitted" / student / SET), "student": student, "key": student,
            "name": SET, "token": "", "time": None, "settings": {"seconds": 60, "bwrap": None},
            "result": str(folder / f"{student}.json")}  # fmt: skip


def judges(foreman):
    """The processes of a foreman that have started a box."""
    return [one for one in psutil.Process(foreman.process.pid).children() if one.children()]


def test_a_job_that_is_killed_or_cannot_begin_is_named_and_the_others_are_done(tmp_path):
    endless = job(tmp_path, "endless", body("import time; time.sleep(1e6)"))
    with Foreman(1) as foreman:
        foreman.start()

        def work():
            yield from foreman.work([endless | {"folder": None}, endless, job(tmp_path, "right", right())])

        told = work()
        assert "ended with 1" in next(told)[1]

        def kill():
            until(lambda: judges(foreman), foreman.process)
            judges(foreman)[0].send_signal(signal.SIGKILL)

        killer = threading.Thread(target=kill)
        killer.start()
        ended = next(told)
        killer.join()
        assert ended[0]["student"] == "endless" and "SIGKILL" in ended[1]
        assert next(told)[1] is None
    assert json.loads((tmp_path / "right.json").read_text())["status"] == "graded"
