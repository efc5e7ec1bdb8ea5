"""Charts of the page `gradients`: prepared data and limits against the record, never pixels."""

import base64
import csv
import io
import math
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest
import torch

from seqviz.core.gradients import gradients
from seqviz.figures import chains, files, lines, remedies, shares
from seqviz.models import backprop_remedies, backprop_ticks, backprop_views
from seqviz.models.backprop_experiment import BackpropConfig, BackpropRecord, run
from seqviz.models.backprop_views import Curve, Curves
from seqviz.text import Words

FLAT = Words("en", "player", "figures").flat


def record(**changes: Any) -> BackpropRecord:
    return run(BackpropConfig(**changes))


def every_figure(found: BackpropRecord) -> dict[str, go.Figure]:
    cliff = backprop_remedies.cliff_view()
    relu = backprop_remedies.relu_view(found)
    chain = backprop_views.map_view(found)
    return {
        "norms": lines.lines_figure(backprop_views.norms_view(found), FLAT, "axis.to_last"),
        "map": chains.map_figure(chain.log, FLAT, last_only=True),
        "chosen": chains.map_figure(chain.log, FLAT, chosen=(8, 4)),
        "clickable": chains.map_figure(chain.log, FLAT, chosen=(8, 4), clickable=True),
        "chain": lines.lines_figure(
            backprop_views.chain_view(found, 8, 4).lines, FLAT, "axis.of_own_step", first=5
        ),
        "cut_map": chains.map_figure(chain.log, FLAT, window=4),
        "bound": lines.lines_figure(
            backprop_views.bound_view(found).lines, FLAT, "axis.of_last_state"
        ),
        "items": shares.shares_figure(backprop_views.items_view(found), FLAT),
        "windows": remedies.windows_figure(backprop_remedies.windows_view(found, 4), FLAT),
        "clip": remedies.clipping_figure(backprop_remedies.clipping_view(found, 1.0), FLAT),
        "cliff": remedies.cliff_figure(cliff, FLAT),
        "descent": remedies.descent_figure(cliff, FLAT),
        "cut": remedies.cut_figure(cliff, FLAT),
        "relu": lines.lines_figure(relu.lines, FLAT, "axis.of_last_state"),
        "live": remedies.live_figure(relu, FLAT),
        "remedies": lines.lines_figure(
            backprop_ticks.ticks_view(found, False, 1.0).lines, FLAT, "axis.to_last"
        ),
    }


@pytest.mark.parametrize("cell", ["rnn", "lstm"])
def test_every_chart_sends_float32_arrays_and_no_text_per_cell(cell: str) -> None:
    for name, figure in every_figure(record(cell=cell, length=30)).items():
        sent = figure.to_dict()["data"]
        for trace in sent:
            assert "text" not in trace, name
            for part in ("x", "y", "z", "customdata"):
                values = trace.get(part)
                if values is None:
                    continue
                assert isinstance(values, dict) or np.asarray(values).dtype == np.float32, name
                if isinstance(values, dict):
                    assert values["dtype"] == "f4", (name, part)
                    base64.b64decode(values["bdata"])


def test_the_longest_map_stays_small_and_says_what_it_leaves_out() -> None:
    found = record(length=1000, hidden=4)
    view = backprop_views.map_view(found)
    figure = chains.map_figure(view.log, FLAT)
    assert chains.stride(1000) == 8
    assert len(figure.to_json()) < 600_000
    assert "every 8th" in figure.layout.xaxis.title.text


def test_every_cell_of_a_clickable_map_has_one_point_that_says_the_same() -> None:
    view = backprop_views.map_view(record(length=12))
    figure = chains.map_figure(view.log, FLAT, clickable=True)
    cells, points = figure.data
    assert len(points.x) == 12 * 13 // 2
    for k, t, told in zip(points.x, points.y, points.customdata, strict=True):
        assert k <= t
        np.testing.assert_array_equal(told, cells.customdata[int(t) - 1, int(k) - 1])
    assert points.hovertemplate == cells.hovertemplate
    assert {points.marker.opacity, points.selected.marker.opacity} == {0}
    assert tuple(figure.layout.xaxis.range) == (0.5, 12.5)
    assert tuple(figure.layout.yaxis.range) == (12.5, 0.5)


def test_curves_stand_where_autograd_says_against_the_last_step() -> None:
    found = record(length=12)
    view = backprop_views.norms_view(found)
    low, high = lines.limits(view)
    total = next(c for c in lines.drawn(view, low, high) if c.name == "total")
    norms = gradients(found.trace, "last").h_norm.numpy()
    np.testing.assert_allclose(total.y, np.log10(norms / norms[-1]), rtol=1e-5, atol=1e-6)
    assert total.y.dtype == np.float32


