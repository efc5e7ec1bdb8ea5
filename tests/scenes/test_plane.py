"""One query in the plane against torch, and the turning of sinusoidal positions."""

import numpy as np
import pytest
import torch
from torch.nn.functional import scaled_dot_product_attention

from seqviz.core.positions import shift_matrix, sinusoidal
from seqviz.scenes import Scene
from seqviz.scenes.plane import query_scene, rotation_scene
from tests.plane_catalogue import planes

Q = [1.2, 0.5]
KEYS = [[1.0, 0.3], [-0.4, 1.1], [-0.8, -0.9]]
VALUES = [[1.5, 0.2], [-0.6, 1.3], [-1.0, -1.2]]


def plane(**more: object) -> Scene:
    return query_scene(Q, KEYS, VALUES, labels=("cat", "sat", "mat"), **more)  # type: ignore[arg-type]


def test_what_is_given_is_what_was_asked_for() -> None:
    scene = plane(query="it", title="One query")
    np.testing.assert_array_equal(scene["q"].values, [Q])
    np.testing.assert_array_equal(scene["k"].values, KEYS)
    np.testing.assert_array_equal(scene["v"].values, VALUES)
    assert scene.sequence.inputs == ("it",)
    assert scene.facts["keys"] == ["cat", "sat", "mat"]


@pytest.mark.parametrize("scale", [None, 0.0, 1.0, 20.0])
def test_one_query_is_scaled_dot_product_attention(scale: float | None) -> None:
    scene = plane(scale=scale)
    q, k, v = (torch.tensor(rows, dtype=torch.float64) for rows in ([Q], KEYS, VALUES))
    out = scaled_dot_product_attention(q, k, v, scale=scale)
    np.testing.assert_allclose(scene["context"].values, out, rtol=0, atol=1e-12)
    np.testing.assert_allclose(scene["scores"].values, q @ k.T, rtol=0, atol=1e-12)
    assert scene["weights"].values.sum() == pytest.approx(1, abs=1e-12)


def test_without_names_the_keys_go_by_their_symbols() -> None:
    assert query_scene(Q, KEYS, VALUES).facts["keys"] == []


@pytest.mark.parametrize(
    ("q", "keys", "values", "more", "message"),
    [
        ([1, 2, 3], KEYS, VALUES, {}, r"expected q \(2,\)"),
        (Q, KEYS, VALUES[:2], {}, r"got \(2,\), \(3, 2\) and \(2, 2\)"),
        (Q, np.empty((0, 2)), np.empty((0, 2)), {}, "one key or more"),
        ([np.nan, 0], KEYS, VALUES, {}, "finite numbers in q"),
        (Q, KEYS, VALUES, {"labels": ("a",)}, "expected 3 labels, got 1"),
        (Q, KEYS, VALUES, {"scale": np.inf}, "finite scale"),
    ],
)
def test_what_is_no_query_in_the_plane_is_refused(
    q: object, keys: object, values: object, more: dict[str, object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        query_scene(q, keys, values, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(("d", "pairs", "base"), [(8, (0, 1, 3), 10000.0), (7, (0, 2), 50.0)])
def test_positions_are_the_true_encoding(d: int, pairs: tuple[int, ...], base: float) -> None:
    length, offset = 12, 5
    scene = rotation_scene(length, d, offset, pairs, base)
    encoding = sinusoidal(length + offset, d, base)
    for i in pairs:
        at = slice(2 * i, 2 * i + 2)
        for name, rows in (("here", encoding[:length, at]), ("true", encoding[offset:, at])):
            np.testing.assert_array_equal(scene[f"{name}_{i}"].values, rows)
        np.testing.assert_allclose(
            scene.recompute(f"there_{i}"), encoding[offset:, at], rtol=0, atol=1e-12
        )
        angle = scene[f"angle_{i}"].values[:, 0]
        np.testing.assert_allclose(np.sin(angle), scene[f"here_{i}"].values[:, 0], atol=1e-12)


def test_the_turn_is_a_block_of_the_shift_matrix() -> None:
    scene = rotation_scene(4, 6, 3, (0, 1, 2))
    whole = shift_matrix(3, 6)
    for i in range(3):
        block = whole[2 * i : 2 * i + 2, 2 * i : 2 * i + 2]
        np.testing.assert_allclose(scene[f"R_{i}"].values, block, rtol=0, atol=1e-15)


def test_no_shift_turns_nothing() -> None:
    scene = rotation_scene(3, 4, 0, (1,))
    np.testing.assert_array_equal(scene["R_1"].values, np.eye(2))
    np.testing.assert_array_equal(scene["there_1"].values, scene["here_1"].values)


@pytest.mark.parametrize(
    ("length", "offset", "pairs", "message"),
    [
        (0, 1, (0,), "one position or more"),
        (3, -1, (0,), "offset of 0 or more"),
        (3, 1, (), "different pairs"),
        (3, 1, (1, 1), "different pairs"),
        (3, 1, (3,), "pairs from 0 to 2 of 7 features"),
    ],
)
def test_what_cannot_turn_is_refused(
    length: int, offset: int, pairs: tuple[int, ...], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        rotation_scene(length, 7, offset, pairs)


@pytest.mark.parametrize("name", sorted(planes()))
def test_every_value_survives_the_way_to_the_browser(name: str) -> None:
    scene = planes()[name]
    source: dict[str, np.ndarray] = {}
    for tensor in scene.tensors:
        source[tensor.name] = tensor.values.astype(np.float32).astype(np.float64)
        if not tensor.sent:
            source[tensor.name] = scene.recompute(tensor.name, source)
        size = max(1.0, float(np.abs(tensor.values).max()))
        np.testing.assert_allclose(source[tensor.name], tensor.values, rtol=1e-5, atol=1e-5 * size)
