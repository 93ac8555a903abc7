"""Every public function takes what is right and refuses what is wrong, with a ValueError that says who needs what.

The functions are found by inspection; what their parameters are is in kinds.py. For each parameter every value of its
kind is tried, with the others right: one that says the same as the right one must give the same result or be refused, a
wrong one must be refused. Nothing else is accepted: no other exception, no result, no work half done, no number drawn
from torch's global generator by a function that does not say so. What a learner's own function raises, or the step of a
learner's own cell, comes out as it is: its line is where to look.

    python tests/doors/test_doors.py        counts what was tried, and lists what was neither right nor refused
"""

import importlib
import inspect
import pkgutil
import re
import sys
import traceback
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from kinds import KEYWORD, KINDS, MADE_BY, NOT_DOORS, USUAL, WITH
from plain import GIVEN
from values import STRANGE, Own

import course_lib
from course_lib.initialise import INITIALISATIONS
from course_lib.widgets.gate_desk import MISSIONS

AXES = {"batch", "time", "input", "hidden", "output", "third"}  # what an axis of a tensor is called
NEEDED = inspect.Parameter.empty
FIGURES = {name.split(".")[0] for name in GIVEN}
ROOM = str(Path(course_lib.__file__).parent)
WORDS = re.compile(r"\S.* (needs?|has no|can|cannot) \S.*(; |: )\S.*", re.DOTALL)  # who needs what; got what


@dataclass(frozen=True)
class Door:
    """A public function, or a method of a public class, which self() makes an instance of."""

    name: str
    function: object
    of: object = None

    @property
    def short(self):
        """The last word of its name."""
        return self.name.rsplit(".", 1)[-1]

    def bound(self):
        """The function, or the method of a right instance."""
        return self.function if self.of is None else getattr(instance(self.of), self.short)


def instance(kind):
    """A right instance of a class, made anew."""
    return MADE_BY[kind.__name__]() if kind.__name__ in MADE_BY else kind(**right(Door(kind.__name__, kind)))


def excluded(name):
    """Why a dotted name of the library is no door, or None."""
    found = [why for pattern, why in NOT_DOORS.items() if re.fullmatch(pattern, name)]
    return found[0] if found else None


@cache
def names():
    """{dotted name: thing} of every class and function of the library whose name has no underscore in front."""
    modules = sorted(
        m.name for m in pkgutil.walk_packages(course_lib.__path__, "course_lib.") if "datasets" not in m.name
    )
    found = {}
    for module in modules:
        for name, thing in vars(importlib.import_module(module)).items():
            if name[0] != "_" and callable(thing) and getattr(thing, "__module__", "") == module:
                found[f"{module}.{name}".removeprefix("course_lib.")] = thing
    return found


@cache
def doors():
    """All Doors: functions, classes, and the methods that a class has from the library; without those in NOT_DOORS."""
    found = []
    for name, thing in names().items():
        if excluded(name):
            continue
        found.append(Door(name, thing))
        for base in thing.__mro__ if inspect.isclass(thing) else ():
            if base.__module__.startswith("course_lib"):
                methods = [m for m, value in vars(base).items() if inspect.isfunction(value)]
                public = [m for m in methods if m[0] != "_" or m in ("__call__", "__getitem__")]
                found += [Door(f"{name}.{m}", getattr(thing, m), thing) for m in public if not excluded(f"{name}.{m}")]
    return list({door.name: door for door in reversed(found)}.values())[::-1]


@cache
def parameters(door):
    """{parameter: its default, or NEEDED} of a door."""
    found = inspect.signature(door.function).parameters.values()
    return {p.name: () if p.kind == p.VAR_KEYWORD else p.default for p in found if p.name != "self"}


def kind_of(door, parameter):
    """The Kind of a parameter: that of "function.parameter", or of "parameter"."""
    words = door.name.split(".")
    for prefix in (words[-2:], words[-1:], words[:1], ()):  # class and method, or function, or file
        if (key := ".".join([*prefix, parameter])) in KINDS:
            kind = KINDS[key]
            return kind(instance(door.of)) if inspect.isfunction(kind) else kind
    raise LookupError(
        f"{door.name} is public and nothing says what its {parameter!r} is: add {parameter!r}, or "
        f"'{door.short}.{parameter}', to KINDS in tests/doors/kinds.py; or say in NOT_DOORS why it is no door"
    )


