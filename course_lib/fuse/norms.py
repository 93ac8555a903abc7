"""Sums, means and norms over the units of a sequence, made from rows and moves."""

import math

import torch

from course_lib.fuse import axes
from course_lib.fuse.trace import Symbol, Unfused, component, described


def total(input, dim=None, keepdim=False):
    return axes.along("sum", input, dim, keepdim)


def mean(input, dim=None, keepdim=False):
    return axes.along("sum", input, dim, keepdim) / float(axes.count(input, dim))


def variance(input, dim=None, unbiased=True, keepdim=False, *, correction=None):
    centred = input - mean(input, dim, True)
    n = axes.count(input, dim) - (int(unbiased) if correction is None else correction)
    return axes.along("sum", centred * centred, dim, keepdim) / float(n)


def deviation(*args, **kwargs):
    return component("sqrt", variance(*args, **kwargs))


def norm(input, p=2, dim=None, keepdim=False, ord=None):
    if "fro" not in (p, ord) and (p if ord is None else ord) != 2:
        raise Unfused("a norm other than the Euclidean")
    square = axes.along("sum", input * input, dim, keepdim)
    zero = square == 0.0  # there the gradient is 0, as torch has it
    return component("where", zero, 0.0, component("sqrt", component("where", zero, 1.0, square)))


def normalize(input, p=2.0, dim=1, eps=1e-12, out=None):
    return input / component("clamp_min", norm(input, p, dim, True), eps)


def greatest(input, dim):
    """The greatest along an axis, without a gradient."""
    return component("detach", axes.along("max", input, dim, True))


def amax(input, dim=None, keepdim=False):
    """The gradient goes to all that are greatest alike, in equal shares."""
    m = greatest(input, dim)
    is_it = Symbol(m.tape, (input == m).number, input.units)
    shared = axes.along("sum", component("where", is_it, input, 0.0), dim, keepdim)
    return shared / axes.along("sum", is_it, dim, keepdim)


def amin(input, dim=None, keepdim=False):
    return -amax(-input, dim, keepdim)


# ---- Norms ----


def last_axes(input, normalized_shape):
    shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
    if input.units[-len(shape) :] != shape:
        raise Unfused(f"a norm over {shape} of {described(input.units)}")
    return tuple(range(-len(shape), 0))


def scaled(a, weight, bias=None):
    a = a if weight is None else a * weight
    return a if bias is None else a + bias


def standard(input, dims, eps):
    centred = input - mean(input, dims, True)
    return centred * component("rsqrt", mean(centred * centred, dims, True) + eps)


def layer_norm(input, normalized_shape, weight=None, bias=None, eps=1e-5, cudnn_enable=True):
    return scaled(standard(input, last_axes(input, normalized_shape), eps), weight, bias)


def group_norm(input, num_groups, weight=None, bias=None, eps=1e-5, cudnn_enabled=True):
    if len(input.units) != 1 or input.units[0] % num_groups:
        raise Unfused(f"{num_groups} groups of {described(input.units)}")
    groups = axes.view(input, (num_groups, input.units[0] // num_groups))
    return scaled(axes.view(standard(groups, -1, eps), input.units), weight, bias)


def rms_norm(input, normalized_shape, weight=None, eps=None):
    eps = torch.finfo(input.dtype).eps if eps is None else eps
    dims = last_axes(input, normalized_shape)
    return scaled(input * component("rsqrt", mean(input * input, dims, True) + eps), weight)


# ---- Softmax ----


def softmax(input, dim=None, _stacklevel=3, dtype=None):
    e = component("exp", input - greatest(input, dim))
    return e / axes.along("sum", e, dim, True)


def log_softmax(input, dim=None, _stacklevel=3, dtype=None):
    d = input - greatest(input, dim)
    return d - component("log", axes.along("sum", component("exp", d), dim, True))


def logsumexp(input, dim, keepdim=False):
    m = greatest(input, dim)
    m = component("where", component("abs", m) == math.inf, 0.0, m)
    result = m + component("log", axes.along("sum", component("exp", input - m), dim, True))
    return result if keepdim else axes.squeeze(result, dim)
