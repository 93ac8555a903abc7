"""What public functions ask of what they are given: each check returns the value, or says who needs what.

>>> whole("Adding", "lag", 10)
10
>>> number("longest_lag", "noise", -1, above=0)
Traceback (most recent call last):
ValueError: longest_lag needs noise as a number above 0; got -1

The checks stand where a learner's values come in, and not inside loops over time.
"""

import errno
import os
import re
import stat
from contextlib import contextmanager
from functools import wraps
from inspect import signature
from itertools import islice
from math import inf, isfinite
from numbers import Integral, Real
from pathlib import Path

import numpy as np

MOST = 2**31 - 1  # of what can be counted
MANY = 10**6  # things in a list
SEEDS = 2**63 - 1  # what both torch and numpy can start from
LONE = re.compile("[\ud800-\udfff]")  # halves of characters, which no encoding has


def shown(value):
    """value as a message tells it: a tensor or array by its type and shape, anything long by its beginning."""
    try:
        if isinstance(value, type):
            return f"the class {value.__name__}"
        if hasattr(value, "dtype") and len(value.shape):
            return f"{type(value).__name__} {tuple(value.shape)} of {str(value.dtype).removeprefix('torch.')}"
        text = " ".join(repr(value).split())
    except Exception:
        text = f"an object of {type(value)}"
    return text if len(text) <= 100 else f"{type(value).__name__} {text[:80]}..."


def refuse(who, what, value):
    """ValueError: who needs what; got value."""
    raise ValueError(f"{who} needs {what}; got {shown(value)}")


def looked_at(check):
    """check(who, name, value, ...), to which a value that raises when it is looked at, as if broken, is a wrong one."""

    @wraps(check)
    def looking(who, name, value, *asked, **more):
        try:
            return check(who, name, value, *asked, **more)
        except Exception as error:
            if isinstance(error, ValueError) and str(error).startswith(f"{who} "):
                raise
            refuse(who, f"{name} as something to look at, which does not raise {type(error).__name__}", value)

    return looking


# ---- Numbers ----


def is_a(kind, value):
    """Whether value is of a kind. isinstance also asks value.__class__, which a stand-in (Mock, a proxy) makes up."""
    return issubclass(type(value), kind)


def is_number(kind, value):
    """Whether value is a number of a kind. True is none; numpy counts its lengths of time among the whole ones."""
    return is_a(kind, value) and not is_a((bool, np.timedelta64), value)


def is_tensor(value):
    """Whether value is a tensor, and has its numbers."""
    import torch  # not above: stats and plots have doors too, and do without it

    return is_a(torch.Tensor, value) and not isinstance(value, torch.nn.parameter.UninitializedTensorMixin)


def is_dense(value):
    """Whether value is a tensor whose numbers can be read one by one: none that is sparse, nested or on meta."""
    import torch

    return is_tensor(value) and value.layout is torch.strided and not (value.is_nested or value.is_meta)


@looked_at
def whole(who, name, value, *, least=1, most=MOST):
    """value as an int from least to most. numpy's whole numbers are taken, True and 2.0 are not."""
    if not is_number(Integral, value) or not least <= value <= most:
        over = is_number(Integral, value) and value > most
        bounds = f" from {least} to {most}" if over or most not in (MOST, SEEDS) else f", {least} or more"
        refuse(who, f"{name} as a whole number{bounds}", value)
    return int(value)


def seed(who, value):
    """value as an int that a random generator can start from, 0 or more."""
    return whole(who, "seed", value, least=0, most=SEEDS)


@looked_at
def number(who, name, value, *, least=-inf, most=inf, above=-inf):
    """value as a finite float from least to most and greater than above."""
    try:
        good = is_number(Real, value) and isfinite(value)
    except OverflowError:  # a whole number that no float can hold
        good = False
    if not good or not (least <= float(value) <= most and float(value) > above):
        refuse(who, f"{name} as a {between(least, most, above)}", value)
    return float(value)


def between(least, most, above=-inf):
    """The words for a range of numbers."""
    if above > -inf:
        return f"number above {above:g}" + (f" and up to {most:g}" if most < inf else "")
    if least > -inf:
        return f"number from {least:g} to {most:g}" if most < inf else f"number, {least:g} or more"
    return "finite number"