def right(door, parameter=None):
    """Right values for all parameters that must be given, and for this one."""
    needed = [name for name, default in parameters(door).items() if default is NEEDED]
    found = USUAL.get(door.short, {}) | {name: kind_of(door, name).good() for name in needed}
    if parameter is not None:
        found |= WITH.get(f"{door.short}.{parameter}", {})
        found |= given(door, parameter, kind_of(door, parameter).good())
    return found


def given(door, parameter, value):
    """The value as an argument of a call; by_hand(**weights) is given one weight."""
    return {KEYWORD.get(f"{door.short}.{parameter}", parameter): value}


# ---- What came of it ----

RIGHT = ("right values", "a right value")


def alike(one, other):
    """Whether two results are the same to the last digits; what cannot be compared is."""
    if isinstance(one, torch.nn.Module):
        return alike(one.state_dict(), other.state_dict())
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(alike(one[k], other[k]) for k in one.keys())
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(alike, one, other))
    if isinstance(one, torch.Tensor):
        return one.shape == other.shape and torch.allclose(one.double(), other.double(), equal_nan=True)
    if isinstance(one, (np.ndarray, np.generic, float, int)):
        one, other = np.asarray(one), np.asarray(other)
        if object in (one.dtype, other.dtype):
            return one.dtype == other.dtype and one.shape == other.shape
        return one.shape == other.shape and np.allclose(one, other, equal_nan=True)
    if isinstance(one, (str, type(None))):
        return one == other
    if hasattr(one, "__dataclass_fields__"):
        return type(one) is type(other) and alike(
            *({k: v for k, v in vars(x).items() if k != "seconds"} for x in (one, other))
        )
    return type(one) is type(other)


def state_of(arguments):
    """What a call could leave half changed: the numbers of modules, and how much is drawn on axes."""
    modules = {k: v for k, v in arguments.items() if issubclass(type(v), torch.nn.Module)}
    drawn = {k: len(v.get_children()) for k, v in arguments.items() if issubclass(type(v), plt.Axes)}
    return drawn | {k: [w.detach().clone() for w in v.parameters()] for k, v in modules.items()}


def outcome(door, arguments):
    """("right", result), ("refused", words), ("own", words) where the learner's own function or step raised, or what is
    at fault: "foreign" where it was refused in other words than ours, and the like."""
    function, before, numbers = door.bound(), state_of(arguments), torch.get_rng_state()
    try:
        result = function(**arguments)
    except Exception as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        said = f"{type(error).__name__}: {error} ({Path(where.filename).name}:{where.lineno})"
        if not isinstance(error, ValueError) or not where.filename.startswith(ROOM) or not WORDS.fullmatch(str(error)):
            inside = [frame.f_code.co_name for frame, _ in traceback.walk_tb(error.__traceback__)]
            return "own" if isinstance(error, Own) or "step" in inside else "foreign", said
        if not spoken(str(error), door, arguments):
            return "nobody", said
        if not alike(state_of(arguments), before):
            return "half done", said
        return "refused", str(error)
    finally:
        drawn, _ = not torch.equal(torch.get_rng_state(), numbers), torch.set_rng_state(numbers)
        plt.close("all")
    told = "".join(thing.__doc__ or "" for thing in getattr(door.function, "__mro__", [door.function]))
    if drawn and "global generator" not in told:
        return "drawn", "draws from torch's global generator and does not say so"
    return "right", result


@cache
def speakers():
    """The words that a refusal may begin with: functions, classes, starts and missions of the library."""
    return {name.rsplit(".", 1)[-1] for name in names()} | {
        *INITIALISATIONS,
        *(mission.name for mission in MISSIONS.values()),
    }


def misled(said, value):
    """Whether the words of a refusal name an axis that nothing else does, or show None for what was not."""
    axes = re.search(r"as a tensor \(([a-z].*?)\) of ", said, re.IGNORECASE)
    known = axes is None or {axis.split()[0] for axis in axes[1].split(", ")} <= AXES
    none = re.search(r"got '?None'?($| \()", said) and "None" not in repr(value)
    return not known or none and not (callable(value) or isinstance(value, dict))  # a function may return None


