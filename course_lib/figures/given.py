"""What a figure is given: its annotations say it, and `as_annotated` refuses the rest before anything is drawn.

>>> @as_annotated
... def bars(heights: dict[str, Line]):
...     print(heights["a"].max())
>>> bars({"a": [1, 2]})
2
>>> bars({"a": [1, "b"]})
Traceback (most recent call last):
ValueError: bars needs heights['a'] as plain numbers along 1 axes, at least one; got [1, 'b']

A leaf is int, float, str or another class; Line, Rows, Stack or Flags, which anything like an array may be; around it
list[...], dict[..., ...] and tuple[..., ...], none of them empty. `float | Line` is a number or a line of them.
"""

from functools import wraps
from inspect import signature
from types import UnionType
from typing import Annotated, Union, get_args, get_origin, get_type_hints

import matplotlib.pyplot as plt
import numpy as np

from course_lib import doors

Line, Rows, Stack = (Annotated[np.ndarray, axes] for axes in (1, 2, 3))  # numbers along so many axes, no gaps
Flags = Annotated[np.ndarray, bool]  # True and False, or 1 and 0


def as_annotated(draw):
    """draw, which shows a figure; called with what is not as its annotations say, it raises ValueError.

    So it does where the parts do not fit each other (one is longer, a key is missing), and leaves no figure behind.
    """
    told, who = get_type_hints(draw, include_extras=True), draw.__name__

    @wraps(draw)
    def checked(*args, **kwargs):
        found = signature(draw).bind(*args, **kwargs).arguments
        ready = {name: as_told(who, name, value, told[name]) for name, value in found.items()}
        before = plt.get_fignums()
        try:
            return draw(**ready)
        except Exception as error:  # whatever a missing key or another length gives rise to
            for number in set(plt.get_fignums()) - set(before):
                plt.close(number)
            said = f"{type(error).__name__}: {error}"
            doors.refuse(who, f"{', '.join(ready)} as its docstring says ({said})", ready)

    return checked


@doors.looked_at
def as_told(who, name, value, told):
    """value, which is as an annotation tells, arrays as numpy's; ValueError otherwise."""
    kind, inner = get_origin(told), get_args(told)
    if told in (float, int, str):
        check = {float: doors.number, int: lambda *given: doors.whole(*given, least=0), str: doors.text}[told]
        return check(who, name, value)
    if kind is Annotated:
        (axes,) = told.__metadata__
        if axes is bool:
            return doors.flags(who, name, value)
        doors.array(who, name, value, dims=(axes,))
        return np.asarray(value)
    if kind is dict:
        if not doors.is_a(dict, value) or not value:
            doors.refuse(who, f"{name} as a dict, not empty", value)
        return {as_told(who, f"a key of {name}", key, inner[0]): as_told(who, f"{name}[{key!r}]", one, inner[1])
                for key, one in value.items()}  # fmt: skip
    if kind in (Union, UnionType):
        return as_told(who, name, value, inner[int(hasattr(value, "__len__"))])
    if kind is list:
        return [as_told(who, f"{name}[{k}]", one, inner[0])
                for k, one in enumerate(doors.several(who, name, value))]  # fmt: skip
    if kind is tuple:
        if not doors.is_a((tuple, list), value) or len(value) != len(inner):
            doors.refuse(who, f"{name} as a tuple of {len(inner)}", value)
        return tuple(as_told(who, f"{name}[{k}]", one, part) for k, (one, part) in enumerate(zip(value, inner)))
    return doors.instance(who, name, value, told, such_as="that of the notebook")
