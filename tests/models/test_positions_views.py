"""The encoding's figures against its formula written out, and against REFERENCES R27 and R28."""

import math

import numpy as np
import pytest
import torch

from seqviz.core.attention_model import Design, build_attention_model
from seqviz.core.positions import POSITIONS, shift_matrix
from seqviz.models.attention_measure import MEASURED, back_task, held_out, right
from seqviz.models.attention_shelf import load_attention
from seqviz.models.findings import number, percent
from seqviz.models.positions_findings import (
    accuracy_findings,
    dots_findings,
    encoding_findings,
    pair_of,
    relative_findings,
    shift_findings,
)
from seqviz.models.positions_views import (
    accuracy_view,
    dots_view,
    encoding_view,
    relative_view,
    shift_view,
)


def written_out(p: int, i: int, d: int) -> float:
    """PE(p, i), i counted from 0, interleaved."""
    angle = p / 10000 ** (2 * (i // 2) / d)
    return math.cos(angle) if i % 2 else math.sin(angle)


@pytest.mark.parametrize("d", [2, 3, 7, 8])
def test_the_table_is_the_formula_in_either_layout(d: int) -> None:
    plain = encoding_view(6, d, "interleaved").table
    expected = [[written_out(p, i, d) for i in range(d)] for p in range(6)]
    np.testing.assert_allclose(plain, expected, atol=1e-14)
    order = [*range(0, d, 2), *range(1, d, 2)]
    np.testing.assert_allclose(encoding_view(6, d, "halves").table, plain[:, order], atol=0)


def test_the_longest_wave_of_512_dimensions_is_60611_positions() -> None:
    view = encoding_view(2, 512, "interleaved")
    assert round(float(view.wavelengths[-1])) == 60_611
    assert round(view.naive) == 62_832
    values = {f.key: f.values for f in encoding_findings(view)}
    assert values["longest"] == {"power": "(510/512)", "long": "60,611", "naive": "62,832"}
    assert values["fast_slow"]["fast"] == "0, 1"
    assert values["fast_slow"]["slow"] == "510, 511"


@pytest.mark.parametrize("layout", ["interleaved", "halves"])
@pytest.mark.parametrize("d", [2, 5, 8])
def test_the_fast_dimensions_named_are_those_that_change_most(d: int, layout: str) -> None:
    view = encoding_view(200, d, layout)
    change = (view.table[1:] - view.table[:-1]).abs().amax(dim=0)
    fast = [int(place) for place in pair_of(view, 0).split(", ")]
    assert sorted(change.argsort(descending=True)[:2].tolist()) == sorted(fast)


def test_an_odd_d_says_that_its_last_sine_is_alone() -> None:
    view = encoding_view(4, 5, "interleaved")
    assert pair_of(view, 2) == "4"
    assert pair_of(encoding_view(4, 5, "halves"), 2) == "2"
    assert "lone" in [f.key for f in encoding_findings(view)]
    assert "dot_lone" in [f.key for f in dots_findings(dots_view(20, 5), 5)]
    assert [f.key for f in encoding_findings(encoding_view(4, 2, "halves"))] == ["one_pair"]


def test_dot_products_of_512_dimensions_are_r28() -> None:
    view = dots_view(60, 512)
    for k, expected in ((0, 256.0), (1, 249.1), (5, 189.6), (50, 131.1)):
        assert float(view.dots[k]) == pytest.approx(expected, abs=0.05)
    assert view.rise == 44
    assert view.spread < 1e-11
    assert view.norm == pytest.approx((256, 256))


@pytest.mark.parametrize("d", [2, 3, 4, 7, 32, 64])
def test_the_first_rise_is_the_first(d: int) -> None:
    view = dots_view(100, d)
    falls = [
        math.fsum(math.cos(k / 10000 ** (2 * i / d)) for i in range(d // 2)) for k in range(99)
    ]
    found = next(k for k in range(1, 99) if falls[k] > falls[k - 1])
    assert view.rise == found
    np.testing.assert_allclose(view.dots[:99], falls, atol=1e-11)
    assert view.around == pytest.approx((falls[found - 1], falls[found]))
    assert (view.spread > 1e-6) == (d % 2 == 1)


@pytest.mark.parametrize("d", [2, 3, 4, 7, 8, 12, 33, 512])
def test_where_far_positions_are_as_alike_as_neighbours_it_is_said(d: int) -> None:
    view = dots_view(20, d)
    curve = [
        math.fsum(math.cos(k / 10000 ** (2 * i / d)) for i in range(d // 2)) for k in range(2000)
    ]
    again = [k for k in range(view.rise, 2000) if curve[k] > curve[1]]
    keys = [finding.key for finding in dots_findings(view, d)]
    assert keys[0] == ("dot_returns" if again else "dot_rises")
    if again:
        assert view.again is not None
        assert view.again[0] == again[0]
        assert view.again[1] == pytest.approx(curve[again[0]])
    assert bool(again) == (d < 12)


@pytest.mark.parametrize("d", [2, 6, 32])
def test_the_shift_is_the_rotation_of_the_core(d: int) -> None:
    view = shift_view(3, d, 40)
    np.testing.assert_allclose(view.matrix, shift_matrix(3, d), atol=1e-15)
    assert view.error < 1e-12
    assert view.orthogonal < 1e-15


def test_an_odd_d_is_turned_without_its_last_sine() -> None:
    view = shift_view(4, 7, 20)
    assert view.matrix.shape == (6, 6)
    assert view.error < 1e-13
    table = encoding_view(24, 7, "interleaved").table
    np.testing.assert_allclose(view.matrix @ table[3, :6], table[7, :6], atol=1e-13)
    (found,) = shift_findings(view, 4)
    assert found.values["first"] == f"{number(math.degrees(4))}°"


@pytest.mark.parametrize("heads", [1, 2])
@pytest.mark.parametrize("bias", [False, True])
def test_only_rotary_scores_hold_still(heads: int, bias: bool) -> None:
    model = build_attention_model(
        Design(size=8, width=16, heads=heads, causal=False, bias=bias), seed=4
    )
    if bias:
        generator = torch.Generator().manual_seed(1)
        with torch.no_grad():
            model.attention.in_proj_bias.normal_(generator=generator)
    view = relative_view(model, ("cat", "the"), 3, 40)
    assert view.spread("rotary") < 1e-13
    assert view.spread("none") == 0
    assert view.spread("sinusoidal") > 0.1
    pairs = model.run(("the", "x", "y", "cat")).heads.heads[0].scaled
    assert float(view.scores["none"][0]) == pytest.approx(float(pairs[3, 0]), abs=1e-12)
    assert [f.key for f in relative_findings(view)] == ["relative_rotary", "relative_added"]


@pytest.mark.parametrize("positions", ["sinusoidal", "rotary"])
def test_the_scores_are_those_of_a_run_with_these_positions(positions: str) -> None:
    model = build_attention_model(Design(width=16, causal=False, positions=positions), seed=4)
    view = relative_view(model, ("cat", "the"), 2, 5)
    tokens = ("w", "the", "x", "cat", "y")
    scaled = model.run(tokens).heads.heads[0].scaled
    assert float(view.scores[positions][1]) == pytest.approx(float(scaled[3, 1]), abs=1e-12)


@pytest.mark.parametrize("kind", POSITIONS)
def test_the_accuracy_shown_is_measured_again(kind: str) -> None:
    view, model = accuracy_view(), load_attention(f"order-{kind}")
    assert view.lengths == tuple(sorted(view.lengths))
    assert view.trained in view.lengths
    assert view.lengths[-1] > view.trained
    for length, share in zip(view.lengths, view.shares[kind], strict=True):
        distinct = 8 if length == 8 else 16
        batch = held_out(back_task(model), length, distinct, model.design.size, MEASURED)
        assert share == pytest.approx(right(model, batch)[0], abs=1e-3)


def test_what_is_claimed_of_the_positions_holds() -> None:
    view = accuracy_view()
    at = view.lengths.index(view.trained)
    for kind in ("sinusoidal", "learned", "rotary"):
        assert view.shares[kind][at] > 0.99
    assert view.shares["none"][at] < 3 * view.guess
    longest = {kind: shares[-1] for kind, shares in view.shares.items()}
    assert longest["rotary"] > 0.9 > 2 * longest["learned"]
    assert longest["sinusoidal"] < 0.6
    told = {f.key: f.values for f in accuracy_findings(view)}
    assert told["accuracy_rotary"]["longest"] == percent(longest["rotary"])
    assert told["accuracy_none"]["length"] == max(view.lengths)