def test_zeros_stand_on_the_floor_and_broken_numbers_at_the_ceiling() -> None:
    log = torch.tensor([-math.inf, math.nan, math.inf, -70.0, 0.0], dtype=torch.float64)
    view = Curves((Curve("total", log),), 0.0)
    low, high = lines.limits(view)
    assert (low, high) == (lines.DEEPEST, lines.MOST)
    np.testing.assert_array_equal(
        lines.drawn(view, low, high)[0].y, np.array([low, high, high, low, 0], dtype=np.float32)
    )


def test_where_float32_ends_is_drawn_when_the_scale_reaches_it() -> None:
    short, long = record(length=10), record(length=200)
    notes = [
        [a.text for a in every_figure(found)["norms"].layout.annotations] for found in (short, long)
    ]
    assert FLAT["figure.float32"] not in notes[0]
    assert FLAT["figure.float32"] in notes[1]


def test_the_map_is_autograds_gradient_of_every_loss_at_every_step() -> None:
    found = record(cell="gru", length=6, hidden=3)
    drawn = chains.shown(backprop_views.map_view(found).log)
    for t in range(6):
        direct = torch.zeros_like(found.trace.h)
        direct[t] = 1.0
        norms = gradients(found.trace, direct).h_norm.numpy()
        np.testing.assert_allclose(drawn[t, : t + 1], np.log10(norms[: t + 1]), rtol=1e-5)
        assert np.isnan(drawn[t, t + 1 :]).all()


def test_the_hover_names_the_last_factor_of_the_chain() -> None:
    named = chains.chain(np.zeros((4, 4), dtype=np.float32))
    np.testing.assert_array_equal(named[2, :, 1], [2, 3, 4, 5])


def test_truncation_veils_the_terms_of_other_blocks() -> None:
    gone = chains.cut(6, 3)
    assert gone.sum() == 9
    assert gone[3:, :3].all()
    assert not gone[:3, :3].any()
    assert not gone[3:, 3:].any()


def test_shares_are_stacked_from_the_last_step_to_the_true_gradient() -> None:
    found = record(loss="all")
    view = backprop_views.items_view(found)
    items = view.items.numpy()
    base = shares.bases(items)
    assert base[-1] == 0
    np.testing.assert_allclose(base[:-1], (base + items)[1:])
    assert base[0] + items[0] == pytest.approx(view.total)
    figure = shares.shares_figure(view, FLAT)
    assert figure.data[-1].y[0] == pytest.approx(view.total, rel=1e-5)
    assert sum(len(trace.x) for trace in figure.data[:2]) == len(items)


def test_clipped_by_norm_every_bar_stands_where_it_stood() -> None:
    view = backprop_remedies.clipping_view(record(init="orthogonal", gain=1.5, hidden=8), 1.0)
    before, by_norm, by_value = remedies.clipping_figure(view, FLAT).data
    np.testing.assert_allclose(before.y, by_norm.y, rtol=1e-5)
    assert np.abs(before.y - by_value.y).max() > 0.01
    assert not remedies.shares([1.0, 2.0], 0.0).any()


def test_the_wall_is_on_the_chart_and_the_grid_misses_it() -> None:
    cut = remedies.cut_figure(backprop_remedies.cliff_view(), FLAT)
    fine, even = cut.data
    assert fine.y.max() > 1e3 > 1 > even.y.max()
    assert (np.diff(fine.x) >= 0).all()


def test_saved_numbers_are_the_views() -> None:
    view = backprop_views.map_view(record(length=3))
    rows = list(csv.reader(io.StringIO(files.columns_csv(view.columns()))))
    assert rows[0] == ["name", "row", "column", "value"]
    assert rows[1:][7] == ["log10_norm", "3", "2", repr(float(view.log[2, 1]))]
    saved = np.load(io.BytesIO(files.columns_npz(view.columns())), allow_pickle=False)
    np.testing.assert_array_equal(saved["log10_norm"], view.log)


def test_a_chosen_chain_is_marked_in_the_row_of_its_loss_and_drawn_over_its_own_steps() -> None:
    figures = every_figure(record(length=12))
    marked = figures["chosen"].data[-1]
    assert (list(marked.x), list(marked.y)) == ([9, 5], [9, 9])
    for curve in figures["chain"].data:
        assert list(curve.x) == [5, 6, 7, 8]
    assert tuple(figures["chain"].layout.xaxis.range) == (4.5, 8.5)