def as_array(value):
    """value as an array; an empty text where it is ragged, masked, endless, or a tensor that is not plain numbers."""
    try:
        return np.array("") if np.ma.is_masked(value) or endless(value) else np.asarray(value)
    except (TypeError, ValueError, RuntimeError, OverflowError):
        return np.array("")


def endless(value):
    """Whether so many numbers are announced, as by a range, that writing them down would fill the memory."""
    lazy = (one for one in inside(value) if hasattr(one, "__len__") and not hasattr(one, "dtype"))
    return any(len(one) > MANY for one in lazy if not isinstance(one, (list, tuple)))


def inside(value, depth=3):
    """value and, where it is a list or a tuple, what is in it, so many levels down."""
    yield value
    if depth and isinstance(value, (list, tuple)):
        for one in value:
            yield from inside(one, depth - 1)


@looked_at
def array(who, name, value, *, dims=None, least=-inf, most=inf, gaps=False, detach=False):
    """value, numbers in anything like an array, finite and from least to most, as a float array of dims[k] axes.

    gaps     whether NaN may be among them
    detach   whether a tensor is taken without its gradient

    What would be lost is refused: a gradient that is required, a mask; and so is True
    among numbers, which numpy counts as 1.
    """
    value = value.detach() if detach and is_tensor(value) else value
    mixed = any(isinstance(one, (bool, np.bool_)) for one in inside(value))
    found = np.array("") if mixed else as_array(value)
    if found.dtype.kind not in "iuf" or not found.size or dims is not None and found.ndim not in dims:
        axes = "" if dims is None else f" along {' or '.join(map(str, dims))} axes"
        refuse(who, f"{name} as plain numbers{axes}, at least one", value)
    found = found.astype(float)
    fits = (found >= least) & (found <= most) & np.isfinite(found) | (gaps & np.isnan(found))
    if not fits.all():
        refuse(who, f"{name}, every one, as a {between(least, most)}", found[~fits][0].item())
    return found


# ---- Words ----


@looked_at
def choice(who, name, value, choices):
    """value, which is one of choices, names."""
    if not is_a(str, value) or value not in choices:
        raise ValueError(f"{who} has no {name} {shown(value)}; choices: {', '.join(choices) or 'none'}")
    return value


@looked_at
def text(who, name, value, *, empty=True):
    """value, which is a str that can be written to a file, and not a blank one unless it may be empty."""
    if not is_a(str, value) or not (empty or value.strip()) or LONE.search(value):
        refuse(who, f"{name} as text", value)
    return value


@looked_at
def several(who, name, value, *, least=1):
    """value, a list or anything that can be gone through but text, at least so many things, as a list."""
    try:
        unfit = isinstance(value, (str, bytes, dict)) or hasattr(value, "__len__") and len(value) > MANY
        found = [] if unfit else list(islice(value, MANY + 1))  # what never ends is no list
        unfit = unfit or len(found) > MANY
    except (TypeError, OverflowError):
        unfit = True
    if unfit or len(found) < least:
        refuse(who, f"{name} as a list" + (f" of {least} or more" if least else ""), value)
    return found


@looked_at
def texts(who, name, value, *, least=1):
    """value, a list or tuple of str or one str of symbols, at least so many, as a list."""
    fits = isinstance(value, (str, list, tuple)) and len(value) >= least
    if not fits or any(not isinstance(one, str) or LONE.search(one) for one in value):
        refuse(who, f"{name} as a list of {least} or more texts", value)
    return list(value)


@looked_at
def flag(who, name, value):
    """value as a bool, which it is, or numpy's."""
    if not is_a((bool, np.bool_), value):
        refuse(who, f"{name} as True or False", value)
    return bool(value)


@looked_at
def flags(who, name, value):
    """value, a list or anything like it of True and False (or 1 and 0), at least one, as a bool array (n,)."""
    found = as_array(value) if isinstance(value, (list, tuple)) or hasattr(value, "dtype") else np.array("")
    if found.dtype.kind not in "bi" or found.ndim != 1 or not len(found) or not np.isin(found, (0, 1)).all():
        refuse(who, f"{name} as a list of True and False", value)
    return found.astype(bool)


