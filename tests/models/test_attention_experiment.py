"""Records of the page `attention` against PyTorch and plain sums, and what each switch may do."""

import contextlib
import io
import math
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import linear, scaled_dot_product_attention

from seqviz.models.attention_experiment import (
    LONGEST,
    AttentionConfig,
    AttentionRecord,
    allowed_of,
    earlier,
    places,
    run,
)
from seqviz.models.attention_program import attention_output, attention_program
from seqviz.scenes.attention_record import attention_record_scene

ONE = AttentionConfig(keys=3)
MATRIX = AttentionConfig(show="matrix")
SENTENCE = AttentionConfig(show="sentence")
FRESH = replace(SENTENCE, mode="fresh", d_k=6)
CASES = [
    ONE,
    replace(ONE, scale=False, temperature=0.3),
    MATRIX,
    replace(MATRIX, rows=1, keys=1, d_k=512, d_v=1, scale=False),
    replace(MATRIX, align="top-left"),
    replace(MATRIX, align="bottom-right", pad=1, hidden=((0, None), (None, 1))),
    replace(MATRIX, rows=5, keys=3, align="bottom-right", top=True),
    replace(MATRIX, edit=(0.5, 0.25), asked=0),
    SENTENCE,
    replace(SENTENCE, causal=False, temperature=2.5),
    replace(SENTENCE, top=True, drop=1),
    replace(SENTENCE, edit=(0.0, 2.0), asked=3),
    replace(SENTENCE, edit=(0.123449999, 0.0), asked=3),
    replace(SENTENCE, pad=3, hidden=((7, None),)),
    replace(SENTENCE, hidden=((None, None),)),
    replace(SENTENCE, tokens=("a",)),
    replace(SENTENCE, tokens=tuple("abcab" * 13)),
    FRESH,
    replace(FRESH, tied=True, causal=False),
    replace(FRESH, d_k=512),
    *(
        replace(SENTENCE, tokens=tuple("ab" * 32), causal=False, temperature=t, scale=t < 1)
        for t in (0.05, 0.3, 1.0)
    ),
]


def qkv(record: AttentionRecord) -> tuple[Tensor, Tensor, Tensor]:
    """What the heads read: drawn, or the model's projections of its own input."""
    if record.model is None:
        return record.attention.q, record.attention.k, record.attention.v
    assert record.run is not None
    module = record.model.attention
    found = linear(record.run.inputs.x, module.in_proj_weight, module.in_proj_bias)
    q, k, v = found.detach().chunk(3, dim=-1)
    return q, k, v


@pytest.mark.parametrize("config", CASES)
def test_a_record_is_what_pytorch_computes(config: AttentionConfig) -> None:
    record = run(config)
    one, (q, k, v) = record.attention, qkv(record)
    scale = (1 / math.sqrt(q.shape[1]) if config.scale else 1) / config.temperature
    wanted = scaled_dot_product_attention(q, k, v, attn_mask=one.allowed, scale=scale)
    if config.edit is not None:
        row = torch.zeros(len(k), dtype=torch.float64)
        row[: len(config.edit)] = torch.tensor(config.edit, dtype=torch.float64)
        wanted = wanted.clone()
        wanted[record.asked] = row @ v
    torch.testing.assert_close(one.context, wanted, rtol=0, atol=1e-12)
    if one.allowed is not None and config.edit is None:
        assert float(one.weights[~one.allowed].abs().sum()) == 0


@pytest.mark.parametrize("config", CASES)
def test_the_program_prints_what_the_record_holds(config: AttentionConfig) -> None:
    record, printed = run(config), io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(attention_program(record), "program", "exec"), {})
    assert printed.getvalue() == attention_output(record)


@pytest.mark.parametrize("config", CASES)
def test_every_record_is_a_scene_that_is_recomputed(config: AttentionConfig) -> None:
    record = run(config)
    scene = attention_record_scene(record, "title")
    torch.testing.assert_close(
        torch.tensor(scene["weights"].values), record.attention.weights, rtol=0, atol=1e-12
    )
    assert scene.steps == len(record.queries)
    called_by_symbol = config.show == "one"
    assert scene.facts["keys"] == ([] if called_by_symbol else list(record.keys))


@pytest.mark.parametrize("change", [{"top": True}, {"drop": 0}, {"edit": (1.0,)}])
@pytest.mark.parametrize("show", ["matrix", "sentence"])
def test_a_what_if_keeps_the_weights_before_it_in_the_picture(
    show: str, change: dict[str, Any]
) -> None:
    plain = AttentionConfig(show=show)
    assert not attention_record_scene(run(plain)).ghost
    scene = attention_record_scene(run(replace(plain, **change)))
    assert {"weights", "context" if show == "matrix" else "out"} <= set(scene.ghost)
    before = torch.tensor(scene[scene.ghost["weights"]].values)
    assert torch.equal(before, run(plain).attention.weights)


