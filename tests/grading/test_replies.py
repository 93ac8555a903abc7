"""A reply is written by whoever runs in the box: what inside.py has not written is none, and costs next to nothing."""

import json
import os
from types import SimpleNamespace

import pytest
import torch

from tools.grading import inside, sandbox
from tools.grading.judge import Learner

TENSOR = {"tensor": ["<f4", [2], "AAAAAAAAAAA="], "grad": False}
ODD = {  # what the message holds beside its number
    "an error that is a number": {"error": 5},
    "half an error": {"error": ["ValueError"]},
    "an error of lists": {"error": [["ValueError"], [[]]]},
    "a number": {"value": 5},
    "a word": {"value": "ab"},
    "nothing": {},
    "a tensor without data": {"value": [{"tensor": 3, "grad": 0}, None]},
    "a tensor without a grad": {"value": [{"tensor": TENSOR["tensor"]}, None]},
    "a shape below zero": {"value": [{"array": ["<f4", [-1, -1], ""]}, None]},
    "a shape of words": {"value": [{"array": ["<f4", ["2"], "AAAAAAAAAAA="]}, None]},
    "a shape of another size": {"value": [{"array": ["<f4", [3], "AAAAAAAAAAA="]}, None]},
    "objects": {"value": [{"array": ["O", [1], "AAAAAAAAAAA="]}, None]},
    "a dtype with names": {"value": [{"array": [{"names": ["a"], "formats": ["O"]}, [1], "AAAAAAAAAAA="]}, None]},
    "a dtype that is large": {"value": [{"array": ["(1000000000,)f8", [1], "AAAAAAAAAAA="]}, None]},
    "a dict with a list for a key": {"value": [{"dict": [[{"list": []}, 1]]}, None]},
    "a dict without pairs": {"value": [{"dict": 7}, None]},
    "another kind": {"value": [{"code": "import os"}, None]},
    "gradients of no tensor": {"value": [1, {"list": [TENSOR]}]},
    "too many axes": {"value": [{"array": ["<f8", [1] * 100, "AAAAAAAAAAA="]}, None]},
    "axes of thousands of digits": {"value": [{"array": ["<f8", [10**4000] * 1000, ""]}, None]},
    "keys that all fall together": {"value": [{"dict": [[k * (2**61 - 1), 1] for k in range(1, 99_999)]}, None]},
}  # fmt: skip


class Told(sandbox.Box):
    """A box that replies what it is told to."""

    def __init__(self, reply):
        super().__init__(bwrap=None)
        self.reply = reply

    def start(self):
        self.process = SimpleNamespace(pid=os.getpid(), end=lambda: None)

    def send(self, data):
        self.number = json.loads(data)["number"]

    def line(self):
        return json.dumps({"number": self.number, **self.reply}).encode()


@pytest.mark.parametrize("what", ODD)
def test_a_reply_that_was_not_written_by_inside_is_none(what):
    with Told(ODD[what]) as box, pytest.raises(sandbox.Broken, match="no reply|far too much"):
        box.call("answer", torch.ones(2, requires_grad=True))


def test_what_inside_writes_is_a_reply_and_an_error_is_of_a_known_kind():
    value = inside.encode({"h": torch.ones(2), "c": [1, None, "x"]})
    with Told({"value": [value, None]}) as box:
        assert box.call("answer")["c"] == [1, None, "x"]
    for name, kind in [("KeyError", KeyError), ("Broken", RuntimeError), ("NotRight", RuntimeError)]:
        with Told({"error": [name, "said"]}) as box, pytest.raises(kind, match="said"):
            box.call("answer")


class Ends:
    """Stands in for a Box in which every cell ends the process."""

    process, clock = 1, staticmethod(lambda: 0)

    def stop(self):
        pass

    given = staticmethod(lambda constants: None)

    def run(self, source, only_definitions=False):
        if not only_definitions:
            raise sandbox.Broken("its process ended")


def test_a_thousand_cells_that_end_the_process_are_as_many_sentences():
    learner = Learner(Ends(), [(f"own cell {k}", "") for k in range(1100)])
    learner.load()
    assert {kind for kind, _ in learner.failed.values()} == {"ended"} and len(learner.failed) == 1100