@looked_at
def path(who, name, value):
    """value, which can name a file or a folder, and is no device, which might never end."""
    fits = isinstance(value, (str, os.PathLike)) and bool(str(value).strip())
    try:
        kind = os.stat(value).st_mode if fits else 0
        fits = stat.S_ISREG(kind) or stat.S_ISDIR(kind)
    except OSError as error:
        fits = fits and error.errno not in (errno.ENAMETOOLONG, errno.ELOOP)
    except ValueError:  # half a character, or the character 0
        fits = False
    if not fits:
        refuse(who, f"{name} as a path", value)
    return value


@looked_at
def target(who, name, value):
    """value, which names a file that can be written, or made in a folder that can."""
    above = Path(path(who, name, value)).absolute()
    if above.exists() and not above.is_file():
        refuse(who, f"{name} as a file", value)
    while not above.exists():
        above = above.parent
        if above.exists() and not (above.is_dir() and os.access(above, os.W_OK)):
            refuse(who, f"{name} in a folder that can be written", value)
    return value


@contextmanager
def using(who, what, path):
    """Whatever is raised within, where a file is read or written, becomes a ValueError: who needs what."""
    try:
        yield
    except Exception as error:  # whatever a file of another kind gives rise to
        raise ValueError(f"{who} needs {what}; got {shown(str(path))} ({error})") from None


# ---- Things ----


@looked_at
def instance(who, name, value, kind, *, such_as):
    """value, an instance of kind."""
    if not is_a(kind, value):
        refuse(who, f"{name} as a {kind.__name__}, such as {such_as}", value)
    return value


def is_class(value, kind):
    """Whether value is a class below kind, and no stand-in for one, such as weakref.proxy makes."""
    return is_a(type, value) and issubclass(value, kind) and value is not kind


@looked_at
def subclass(who, name, value, kind, *arguments, such_as):
    """value, a class below kind that makes an instance of so many arguments, given by their names."""
    if not is_class(value, kind):
        refuse(who, f"{name} as a class of {kind.__name__}, such as {such_as}", value)
    if not takes(value, arguments):
        refuse(who, f"{name} as a class to call with ({', '.join(arguments)})", value)
    return value


@looked_at
def function(who, name, value, *arguments):
    """value, a function, and no class, that can be called with so many arguments, given by their names."""
    if not callable(value) or isinstance(value, type) or not takes(value, arguments):
        refuse(who, f"{name} as a function of ({', '.join(arguments)})", value)
    return value


def takes(value, arguments):
    """Whether what can be called can be called with so many arguments; so it seems where it is written in C."""
    try:
        signature(value).bind(*arguments)
    except TypeError:
        return False
    except ValueError:  # it has no signature
        pass
    return True


@looked_at
def tensor(who, name, value, sizes, *, dtype=None, device=None, finite=True):
    """value, a tensor of these axes, {axis: size, or None for any from 1}, and of dtype or, when None, of any float.

    device   where it has to be; anywhere when None
    finite   whether every number is looked at, which takes as long as adding them up. Where a tensor has no numbers to
             look at (on meta, in a transform of torch.func), it is not.
    """
    import torch

    kinds = (torch.float32, torch.float64) if dtype is None else (dtype,)
    fits = is_tensor(value) and value.layout is torch.strided and not value.is_nested
    fits = fits and value.dim() == len(sizes) and value.dtype in kinds
    if not fits or not all(n if size is None else n == size for n, size in zip(value.shape, sizes.values())):
        axes = ", ".join(axis if size is None else f"{axis} {size}" for axis, size in sizes.items())
        of = " or ".join(str(kind).removeprefix("torch.") for kind in kinds)
        refuse(who, f"{name} as a tensor ({axes}) of {of}, with no empty axis", value)
    if device is not None and value.device != device:
        refuse(who, f"{name} on {device}, as the rest is", f"a tensor on {value.device}")
    hidden = finite and (value.is_meta or torch._C._functorch.is_functorch_wrapped_tensor(value))
    if finite and not hidden and not isfinite(value.detach().sum().item()):  # or finite numbers with an infinite sum
        unfit = int((~torch.isfinite(value)).sum())
        if unfit:
            raise ValueError(f"{who} needs finite {name}; got {unfit} NaN or infinite")
    return value
