"""A scene is validated when it is built: what lies, or names what is not there, is refused."""

import base64
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from seqviz.scenes import Layout, Operand, Operation, Scene, Sequence, Tensor
from seqviz.scenes.operations import RULES
from seqviz.scenes.scene import VERSION
from tests.scene_catalogue import catalogue, scene_of

AXES = ("time", "unit")
NEXT = [[1, 2], [3, 4]]
TRANSPOSED = Operation("matmul", (Operand("a"), Operand("W")), {"transpose": True})
ADD = Operation("add", (Operand("a"), Operand("b")))


def given(name: str, values: object, axes: tuple[str, ...]) -> Tensor:
    operation = Operation("given", (), {"vouched": "tests/scenes/test_scene.py"})
    return Tensor(name, name, axes, np.asarray(values, dtype=float), "plain", operation)


def made(name: str, values: object, axes: tuple[str, ...], operation: Operation) -> Tensor:
    return Tensor(name, name, axes, np.asarray(values, dtype=float), "plain", operation)


def row(operation: Operation) -> Tensor:
    return made("r", [1.0, 2.0], ("time",), operation)


def scene(*tensors: Tensor, steps: int = 2) -> Scene:
    return Scene(
        "test",
        "test",
        steps,
        tensors,
        Layout(1, 1, (), ()),
        (),
        Sequence(tuple(str(t) for t in range(steps))),
    )


A = given("a", [[1.0, 2.0], [3.0, -4.0]], AXES)
B = given("b", [[0.5, 1.0], [2.0, 2.0]], AXES)
W = given("W", [[1.0, 0.0], [2.0, 3.0], [0.0, -1.0]], ("row", "unit"))


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        (ADD, [[1.5, 3], [5, -2]]),
        (Operation("sub", (Operand("a"), Operand("b"))), [[0.5, 1], [1, -6]]),
        (Operation("sub", (Operand("a"),), {"constant": 1.0}), [[0, -1], [-2, 5]]),
        (Operation("multiply", (Operand("a"), Operand("b"))), [[0.5, 2], [6, -8]]),
        (Operation("scale", (Operand("a"),), {"factor": 0.5}), [[0.5, 1], [1.5, -2]]),
        (Operation("activation", (Operand("a"),), {"function": "relu"}), [[1, 2], [3, 0]]),
        (Operation("force", (Operand("a"), Operand("b"), Operand("b"))), [[0.5, 1], [2, 2]]),
        (Operation("affine", (Operand("W"), Operand("a"))), [[1, 8, -2], [3, -6, 4]]),
        (Operation("affine", (Operand("W", block=(0, 1, 3)), Operand("a"))), [[8, -2], [-6, 4]]),
        (Operation("concat", (Operand("a"), Operand("b"))), [[1, 2, 0.5, 1], [3, -4, 2, 2]]),
        (Operation("slice", (Operand("a"),), {"block": [1, 2]}), [[2], [-4]]),
        (TRANSPOSED, [[1, 8, -2], [3, -6, 4]]),
        (Operation("standardise", (Operand("a"),), {"eps": 0.0}), [[-1, 1], [1, -1]]),
        (Operation("add", (Operand("a"), Operand("a", shift=-1, edge="e"))), [[8, 10], [4, -2]]),
        (Operation("add", (Operand("a"), Operand("a", shift=1, edge="e"))), [[4, -2], [10, 4]]),
    ],
)  # fmt: skip
def test_each_operation_gives_what_its_name_says(operation: Operation, expected: list) -> None:
    edge = given("e", [7.0, 8.0], ("unit",))
    built = scene(A, B, W, edge, made("r", expected, AXES, operation))
    np.testing.assert_allclose(built.recompute("r"), expected, rtol=0, atol=1e-15)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("sum", [3, -1]), ("mean", [1.5, -0.5]), ("norm", [np.sqrt(5), 5])],
)
def test_reductions_run_over_the_last_axis(name: str, expected: list) -> None:
    built = scene(A, made("r", expected, ("time",), Operation(name, (Operand("a"),))))
    np.testing.assert_allclose(built.recompute("r"), expected, atol=1e-15)


