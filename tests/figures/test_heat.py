"""What the heat maps of a trace draw: values, limits, colours, titles."""

import numpy as np
import pytest
import torch

from seqviz.core.unroll import Options, Trace, unroll
from seqviz.figures.colour import signed_scale, unit_scale
from seqviz.figures.heat import panels, trace_figure
from seqviz.text import LANGUAGES, Words
from tests.core.references import KINDS, D, H, T, numbers, random_cell, random_start

WORDS = Words("en", "player", "figures").flat
ROLES = {
    "rnn": {"h_pre": "hidden", "h": "hidden"},
    "lstm": {
        "f": "forget",
        "i": "input",
        "g": "candidate",
        "o": "output",
        "c": "cell",
        "h": "hidden",
    },
    "gru": {"z": "forget", "r": "input", "n": "candidate", "h": "hidden"},
}
GATES = ("f", "i", "o", "z", "r")


def trace_of(kind: str, options: Options = Options()) -> Trace:
    return unroll(random_cell(kind), numbers(4, T, D), *random_start(kind), options)


@pytest.mark.parametrize("kind", KINDS)
def test_panels_hold_the_traces_values_in_float32(kind: str) -> None:
    trace = trace_of(kind)
    found = panels(trace, WORDS)
    assert [panel.name for panel in found] == list(ROLES[kind])
    for panel in found:
        assert panel.values.dtype == np.float32
        assert panel.values.shape == (H, T)
        np.testing.assert_array_equal(panel.values.T, getattr(trace, panel.name).float().numpy())
        assert panel.broken is None


@pytest.mark.parametrize("kind", KINDS)
def test_gates_go_from_0_to_1_and_the_rest_is_symmetric(kind: str) -> None:
    trace = trace_of(kind)
    for panel in panels(trace, WORDS):
        role = ROLES[kind][panel.name]
        largest = float(getattr(trace, panel.name).abs().max())
        if panel.name in GATES:
            assert (panel.low, panel.high, panel.colours) == (0, 1, unit_scale(role))
        else:
            wanted = 1.0 if role == "candidate" else pytest.approx(largest, rel=1e-6)
            assert panel.high == wanted
            assert panel.low == -panel.high
            assert panel.colours == signed_scale(role)


def test_an_unbounded_candidate_widens_its_limits() -> None:
    trace = trace_of("lstm", Options("relu"))
    (panel,) = (panel for panel in panels(trace, WORDS) if panel.name == "g")
    assert panel.high == pytest.approx(float(trace.g.max()))
    assert panel.high > 1


def test_a_state_of_zeros_still_has_limits() -> None:
    cell = random_cell("rnn")
    for parameter in cell.parameters():
        parameter.data.zero_()
    for panel in panels(unroll(cell, numbers(4, T, D)), WORDS):
        assert (panel.low, panel.high) == (-1, 1)


def test_what_is_not_finite_is_said_and_does_not_set_the_limits() -> None:
    xs = numbers(4, T, D)
    xs[3] = torch.inf
    found = {panel.name: panel for panel in panels(unroll(random_cell("lstm"), xs), WORDS)}
    assert found["h"].broken == 4
    assert found["h"].title == "h  hidden state (not a finite number at step 4)"
    assert np.isfinite(found["h"].high)
    assert np.isnan(found["h"].values[:, 3:]).any()


@pytest.mark.parametrize("kind", KINDS)
def test_the_figure_draws_the_panels_with_steps_and_units_from_1(kind: str) -> None:
    trace = trace_of(kind)
    figure = trace_figure(trace, WORDS, "a title")
    found = panels(trace, WORDS)
    assert [heat.name for heat in figure.data] == [panel.name for panel in found]
    for heat, panel in zip(figure.data, found, strict=True):
        np.testing.assert_array_equal(heat.z, panel.values)
        assert heat.z.dtype == np.float32
        assert (heat.x0, heat.dx, heat.y0, heat.dy) == (1, 1, 1, 1)
        assert (heat.zmin, heat.zmax) == (panel.low, panel.high)
        assert heat.text is None
        assert heat.hovertemplate == (
            f"step %{{x}}<br>unit %{{y}}<br>{panel.name} = %{{z:.4f}}<extra></extra>"
        )
    texts = [note.text for note in figure.layout.annotations]
    assert texts == [*(panel.title for panel in found), "step", "unit"]
    assert figure.layout.title.text == "a title"


def test_every_colour_bar_stands_beside_its_own_heat_map() -> None:
    figure = trace_figure(trace_of("lstm"), WORDS)
    for heat in figure.data:
        across = figure.layout["xaxis" + heat.xaxis[1:]].domain
        along = figure.layout["yaxis" + heat.yaxis[1:]].domain
        assert across[1] < heat.colorbar.x < across[1] + 0.01
        assert along[0] < heat.colorbar.y < along[1]


def test_the_figure_travels_as_arrays_not_as_lists() -> None:
    sent = trace_figure(trace_of("lstm"), WORDS).to_json()
    assert sent.count('"dtype":"f4"') == 2 * 6


@pytest.mark.parametrize("language", LANGUAGES)
def test_titles_speak_the_readers_language(language: str) -> None:
    words = Words(language, "player", "figures").flat
    for panel in panels(trace_of("gru"), words):
        called = words.get(f"tensor.{panel.name}") or words[f"role.{ROLES['gru'][panel.name]}"]
        assert panel.title == f"{panel.name}  {called}"
