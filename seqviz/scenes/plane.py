"""Scenes in the plane: one query among keys and values, and the turning of sinusoidal positions.

Everything here has two coordinates, so a vector is an arrow, a dot product a projection, a weighted
mean a point inside a hull, and a shift of the position a turn of a hand.
"""

import math
from collections.abc import Sequence as Row
from typing import Any

import numpy as np

from seqviz.core.positions import BASE, frequencies, sinusoidal
from seqviz.scenes.operations import RULES, Array
from seqviz.scenes.scene import Layout, Operand, Operation, Scene, Sequence, Tensor

CHOSEN = "tests/scenes/test_plane.py::test_what_is_given_is_what_was_asked_for"
TRUE = "tests/scenes/test_plane.py::test_positions_are_the_true_encoding"
PLANE = 2
SCALE = 1 / math.sqrt(PLANE)


def query_scene(
    q: Any,
    keys: Any,
    values: Any,
    *,
    scale: float | None = None,
    labels: Row[str] = (),
    query: str = "q",
    title: str = "",
) -> Scene:
    """One query (2,) that looks at `keys` (n, 2) and takes home a blend of `values` (n, 2).

    `scale` multiplies the scores, 1/√2 unless given; its inverse is the temperature. `labels` name
    the keys and `query` the query. All three kinds of points can be dragged in the player.
    """
    one, k, v = _points("q", q), _points("keys", keys), _points("values", values)
    _check_query(one, k, v, labels)
    factor = SCALE if scale is None else float(scale)
    if not math.isfinite(factor):
        raise ValueError(f"query_scene: expected a finite scale, got {factor}")
    row, pair = ("query", "coordinate"), ("key", "coordinate")
    build = _Build("query")
    build.given("q", "q", row, one[None], "query", CHOSEN)
    build.given("k", "k", pair, k, "key", CHOSEN)
    build.given("v", "v", pair, v, "value", CHOSEN)
    over: dict[str, Any] = {"axes": ("query", "key"), "role": "attention"}
    build.made("scores", "s", "matmul", "q", "k", transpose=True, **over)
    build.made("scaled", "z", "scale", "scores", factor=factor, **over)
    build.made("weights", "w", "softmax", "scaled", scale="unit", **over)
    build.made("context", "c", "matmul", "weights", "v", axes=row, role="value")
    return Scene(
        kind="plane",
        title=title,
        steps=1,
        tensors=tuple(build.tensors.values()),
        layout=Layout(1, 420, QUERY_NODES, ()),
        substeps=QUERY_STAGES,
        sequence=Sequence((query,)),
        panels=("scores", "scaled", "weights"),
        facts={"keys": list(labels), "scale": factor},
        step_axis="query",
    )


QUERY_NODES = tuple(
    {"id": name, "kind": "plane", "tensor": name, "part": part}
    for name, part in (
        ("q", "query"),
        ("k", "keys"),
        ("scores", "bars"),
        ("scaled", "bars"),
        ("weights", "bars"),
        ("v", "values"),
        ("context", "blend"),
    )
)
QUERY_STAGES = (
    {"name": "project", "tensors": ["scores"]},
    {"name": "temper", "tensors": ["scaled"]},
    {"name": "softmax", "tensors": ["weights"]},
    {"name": "blend", "tensors": ["context"]},
)


def rotation_scene(
    length: int,
    d: int,
    offset: int,
    pairs: Row[int],
    base: float = BASE,
    title: str = "",
) -> Scene:
    """Pairs (sin, cos) of the encoding PE, position by position, and the turn to p + `offset`.

    `pairs` counts from 0, the fastest. `there_i` records the true PE(p + offset), and its operation
    is the turn of `here_i` by offset·ω_i: the scene exists only where both agree. `true_i` is the
    same encoding once more, sent as it was computed from its formula. Features are counted from 0,
    as in the formula of PE: pair i holds the features 2i and 2i + 1.
    """
    _check_rotation(length, d, offset, pairs)
    encoding = sinusoidal(length + offset, d, base).numpy()
    speed = frequencies(d, base).numpy()
    build = _Build("position")
    steps, pair = ("position", "one"), ("position", "pair")
    build.given("place", "p", steps, np.arange(length)[:, None], "given", TRUE)
    elements: dict[str, list[str]] = {}
    for i in pairs:
        both = (2 * i, 2 * i + 1)
        for name, place in (("here", "p"), ("there", "p+k"), ("true", "p+k")):
            elements[f"{name}_{i}"] = [f"PE({place})_{feature}" for feature in both]
        pe, shifted = (f"PE({place})_{{{both[0]},{both[1]}}}" for place in ("p", "p+k"))
        omega, at = speed[i : i + 1], slice(2 * i, 2 * i + 2)
        build.given(f"omega_{i}", f"ω_{i}", ("one",), omega, "plain", TRUE)
        build.made(f"angle_{i}", f"pω_{i}", "multiply", "place", f"omega_{i}", axes=steps)
        build.made(f"turn_{i}", f"kω_{i}", "scale", f"omega_{i}", axes=("one",), factor=offset)
        build.given(f"here_{i}", pe, pair, encoding[:length, at], "hidden", TRUE)
        turned = _turn(offset * float(speed[i]))
        build.given(f"R_{i}", f"R_{i}", ("row", "pair"), turned, "weight", TRUE)
        there = encoding[offset:, at]
        build.made(
            f"there_{i}", shifted, "affine", f"R_{i}", f"here_{i}",
            axes=pair, role="output", values=there,
        )  # fmt: skip
        build.given(f"true_{i}", shifted, pair, there, "output", TRUE)
    return Scene(
        kind="rotation",
        title=title,
        steps=length,
        tensors=tuple(build.tensors.values()),
        layout=Layout(len(pairs), 300, tuple(_clock(i) for i in pairs), ()),
        substeps=(),
        sequence=Sequence(tuple(str(p) for p in range(length))),
        panels=tuple(f"{name}_{i}" for i in reversed(pairs) for name in ("here", "there")),
        rest=0,
        facts={"offset": offset, "d": d, "base": base, "elements": elements},
        step_axis="position",
    )