def test_softmax_rows_sum_to_one_and_masked_weights_are_exactly_zero() -> None:
    allowed = given("allowed", [[1, 1], [0, 1]], AXES)
    masked = made(
        "m",
        [[1, 2], [-np.inf, -4]],
        AXES,
        Operation("mask", (Operand("a"), Operand("allowed"))),
    )
    e = np.exp(-1.0)
    weights = made(
        "w",
        [[e / (1 + e), 1 / (1 + e)], [0, 1]],
        AXES,
        Operation("softmax", (Operand("m"),)),
    )
    result = scene(A, allowed, masked, weights).recompute("w")
    np.testing.assert_allclose(result.sum(axis=-1), 1.0, atol=1e-15)
    assert result[1, 0] == 0.0


def test_lookup_takes_one_row() -> None:
    ids = given("ids", [2, 0], ("time",))
    row = made(
        "r",
        [[0, -1], [1, 0]],
        AXES,
        Operation("lookup", (Operand("W"), Operand("ids"))),
    )
    np.testing.assert_array_equal(scene(W, ids, row).recompute("r"), [[0, -1], [1, 0]])


def test_rows_are_put_below_one_another() -> None:
    below = Operation("concat", (Operand("W", block=(0, 1, 2)), Operand("V")), {"axis": 0})
    V = given("V", [[5.0, 6.0], [7.0, 8.0]], ("row", "unit"))
    expected = [[2, 3], [5, 6], [7, 8]]
    built = scene(W, V, made("r", expected, ("row", "unit"), below))
    np.testing.assert_array_equal(built.recompute("r"), expected)


def test_every_operation_of_the_table_is_tested_here() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    missing = [name for name in RULES if f'"{name}"' not in text]
    assert missing == []


@pytest.mark.parametrize(
    ("tensor", "message"),
    [
        (
            made("r", [[1.5, 3], [5, -2.001]], AXES, ADD),
            r"tensor 'r' at \(1, 1\): recorded .* but its operation add gives",
        ),
        (
            made("r", [[1.5, np.nan], [5, -2]], AXES, ADD),
            "recorded",
        ),
        (made("r", [1.0], ("time",), Operation("norm")), "expected 2 steps, got 1"),
        (row(Operation("magic", (Operand("a"),))), "no operation 'magic'"),
        (row(Operation("norm", (Operand("q"),))), "'q' is not in the scene"),
        (row(Operation("norm")), "takes 1 to 1 operands, got 0"),
        (
            made("r", NEXT, AXES, Operation("activation", (Operand("a"),), {"function": "mish"})),
            "got 'mish'",
        ),
        (
            made("r", NEXT, AXES, Operation("scale", (Operand("a"),))),
            r"scale needs \['factor'\]",
        ),
        (
            made("r", NEXT, AXES, Operation("add", (Operand("a"), Operand("a", shift=-1)))),
            "must be stepped and name its edge",
        ),
        (
            made("r", NEXT, AXES, Operation("add", (Operand("a"), Operand("r")))),
            "is computed later",
        ),
    ],
)  # fmt: skip
def test_a_scene_that_lies_cannot_be_built(tensor: Tensor, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        scene(A, B, tensor)


def test_a_picture_cannot_name_what_is_not_there() -> None:
    good = scene_of("gru")
    with pytest.raises(ValueError, match="does not have: \\['ghost'\\]"):
        replace(good, panels=("ghost",))
    with pytest.raises(ValueError, match="expected 5 tokens, got 1"):
        replace(good, sequence=Sequence(("a",)))
    with pytest.raises(ValueError, match="share a name"):
        replace(good, tensors=(*good.tensors, good.tensors[-1]))


def test_floats_travel_as_float32_and_only_what_is_sent() -> None:
    built = catalogue()["lstm-peepholes"]
    data = built.to_json()
    floats = np.frombuffer(base64.b64decode(data["floats"]), dtype="<f4")
    assert data["version"] == VERSION
    used = 0
    for tensor in data["tensors"]:
        if tensor["at"] is None:
            continue
        size = int(np.prod(tensor["shape"]))
        sent = floats[tensor["at"] : tensor["at"] + size].reshape(tensor["shape"])
        np.testing.assert_array_equal(sent, built[tensor["name"]].values.astype(np.float32))
        used += size
    assert used == len(floats)
