"""What `seqviz.attend` promises: the module's own numbers, heads apart, shown and saved."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import seqviz
from seqviz.core.masks import causal, padding
from seqviz.text import LANGUAGES
from tests.attention_catalogue import CASES, attention_of, inputs_of, records
from tests.core.references import close, numbers

GRU: Any = nn.GRU(6, 6)
FIELDS = ("q", "k", "v", "scores", "scaled", "masked", "weights", "context")
PLAIN = [
    name
    for name, case in sorted(CASES.items())
    if not (case.rotary or case.what_if or case.values or case.scale is not None)
]


def attended(name: str = "self-h2") -> Any:
    query, key, _ = inputs_of(CASES[name])
    return seqviz.attend(attention_of(CASES[name]), query, key, CASES[name].allowed)


def module_of(**options: Any) -> nn.MultiheadAttention:
    module = nn.MultiheadAttention(6, 2, **({"dtype": torch.float64} | options)).eval()
    for index, parameter in enumerate(module.parameters()):
        parameter.data.copy_(0.5 * numbers(300 + index, *parameter.shape))
    return module


@pytest.mark.parametrize("name", PLAIN)
def test_every_head_is_the_cores_own(name: str) -> None:
    found, record = attended(name), records()[name][1]
    assert isinstance(found, seqviz.MultiHead)
    for field in FIELDS:
        stacked = torch.stack([getattr(head, field) for head in record.heads])
        assert torch.equal(getattr(found, field), stacked)
        assert not getattr(found, field).requires_grad
    for field in ("concat", "shares", "out", "mean_weights"):
        assert torch.equal(getattr(found, field), getattr(record, field))
    assert found.extra == record.extra
    assert (found.memory is None) == (CASES[name].keys is None)


@pytest.mark.parametrize("memory", [False, True])
@pytest.mark.parametrize("batch_first", [True, False])
def test_a_batch_gives_one_a_sequence_as_the_module_computes_it(
    batch_first: bool, memory: bool
) -> None:
    module = module_of(batch_first=batch_first)
    xs, others = numbers(1, 3, 5, 6), numbers(2, 3, 4, 6)
    S = 4 if memory else 5
    allowed = padding([S, 2, 3], 5, S)
    x, y = (each if batch_first else each.transpose(0, 1) for each in (xs, others))
    keys = y if memory else x
    with torch.no_grad():
        wanted, weights = module(
            x, keys, keys, key_padding_mask=~allowed[:, 0], average_attn_weights=False
        )
    found = seqviz.attend(module, x, y if memory else None, allowed)
    assert len(found) == 3
    for place, one in enumerate(found):
        close(one.out, wanted[place] if batch_first else wanted[:, place])
        close(one.weights, weights[place])
        assert torch.equal(one.allowed, allowed[place].expand(2, -1, -1))


def test_one_mask_does_for_a_whole_batch() -> None:
    module, xs = module_of(batch_first=True), numbers(1, 3, 5, 6)
    for one in seqviz.attend(module, xs, allowed=causal(5)):
        assert not one.weights[:, ~causal(5)].any()


def test_it_stays_when_the_module_learns_or_the_input_changes() -> None:
    module, x = module_of(), numbers(1, 5, 6)
    found = seqviz.attend(module, x)
    before, own = found.scene().scene["out"].values, x.clone()
    for parameter in module.parameters():
        parameter.data.mul_(2)
    x.mul_(3)
    assert torch.equal(found.x, own)
    np.testing.assert_array_equal(found.scene().scene["out"].values, before)
    close(found.out, torch.tensor(before))


def test_a_query_that_may_look_nowhere_is_zero() -> None:
    allowed = causal(5)
    allowed[2] = False
    found = seqviz.attend(module_of(), numbers(1, 5, 6), allowed=allowed)
    assert not found.weights[:, 2].any()
    close(found.out[2], found.module.out_proj.bias)
    assert found.scene().scene.facts["empty"] == [[2], [2]]


def test_the_scale_can_be_chosen() -> None:
    found = seqviz.attend(module_of(), numbers(1, 5, 6), scale=0.0)
    close(found.weights, torch.full((2, 5, 5), 0.2, dtype=torch.float64))
    assert found.scale == 0.0
    assert seqviz.attend(module_of(), numbers(1, 5, 6)).scale == 1 / 3**0.5


def test_measures_are_of_each_head() -> None:
    found = attended("causal-h4").measures()
    assert found.entropy.shape == found.on_self.shape == (4,)
    cross = attended("cross").measures()
    assert cross.on_self is cross.mean_distance is cross.on_previous is None
    assert (cross.largest > 0).all()


@pytest.mark.parametrize("name", ["self-h2", "cross", "causal", "appended", "mask-per-head"])
def test_a_scene_holds_its_own_values(name: str) -> None:
    found = attended(name)
    scene = found.scene().scene
    heads = len(found.weights)
    for head in range(heads):
        end = "" if heads == 1 else f"_{head + 1}"
        for field in ("q", "k", "v", "scores", "weights", "context"):
            np.testing.assert_array_equal(scene[field + end].values, getattr(found, field)[head])
    np.testing.assert_array_equal(scene["out"].values, found.out)
    assert scene.kind == "attention"
    assert scene.title == "MultiheadAttention"


def test_a_float32_module_plays_in_float64() -> None:
    found = seqviz.attend(module_of(dtype=torch.float32), numbers(1, 5, 6).float())
    assert found.out.dtype == torch.float32
    scene = found.scene(shares=True, title="mine <b>").scene
    np.testing.assert_allclose(scene["out"].values, found.out, atol=1e-5)
    assert scene.title == "mine <b>"
    assert [node["id"] for node in scene.layout.nodes][-2:] == ["share", "out"]


def test_a_chosen_scale_and_a_mask_with_appended_keys_are_played_as_they_were_run() -> None:
    module = module_of(add_bias_kv=True, add_zero_attn=True)
    found = seqviz.attend(module, numbers(9, 4, 6), allowed=causal(4), scale=0.9)
    assert found.allowed.shape == (2, 4, 6)
    played = found.scene().scene
    for head in (0, 1):
        close(torch.tensor(played[f"weights_{head + 1}"].values), found.weights[head])
    close(torch.tensor(played["out"].values), found.out)


def test_distances_are_of_tokens_that_look_at_themselves() -> None:
    x = numbers(9, 4, 6)
    apart = seqviz.attend(module_of(), x, numbers(10, 4, 6)).measures()
    assert (apart.mean_distance, apart.on_self, apart.on_previous) == (None, None, None)
    assert seqviz.attend(module_of(), x).measures().on_self is not None


def test_tokens_may_be_any_words_and_a_text_is_taken_by_characters() -> None:
    own = attended().scene(["the", 7, None, "", "the"]).scene
    assert own.sequence.inputs == ("the", "7", "None", "", "the")
    assert own.facts["keys"] == ["the", "7", "None", "", "the"]
    assert attended().scene("한글👩‍👧ab").scene.sequence.inputs == ("한", "글", "👩‍👧", "a", "b")
    both = attended("cross").scene("abcde", "the cat").scene
    assert both.facts["keys"] == list("the cat")
    assert attended("cross").scene().scene.facts["keys"] == list("1234567")
    assert attended("appended").scene().scene.facts["keys"][-2:] == ["bias", "zero"]


def test_npz_holds_everything_as_it_is(tmp_path: Path) -> None:
    found = attended("causal-h4")
    with np.load(found.to_npz(tmp_path / "run"), allow_pickle=False) as file:
        arrays = dict(file)
    for field in (*FIELDS, "x", "concat", "shares", "out", "allowed"):
        np.testing.assert_array_equal(arrays[field], getattr(found, field))
    assert "memory" not in arrays
    for name, parameter in found.module.named_parameters():
        np.testing.assert_array_equal(arrays[name], parameter.detach())


@pytest.mark.parametrize("language", LANGUAGES)
def test_html_is_one_file_in_the_readers_language(language: str, tmp_path: Path) -> None:
    written = attended("causal").to_html(tmp_path / "a.html", language, title="My <model>")
    text = written.read_text("utf-8")
    assert f'<html lang="{language}">' in text
    assert "<title>My &lt;model&gt;</title>" in text


def test_a_notebook_gets_a_frame_a_still_picture_and_a_line() -> None:
    bundle = attended("causal").scene()._repr_mimebundle_()
    assert bundle["text/html"].startswith('<iframe sandbox="allow-scripts"')
    assert bundle["image/svg+xml"].startswith("<svg")
    assert bundle["text/plain"] == "<ShownScene 'MultiheadAttention': 5 steps>"


def test_figures_are_maps_of_its_weights() -> None:
    found = attended("appended")
    figure = found.figure("ko", tokens="abcde")
    np.testing.assert_array_equal(figure.data[0].z, found.weights[0].float())
    assert list(figure.layout.xaxis.ticktext) == [*"1234567", "bias", "zero"]
    assert list(figure.layout.yaxis.ticktext) == list("abcde")


def test_it_says_what_it_is_in_one_line() -> None:
    assert repr(attended()) == "<MultiHead: 2 heads, 5 queries, 5 keys>"
    assert repr(attended("cross")) == "<MultiHead: 1 head, 5 queries, 7 keys of a memory>"


@pytest.mark.parametrize(
    ("act", "sentence"),
    [
        (lambda m, x: seqviz.attend(GRU, x), "expected an nn.MultiheadAttention, got GRU"),
        (lambda m, x: seqviz.attend(m, x[0, 0]), r"expected query of shape \(T, 6\), got \(6,\)"),
        (lambda m, x: seqviz.attend(m, x[0].float()), "expected query of torch.float64"),
        (lambda m, x: seqviz.attend(m, x[0].half()), "expected module and x of float32 or float64"),
        (lambda m, x: seqviz.attend(m, x[0], x[1].to("meta")), "expected module, x and memory"),
        (lambda m, x: seqviz.attend(m, x, x[0]), r"expected memory of a batch of 3 sequences"),
        (lambda m, x: seqviz.attend(m, x, x[:2]), r"as x is, got \(2, 5, 6\)"),
        (lambda m, x: seqviz.attend(m, x[0], x), "expected key of one sequence"),
        (lambda m, x: seqviz.attend(m, x, allowed=causal(5)[None]), "with 3 sequences in front"),
        (lambda m, x: seqviz.attend(m, x[0], allowed=causal(4)), r"expected shape \(5, 5\)"),
        (lambda m, x: seqviz.attend(m, x[0], allowed=causal(5).float()), "expected a bool tensor"),
        (lambda m, x: seqviz.attend(m, x[0], scale=float("nan")), "expected a finite scale"),
        (lambda m, x: seqviz.attend(m, x[0]).scene("abc"), "expected 5 tokens, one for each query"),
        (
            lambda m, x: seqviz.attend(m, x[0], x[1]).scene(memory_tokens="abc"),
            "expected 5 tokens, one for each key, got 3",
        ),
        (lambda m, x: seqviz.attend(m, x[0]).scene(None, "abcde"), "expected no memory_tokens"),
        (lambda m, x: seqviz.attend(m, x[0]).scene(language="fr"), "expected one of en, ko"),
        (lambda m, x: seqviz.attend(m, x[0]).figure("fr"), "expected one of en, ko"),
    ],
)
def test_what_does_not_fit_is_refused_in_a_sentence(act: Any, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        act(module_of(batch_first=True), numbers(1, 3, 5, 6))


@pytest.mark.parametrize(("queries", "keys"), [(65, None), (512, None), (65, 2), (2, 65)])
def test_more_tokens_than_can_be_told_apart_are_not_played(queries: int, keys: int | None) -> None:
    memory = None if keys is None else numbers(2, keys, 6)
    found = seqviz.attend(module_of(), numbers(1, queries, 6), memory)
    sentence = f"at most 64 queries and 64 keys, got {queries} and {keys or queries}: attend to few"
    for play in (found.scene, lambda: found.to_html("never.html")):
        with pytest.raises(ValueError, match=sentence):
            play()
    assert found.figure() is not None


def test_as_many_tokens_as_can_be_told_apart_are_played() -> None:
    found = seqviz.attend(module_of(add_bias_kv=True), numbers(1, 64, 6), numbers(2, 64, 6))
    assert found.scene().scene.steps == 64
    assert len(found.scene().scene.facts["keys"]) == 65


def test_dropout_is_refused_while_the_module_trains() -> None:
    module, x = module_of(dropout=0.1), numbers(1, 5, 6)
    assert seqviz.attend(module, x).out.shape == (5, 6)
    with pytest.raises(ValueError, match=r"call module.eval\(\) first"):
        seqviz.attend(module.train(), x)


def test_a_module_with_a_forward_of_its_own_is_not_taken_for_pytorchs() -> None:
    class Louder(torch.nn.MultiheadAttention):
        def forward(self, *args: Any, **more: Any) -> Any:
            return super().forward(*args, **more)

    with pytest.raises(ValueError, match="the one of Louder; give attend the MultiheadA"):
        seqviz.attend(Louder(6, 2), torch.randn(5, 6))