def spoken(said, door, arguments):
    """Whether the words of a refusal begin with who it is that needs something: a name of the library, the door's own
    module, or the class of what was given."""
    who = re.match(r"(?:an? |the )?(.+?) (?:needs?|has|can|cannot) ", said)
    known = speakers() | {*door.name.split("."), *(type(one).__name__ for one in arguments.values())}
    return bool(who) and who[1] in known


def label(value):
    """A value in words, be it as strange as it may."""
    try:
        text = " ".join(repr(value).split())
    except Exception:
        text = "that cannot be shown"
    return f"{type(value).__name__} {text if len(text) < 60 else text[:57] + '...'}"


def tried(door):
    """[(parameter, value in words, what came of it, words)] of everything that is tried at a door."""
    found = []
    usual = outcome(door, right(door))
    found.append(("", RIGHT[0], usual[0], usual[1] if usual[0] != "right" else ""))
    for parameter in parameters(door):
        kind, values = kind_of(door, parameter), right(door, parameter)
        result, wanted = usual if values.keys() == right(door).keys() else outcome(door, values)
        found.append((parameter, RIGHT[1], result, wanted if result != "right" else ""))
        for change in kind.same:
            value = change(kind.good())
            came, got = outcome(door, right(door, parameter) | given(door, parameter, value))
            if came == "right" and not (result == "right" and alike(wanted, got)):
                came = "other"
            found.append((parameter, label(value), came, got if came != "right" else ""))
        for value in kind.own:
            came, got = outcome(door, right(door, parameter) | given(door, parameter, value))
            unasked = came == "right" and not isinstance(value, torch.nn.Module)  # a cell's step may not be called
            found.append((parameter, label(value), "silent" if unasked else came, got))
        for value in (*kind.bad, *STRANGE):
            if value is None and parameters(door)[parameter] is None:
                continue  # left out
            came, got = outcome(door, right(door, parameter) | given(door, parameter, value))
            came = "silent" if came in ("right", "own") else came
            came = "misled" if came == "refused" and misled(got, value) else came
            found.append((parameter, label(value), came, got))
    return found


def faults(found):
    """What is neither right nor refused, and what is refused although it is right."""
    return [row for row in found if row[2] not in (("right",) if row[1] in RIGHT else ("right", "refused", "own"))]


@pytest.fixture(autouse=True)
def no_picture_is_drawn(monkeypatch):
    for name in FIGURES:
        monkeypatch.setattr(f"course_lib.figures.{name}.show", lambda figure, text: None)
    monkeypatch.setattr("course_lib.figures.what_is_true.display", lambda *given, **more: None)
    monkeypatch.setattr("course_lib.bench.SETTLE", 0.0)


@pytest.mark.parametrize("door", doors(), ids=lambda door: door.name)
def test_what_is_wrong_is_refused_and_what_is_right_is_not(door):
    wrong = [f"{parameter} = {value}: {came}: {said}" for parameter, value, came, said in faults(tried(door))]
    where = "what its parameters are is in KINDS of tests/doors/kinds.py, for it alone as '{}.parameter'"
    assert not wrong, f"{door.name}: {where.format(door.short)}\n" + "\n".join(wrong)


def test_every_reason_why_something_is_no_door_is_needed():
    known = [
        *names(),
        *(f"{name}.{m}" for name, thing in names().items() if inspect.isclass(thing) for m in dir(thing)),
    ]
    idle = [pattern for pattern in NOT_DOORS if not any(re.fullmatch(pattern, name) for name in known)]
    assert not idle


def test_a_public_function_without_kinds_is_found():
    def new(angle):
        """What somebody added."""

    with pytest.raises(
        LookupError, match="new is public and nothing says what its 'angle' is: add 'angle', or 'new.ang"
    ):
        tried(Door("cells.new", new))


if __name__ == "__main__":
    matplotlib.use("Agg")
    no_picture_is_drawn.__wrapped__(pytest.MonkeyPatch())
    counted = Counter()
    for door in doors():
        if len(sys.argv) > 1 and not re.search(sys.argv[1], door.name):
            continue
        try:
            found = tried(door)
        except LookupError as error:
            print(error)
            continue
        counted.update(row[2] for row in found)
        for parameter, value, came, said in faults(found):
            print(f"{came:10} {door.name}({parameter} = {value}):", " ".join(str(said).split())[:150])
    print(len(doors()), "doors,", sum(counted.values()), "calls:", dict(counted))