def _clock(i: int) -> dict[str, Any]:
    stages = {name: f"{name}_{i}" for name in ("there", "true", "omega", "angle", "turn", "R")}
    return {"id": f"pair_{i}", "kind": "clock", "tensor": f"here_{i}", "pair": i, "stages": stages}


def _turn(angle: float) -> Array:
    """(sin a, cos a) ↦ (sin(a + angle), cos(a + angle))."""
    cos, sin = math.cos(angle), math.sin(angle)
    return np.array([[cos, sin], [-sin, cos]])


class _Build:
    """Collects tensors in the order they are computed, each by its own operation."""

    def __init__(self, step_axis: str) -> None:
        self.step_axis = step_axis
        self.tensors: dict[str, Tensor] = {}

    def given(
        self, name: str, symbol: str, axes: tuple[str, ...], values: Any, role: str, vouched: str
    ) -> None:
        array = np.asarray(values, dtype=np.float64)
        operation = Operation("given", (), {"vouched": vouched})
        self.tensors[name] = Tensor(name, symbol, axes, array, role, operation)

    def made(
        self,
        name: str,
        symbol: str,
        operation: str,
        *operands: str,
        axes: tuple[str, ...],
        role: str = "plain",
        scale: str = "signed",
        values: Array | None = None,
        **parameters: Any,
    ) -> None:
        if values is None:
            found = RULES[operation].compute([self._read(o) for o in operands], parameters)
            values = found if axes[0] == self.step_axis else found[0]
        made = Operation(operation, tuple(Operand(o) for o in operands), parameters)
        self.tensors[name] = Tensor(name, symbol, axes, values, role, made, scale, sent=False)

    def _read(self, name: str) -> Array:
        tensor = self.tensors[name]
        return tensor.values if tensor.axes[0] == self.step_axis else tensor.values[None]


def _points(name: str, given: Any) -> Array:
    points: Array = np.asarray(given, dtype=np.float64)
    if not np.isfinite(points).all():
        raise ValueError(f"query_scene: expected finite numbers in {name}, got {points.tolist()}")
    return points


def _check_query(q: Array, k: Array, v: Array, labels: Row[str]) -> None:
    if q.shape != (PLANE,) or k.ndim != 2 or k.shape[1:] != (PLANE,) or v.shape != k.shape:
        raise ValueError(
            "query_scene: expected q (2,), keys (n, 2) and values (n, 2), "
            f"got {q.shape}, {k.shape} and {v.shape}"
        )
    if len(k) == 0:
        raise ValueError("query_scene: expected one key or more, got none")
    if labels and len(labels) != len(k):
        raise ValueError(f"query_scene: expected {len(k)} labels, got {len(labels)}")


def _check_rotation(length: int, d: int, offset: int, pairs: Row[int]) -> None:
    if length < 1 or offset < 0:
        raise ValueError(
            "rotation_scene: expected one position or more and an offset of 0 or more, "
            f"got {length} and {offset}"
        )
    if not pairs or len(set(pairs)) != len(pairs):
        raise ValueError(f"rotation_scene: expected different pairs, got {list(pairs)}")
    if min(pairs) < 0 or max(pairs) >= d // 2:
        raise ValueError(
            f"rotation_scene: expected pairs from 0 to {d // 2 - 1} of {d} features, "
            f"got {list(pairs)}"
        )
