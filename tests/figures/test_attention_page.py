"""The charts of the page `attention`: the data they were given, in words, within their limits."""

import math

import numpy as np
import pytest
import torch

from seqviz.figures.dimension import LINES, dimension_figure
from seqviz.figures.explanation import BARS, explanation_figure, shares
from seqviz.models.attention_dimension import SIZES, dimension
from seqviz.models.attention_experiment import AttentionConfig, run
from seqviz.models.attention_views import explanation
from seqviz.text import LANGUAGES, words


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_chart_over_d_k_draws_what_was_measured(language: str) -> None:
    view, said = dimension(3), words("attention", language)
    figure = dimension_figure(view, said, 64)
    for trace, (name, *_) in zip(figure.data, LINES, strict=True):
        assert trace.name == said[f"dimension.{name}"]
        assert list(trace.x) == list(SIZES)
        np.testing.assert_allclose(trace.y, getattr(view, name).numpy(), rtol=1e-6)
        assert trace.y.dtype == np.float32
        assert 0 <= trace.y.min() <= trace.y.max() <= 1
    assert figure.layout.shapes[0].x0 == 64
    assert figure.layout.annotations[0].x == pytest.approx(math.log10(64))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_explanation_draws_weights_as_they_are_and_sizes_as_shares(language: str) -> None:
    view = explanation(run(AttentionConfig(show="sentence", mode="fresh", d_k=8)))
    assert view is not None
    names = [f"{token} {place + 1}" for token, place in zip(view.tokens, view.places, strict=True)]
    said = words("attention", language)
    figure = explanation_figure(view, names, said)
    drawn = {trace.name: trace for trace in figure.data}
    assert list(drawn) == [said[f"explanation.{name}"] for name, *_ in BARS]
    weights = drawn[said["explanation.weights"]]
    np.testing.assert_allclose(weights.y, view.weights.numpy(), rtol=1e-6)
    for name in ("saliency", "gradient"):
        trace = drawn[said[f"explanation.{name}"]]
        assert float(trace.y.sum()) == pytest.approx(1, rel=1e-5)
        np.testing.assert_allclose(trace.customdata, getattr(view, name).numpy(), rtol=1e-6)
    np.testing.assert_allclose(
        drawn[said["explanation.effect"]].y, view.effect.numpy(), rtol=1e-6, atol=1e-12
    )
    assert list(figure.layout.xaxis.ticktext) == names


def test_shares_of_nothing_are_nothing() -> None:
    assert shares(torch.zeros(3)).tolist() == [0, 0, 0]
    assert shares(torch.tensor([-3.0, 1.0])).tolist() == [0.75, 0.25]
