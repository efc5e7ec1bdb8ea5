"""What the maps of attention weights draw: values, one scale, hatching, tokens."""

import numpy as np
import pytest
import torch

from seqviz.figures.attention import attention_figure, hatching, head_maps, mean_map
from seqviz.text import LANGUAGES, Words
from tests.attention_catalogue import records

WORDS = Words("en", "player", "figures").flat
TOKENS = ("the", "cat", "sat", "on", "the")


def masks_of(name: str) -> torch.Tensor:
    masks = [one.allowed for one in records()[name][1].heads]
    return torch.stack([mask for mask in masks if mask is not None])


def test_each_head_has_a_map_and_the_last_is_their_mean() -> None:
    found = records()["self-h2"][1]
    figure = attention_figure(found.weights, TOKENS, TOKENS, WORDS, title="two")
    maps = [trace for trace in figure.data if trace.type == "heatmap"]
    assert [trace.name for trace in maps] == ["head 1", "head 2", "mean of the heads"]
    for trace, values in zip(maps, [*found.weights, found.mean_weights], strict=True):
        assert trace.z.dtype == np.float32
        np.testing.assert_allclose(trace.z, values, rtol=1e-6)
        assert trace.coloraxis == "coloraxis"
    assert figure.layout.coloraxis.cmin == 0
    assert figure.layout.coloraxis.cmax == pytest.approx(float(found.weights.max()), rel=1e-6)
    assert figure.layout.title.text == "two"


def test_one_head_is_one_map_without_a_mean() -> None:
    found = records()["cross"][1]
    keys = [f"k{s}" for s in range(7)]
    figure = attention_figure(found.weights, TOKENS, keys, WORDS)
    (trace,) = figure.data
    assert trace.z.shape == (5, 7)
    assert trace.text[1][3] == "cat → k3"
    assert list(figure.layout.xaxis.ticktext) == keys
    assert list(figure.layout.yaxis.ticktext) == list(TOKENS)
    assert figure.layout.yaxis.range == (5.5, 0.5)


def test_what_is_not_allowed_is_hatched_and_never_a_zero() -> None:
    found = records()["causal"][1]
    figure = attention_figure(found.weights, TOKENS, TOKENS, WORDS, allowed=masks_of("causal"))
    heat, bars = figure.data
    np.testing.assert_array_equal(np.isnan(heat.z), ~np.tri(5, dtype=bool))
    assert bars.marker.pattern.shape == "/"
    assert list(zip(bars.x, bars.base, bars.y, strict=True)) == [
        (2, 0.5, 1),
        (3, 0.5, 2),
        (4, 0.5, 3),
        (5, 0.5, 4),
    ]


def test_hatching_covers_exactly_what_is_not_allowed() -> None:
    allowed = masks_of("mask-per-head")
    for shown in head_maps(records()["mask-per-head"][1].weights, allowed):
        covered = np.zeros_like(shown)
        for bar in hatching(shown):
            for x, base, height in zip(bar.x, bar.base, bar.y, strict=True):
                covered[int(base - 0.5) : int(base + height - 0.5), int(x) - 1] += 1
        np.testing.assert_array_equal(covered, np.isnan(shown))


def test_the_mean_is_hatched_only_where_no_head_may_look() -> None:
    found, allowed = records()["mask-per-head"][1], masks_of("mask-per-head")
    mean = mean_map(head_maps(found.weights, allowed))
    np.testing.assert_array_equal(np.isnan(mean), ~allowed.any(0).numpy())
    np.testing.assert_allclose(mean[~np.isnan(mean)], found.mean_weights[allowed.any(0)], rtol=1e-6)


def test_many_tokens_are_named_by_their_places() -> None:
    found = records()["h8-T64"][1]
    tokens = [f"w{t}" for t in range(64)]
    figure = attention_figure(found.weights, tokens, tokens, WORDS, allowed=masks_of("h8-T64"))
    assert sum(trace.type == "heatmap" for trace in figure.data) == 9
    assert figure.data[0].text is None
    assert list(figure.layout.xaxis.ticktext) == tokens[::3]
    assert figure.data[0].hovertemplate.startswith("query %{y} · key %{x}")


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_but_blocked_rows_is_drawn_in_every_language(language: str) -> None:
    found = records()["all-empty"][1]
    words = Words(language, "player", "figures").flat
    figure = attention_figure(
        found.weights, TOKENS, TOKENS, words, allowed=masks_of("all-empty"), title=""
    )
    assert np.isnan(figure.data[0].z).all()
    assert figure.layout.coloraxis.cmax == 1
    assert figure.layout.coloraxis.colorbar.title.text == words["weights.weight"]
