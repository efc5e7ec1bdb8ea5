"""Where a cell's values stand: what a wire carries is what its end is computed from."""

from itertools import combinations

import numpy as np
import pytest

from seqviz.core.lstm import Peepholes
from seqviz.core.unroll import Options
from seqviz.scenes import Scene
from seqviz.scenes.layouts import LAYOUTS
from seqviz.scenes.operations import Array
from tests.core.traces import trace_of
from tests.scene_catalogue import scene_of

PHONE = 343
HOLES = Options(peepholes=Peepholes(4, seed=3))
VARIANTS = {
    "rnn": ("rnn", Options()),
    "lstm": ("lstm", Options()),
    "peepholes": ("lstm", HOLES),
    "gru": ("gru", Options()),
    "before": ("gru", Options(reset="before")),
    "writes": ("gru", Options(update="writes")),
}


def boxes(kind: str, options: Options, hidden: int) -> dict[str, tuple[float, float, float, float]]:
    """(left, top, right, bottom) of every node as the player draws it on a phone."""
    layout = LAYOUTS[kind](hidden, options, "tanh")
    column = (PHONE - 8) / layout.columns
    found = {}
    for node in layout.nodes:
        x, y = 4 + node["x"] * column, node["y"]
        across, down = {
            "strip": (min(36, column - 7) / 2, (19 * hidden if hidden <= 8 else 152) / 2),
            "glyph": (14, 14),
            "token": (17, 17),
        }[node["kind"]]
        found[node["id"]] = (x - across, y - down, x + across, y + down)
    return found


@pytest.mark.parametrize("hidden", [1, 4, 8, 32])
@pytest.mark.parametrize("variant", VARIANTS)
def test_nothing_stands_on_anything_else_on_a_phone(variant: str, hidden: int) -> None:
    for (one, a), (other, b) in combinations(boxes(*VARIANTS[variant], hidden).items(), 2):
        apart = a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]
        assert apart, f"{one} and {other}"


def ancestors(scene: Scene, name: str) -> set[tuple[str, int]]:
    """(tensor, step against this one) of everything that a value is computed from in its step."""
    found: set[tuple[str, int]] = set()
    for operand in scene[name].operation.operands:
        found.add((operand.tensor, operand.shift))
        if not operand.shift:
            found |= ancestors(scene, operand.tensor)
    return found


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_wire_carries_what_its_end_is_computed_from(variant: str) -> None:
    scene = scene_of(*VARIANTS[variant])
    nodes = {node["id"]: node for node in scene.layout.nodes}
    for wire in scene.layout.wires:
        start, end = nodes[wire["from"]], nodes[wire["to"]]
        assert wire["carries"] == start["tensor"] or wire["view"] == "rolled"
        if start["tensor"] == end["tensor"]:
            continue
        assert (wire["carries"], wire["shift"]) in ancestors(scene, end["tensor"]), wire


def test_each_peephole_has_its_vector_and_the_c_that_it_sees_in_the_picture() -> None:
    trace = trace_of("lstm", HOLES, steps=5, hidden=4, inputs=3, seed=0)
    scene = scene_of("lstm", HOLES)
    strips = {node["tensor"]: node for node in scene.layout.nodes if node["kind"] == "strip"}
    wires = {(wire["from"], wire["to"]): wire for wire in scene.layout.wires}
    for gate, seen in (("i", "c_prev"), ("f", "c_prev"), ("o", "c_sum")):
        own: Array = getattr(HOLES.peepholes, f"p_{gate}").detach().numpy()
        np.testing.assert_array_equal(scene[f"p_{gate}"].values, own)
        assert strips[f"p_{gate}"]["label"] == f"p_{gate}"
        assert wires[seen, f"{gate}_c"]["shift"] == (0 if gate == "o" else -1)
        assert wires[f"p_{gate}", f"{gate}_c"]["carries"] == f"p_{gate}"
        assert wires[f"{gate}_c", f"{gate}_act"]["carries"] == f"{gate}_c"
        c: Array = getattr(trace.record, "c" if gate == "o" else "c_prev").numpy()
        product = own * c
        np.testing.assert_allclose(scene.recompute(f"{gate}_c"), product, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(scene[f"{gate}_c"].values, product, rtol=1e-12, atol=1e-12)


def test_without_peepholes_there_is_nothing_of_them() -> None:
    plain = {node["id"] for node in scene_of("lstm").layout.nodes}
    holed = {node["id"] for node in scene_of("lstm", HOLES).layout.nodes}
    assert holed - plain == {"p_i", "p_f", "p_o", "i_c", "f_c", "o_c"}