def test_only_where_something_can_be_copied_is_there_a_right_answer() -> None:
    tokens = ("a", "b", "a", "b", "c")
    wanted = {"trained": (None, None, "b", "c", None), "fresh": ("b", "a", "b", "c", None)}
    for mode, targets in wanted.items():
        record = run(replace(SENTENCE, mode=mode, tokens=tokens))
        assert attention_record_scene(record).sequence.targets == targets
    cheating = run(replace(SENTENCE, tokens=tokens, causal=False))
    assert attention_record_scene(cheating).sequence.targets == wanted["fresh"]


def test_queries_and_keys_are_numbered_as_in_the_picture() -> None:
    assert run(ONE).keys == ("k₁", "k₂", "k₃")
    assert run(replace(MATRIX, keys=12)).keys[-1] == "k₁₂"


def test_vectors_are_drawn_from_the_seed() -> None:
    generator = torch.Generator().manual_seed(7)
    wanted = [torch.randn(*shape, generator=generator, dtype=torch.float64)
              for shape in ((3, 4), (5, 4), (5, 2))]  # fmt: skip
    one = run(replace(MATRIX, seed=7, d_v=2)).attention
    assert all(torch.equal(a, b) for a, b in zip((one.q, one.k, one.v), wanted, strict=True))


@pytest.mark.parametrize("keys", range(2, 9))
def test_points_of_the_plane_stand_around_it_and_are_short_numbers(keys: int) -> None:
    for seed in range(20):
        one = run(replace(ONE, keys=keys, seed=seed)).attention
        for points in (one.k, one.v, one.q):
            assert torch.equal(points, points.round(decimals=2))
            assert float(points.norm(dim=-1).min()) > 0.98
            assert float(points.norm(dim=-1).max()) < 2.02
        angles = torch.atan2(one.k[:, 1], one.k[:, 0]).sort().values
        gaps = torch.cat([angles.diff(), angles[:1] + 2 * math.pi - angles[-1:]])
        assert float(gaps.min()) > math.pi / keys - 0.05


def test_the_default_question_is_where_a_repetition_is_kept() -> None:
    tokens = SENTENCE.tokens
    assert places(tokens) == [4, 5, 6]
    assert earlier(tokens, 5) == [2]
    assert run(SENTENCE).asked == 5
    assert run(replace(SENTENCE, tokens=tuple("abac"))).asked == 2
    assert run(replace(SENTENCE, tokens=tuple("abcd"))).asked == 3
    assert run(replace(SENTENCE, asked=99)).asked == 7
    assert run(MATRIX).asked == 2


def test_every_mask_blocks_its_cells_and_no_other() -> None:
    causal = torch.ones(8, 8, dtype=torch.bool).tril()
    found = allowed_of(replace(SENTENCE, pad=2, hidden=((3, 1), (None, 0), (5, None))), (4,))
    assert found is not None
    for t in range(8):
        for j in range(8):
            shut = j >= 6 or (t, j) == (3, 1) or j in (0, 4) or t == 5
            assert bool(found[t, j]) == (bool(causal[t, j]) and not shut)
    assert allowed_of(replace(SENTENCE, causal=False)) is None
    assert allowed_of(replace(MATRIX, hidden=((9, None), (None, 30)))) is None
    for align, offset in (("top-left", 0), ("bottom-right", 2)):
        found = allowed_of(replace(MATRIX, align=align))
        assert found is not None
        assert torch.equal(found, torch.ones(3, 5, dtype=torch.bool).tril(offset))


def test_nobody_may_look_at_a_removed_token() -> None:
    plain, record = run(SENTENCE), run(replace(SENTENCE, top=True, drop=7))
    top = int(plain.attention.weights[plain.asked].argmax())
    assert record.dropped == (top, 7)
    assert float(record.attention.weights[:, [top, 7]].abs().sum()) == 0
    assert record.before is not None
    assert torch.equal(record.before.weights, plain.attention.weights)
    assert plain.before is None


def test_a_row_set_by_hand_changes_this_row_alone() -> None:
    plain, record = run(SENTENCE), run(replace(SENTENCE, edit=(0.0, 1.0), asked=4))
    assert record.attention.weights[4].tolist() == [0.0, 1.0, *[0.0] * 6]
    assert record.run is not None
    assert plain.run is not None
    others = [t for t in range(8) if t != 4]
    assert torch.equal(record.run.probabilities[others], plain.run.probabilities[others])
    assert not torch.equal(record.run.probabilities[4], plain.run.probabilities[4])


def test_what_is_not_a_plane_does_not_touch_it() -> None:
    changed = replace(ONE, pad=3, hidden=((None, None),), top=True, drop=0, edit=(1.0,))
    assert torch.equal(run(changed).attention.weights, run(ONE).attention.weights)
    assert run(changed).before is None


def test_a_text_is_cut_where_the_picture_ends() -> None:
    assert len(run(replace(SENTENCE, tokens=("a",) * 1000)).queries) == LONGEST


def test_tied_scores_with_oneself_are_squares() -> None:
    one = run(replace(FRESH, tied=True, causal=False)).attention
    torch.testing.assert_close(one.q, one.k, rtol=0, atol=0)
    torch.testing.assert_close(one.scores.diagonal(), one.q.square().sum(-1))
    assert not torch.equal(run(FRESH).attention.q, run(FRESH).attention.k)
