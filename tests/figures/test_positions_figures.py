"""Charts of positions: prepared data against the views, never pixels."""

import base64
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from seqviz.figures import positions as figures
from seqviz.models.positions_views import dots_view, encoding_view
from seqviz.text import LANGUAGES, Words

FLAT = Words("en", "player", "figures", "positions").flat
SHARES = {kind: (1.0, 0.5, float("nan") if kind == "learned" else 0.25) for kind in figures.STYLES}
SCORES = {kind: np.arange(3.0) for kind in ("none", "sinusoidal", "rotary")}


def every_figure(d: int = 8, length: int = 30) -> dict[str, go.Figure]:
    dots = dots_view(length, d)
    table = encoding_view(length, d, "interleaved").table.numpy()
    return {
        "heat": figures.encoding_figure(table, FLAT, ("fast", "slow")),
        "dot": figures.dot_figure(dots.dots.numpy(), dots.rise, FLAT),
        "relative": figures.relative_figure(SCORES, 3, FLAT),
        "accuracy": figures.accuracy_figure((8, 16, 32), SHARES, 16, FLAT),
    }


def test_every_chart_sends_float32_and_no_text_per_cell() -> None:
    for name, figure in every_figure().items():
        for trace in figure.to_dict()["data"]:
            assert "text" not in trace, name
            for part in ("x", "y", "z"):
                values = trace.get(part)
                if isinstance(values, dict):
                    assert values["dtype"] == "f4", (name, part)
                    base64.b64decode(values["bdata"])
                elif values is not None:
                    assert np.asarray(values).dtype == np.float32, (name, part)


def test_the_largest_heat_map_stays_small() -> None:
    assert len(every_figure(d=512, length=100)["heat"].to_json()) < 600_000


def test_the_heat_map_is_the_encoding_from_minus_one_to_one() -> None:
    (trace,) = every_figure()["heat"].data
    np.testing.assert_array_equal(
        trace.z, encoding_view(30, 8, "interleaved").table.numpy().astype(np.float32)
    )
    assert (trace.zmin, trace.zmax) == (-1, 1)
    assert (trace.x0, trace.y0) == (0, 0)


def test_the_ends_of_the_dimensions_are_named() -> None:
    notes = [(note.text, note.x) for note in every_figure()["heat"].layout.annotations]
    assert notes == [("fast", 0), ("slow", 1)]


def test_the_first_rise_is_marked_on_the_curve() -> None:
    curve, mark = every_figure()["dot"].data
    assert mark.x[0] == dots_view(30, 8).rise
    assert mark.y[0] == curve.y[int(mark.x[0])] > curve.y[int(mark.x[0]) - 1]
    assert len(figures.dot_figure(np.ones(4), None, FLAT).data) == 1


def test_every_kind_of_position_looks_like_itself_everywhere() -> None:
    found = every_figure()
    styles: dict[str, Any] = {}
    for name in ("relative", "accuracy"):
        for trace in found[name].data:
            style = (trace.line.color, trace.line.dash, trace.marker.symbol)
            assert styles.setdefault(trace.name, style) == style
    assert len(set(styles.values())) == len(figures.STYLES)


def test_the_end_of_the_training_is_drawn() -> None:
    figure = every_figure()["accuracy"]
    assert figure.layout.shapes[0].x0 == 16
    assert [note.text for note in figure.layout.annotations] == [FLAT["places.trained"]]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_word_of_a_chart_is_there(language: str) -> None:
    own = Words(language, "positions").flat
    for key in ("position", "dimension", "k", "dot", "pair", "score", "length", "right", "rise"):
        assert f"places.{key}" in own
