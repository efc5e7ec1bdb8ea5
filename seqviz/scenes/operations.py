"""The closed table of operations a scene may name, each recomputed here with NumPy.

A rule receives its operands as arrays with a leading step axis (length T, or 1 when the operand is
the same at every step) and gives the result for all steps at once. The player holds the same table
in JavaScript; the tests hold the two against each other and against the records.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Parameters = Mapping[str, Any]

ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "tanh": np.tanh,
    "sigmoid": lambda a: 0.5 * (1.0 + np.tanh(0.5 * a)),
    "relu": lambda a: np.where(a < 0, 0.0, a),
    "identity": lambda a: a,
}


@dataclass(frozen=True)
class Rule:
    """How many operands an operation takes, which parameters it must name, and what it computes."""

    least: int
    most: int
    compute: Callable[[Sequence[Array], Parameters], Array]
    parameters: tuple[str, ...] = ()


def _affine(operands: Sequence[Array], _: Parameters) -> Array:
    weight, vector, *bias = operands
    if weight.shape[0] == 1:
        product = vector @ weight[0].T
    else:
        product = np.einsum(
            "tij,tj->ti", weight, np.broadcast_to(vector, (len(weight), *vector.shape[1:]))
        )
    return product + bias[0] if bias else product


def _lookup(operands: Sequence[Array], _: Parameters) -> Array:
    table, ids = operands
    return table[0][ids.astype(np.int64)]


def euclidean(values: Array) -> Array:
    """√(Σ a²) over the last axis, also where the squares leave float64."""
    largest = np.abs(values).max(axis=-1, keepdims=True, initial=0.0)
    size = np.where((largest > 0) & np.isfinite(largest), largest, 1.0)
    with np.errstate(all="ignore"):
        return np.asarray(size[..., 0] * np.sqrt(((values / size) ** 2).sum(axis=-1)))


def _fold(
    combine: Callable[[Array, Array], Array],
) -> Callable[[Sequence[Array], Parameters], Array]:
    def compute(operands: Sequence[Array], _: Parameters) -> Array:
        result = operands[0]
        for other in operands[1:]:
            result = combine(result, other)
        return result

    return compute


def _sub(operands: Sequence[Array], parameters: Parameters) -> Array:
    if len(operands) == 2:
        return operands[0] - operands[1]
    return float(parameters.get("constant", 1.0)) - operands[0]


def _force(operands: Sequence[Array], _: Parameters) -> Array:
    free, where, value = operands
    return np.where(where != 0, value, free)


def _matmul(operands: Sequence[Array], parameters: Parameters) -> Array:
    left, right = operands
    if parameters.get("transpose"):
        right = np.swapaxes(right, -1, -2)
    if left.ndim == 2:
        return np.einsum("ti,tij->tj", *_same_steps(left, right))
    return np.matmul(left, right)


def _same_steps(*arrays: Array) -> list[Array]:
    steps = max(len(a) for a in arrays)
    return [np.broadcast_to(a, (steps, *a.shape[1:])) for a in arrays]


def _softmax(operands: Sequence[Array], _: Parameters) -> Array:
    (scores,) = operands
    top = scores.max(axis=-1, keepdims=True)
    exponentials = np.exp(scores - np.where(np.isfinite(top), top, 0.0))
    total = exponentials.sum(axis=-1, keepdims=True)
    return np.divide(exponentials, total, out=np.zeros_like(exponentials), where=total != 0)


def _standardise(operands: Sequence[Array], parameters: Parameters) -> Array:
    (a,) = operands
    centred = a - a.mean(axis=-1, keepdims=True)
    variance = (centred**2).mean(axis=-1, keepdims=True)
    return centred / np.sqrt(variance + float(parameters["eps"]))


def _concat(operands: Sequence[Array], parameters: Parameters) -> Array:
    """Along the last axis; with `axis` 0 along the first, one below the other."""
    axis = 1 if parameters.get("axis") == 0 else -1
    return np.concatenate(_same_steps(*operands), axis=axis)


def _slice(operands: Sequence[Array], parameters: Parameters) -> Array:
    start, stop = parameters["block"]
    return operands[0][..., start:stop]


RULES: dict[str, Rule] = {
    "given": Rule(0, 0, lambda operands, parameters: np.empty(0), ("vouched",)),
    "lookup": Rule(2, 2, _lookup),
    "affine": Rule(2, 3, _affine),
    "add": Rule(2, 64, _fold(np.add)),
    "sub": Rule(1, 2, _sub),
    "multiply": Rule(2, 8, _fold(np.multiply)),
    "activation": Rule(1, 1, lambda o, p: ACTIVATIONS[p["function"]](o[0]), ("function",)),
    "force": Rule(3, 3, _force),
    "matmul": Rule(2, 2, _matmul),
    "scale": Rule(1, 1, lambda o, p: o[0] * float(p["factor"]), ("factor",)),
    "mask": Rule(2, 2, lambda o, p: np.where(o[1] != 0, o[0], -np.inf)),
    "softmax": Rule(1, 1, _softmax),
    "mean": Rule(1, 1, lambda o, p: o[0].mean(axis=-1)),
    "standardise": Rule(1, 1, _standardise, ("eps",)),
    "concat": Rule(2, 64, _concat),
    "slice": Rule(1, 1, _slice, ("block",)),
    "sum": Rule(1, 1, lambda o, p: o[0].sum(axis=-1)),
    "norm": Rule(1, 1, lambda o, p: euclidean(o[0])),
}
