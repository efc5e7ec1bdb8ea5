"""The records of attention: names and order, equations, graph, and what is refused (T20)."""

import math
from collections.abc import Callable
from dataclasses import FrozenInstanceError, fields, replace
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from seqviz.core.attention import (
    Attention,
    MultiHead,
    WeightEdit,
    WhatIfHeads,
    attend,
    attend_heads,
    equations,
)
from seqviz.core.masks import causal, without_keys
from seqviz.core.projections import Projections, projections
from tests.core.attention_references import (
    HEADS,
    MODULES,
    D,
    S,
    T,
    random_attention,
    sequences,
    some_allowed,
)
from tests.core.references import close, numbers

GOLDEN = {
    Attention: "q_plain k_plain q k v scores scaled masked weights_free weights context "
    "allowed scale",
    MultiHead: "query key value heads concat shares out extra what_if",
    Projections: "W_q W_k W_v W_o b_q b_k b_v b_o bias_k bias_v zero",
}
GIVEN = {"query", "key", "value", "heads", "allowed", "scale", "extra", "what_if"}
q, k, v = numbers(1, T, 5), numbers(2, S, 5), numbers(3, S, 3)


def heads_of(**how: Any) -> MultiHead:
    return attend_heads(random_attention(), numbers(4, S, D), **how)


def computed(record: Any) -> list[str]:
    names = [field.name for field in fields(record) if getattr(record, field.name) is not None]
    return [name for name in names if name not in GIVEN]


@pytest.mark.parametrize("record", GOLDEN, ids=lambda record: record.__name__)
def test_names_and_order_are_the_published_ones(record: Any) -> None:
    assert " ".join(field.name for field in fields(record)) == GOLDEN[record]


@pytest.mark.parametrize("rotary", [False, True])
@pytest.mark.parametrize("edited", [False, True])
@pytest.mark.parametrize("masked", [False, True])
def test_equations_are_those_of_the_computed_fields(
    rotary: bool, edited: bool, masked: bool
) -> None:
    edit = (0, WeightEdit(0, (1.0,) * S)) if edited else None
    ours = heads_of(
        rotary=rotary, allowed=causal(S) if masked else None, what_if=WhatIfHeads(edit=edit)
    )
    found = equations(masked=masked, rotary=rotary, edited=edited)
    assert list(found) == [*computed(ours.heads[0]), *computed(ours)]
    alone = equations(masked=masked, rotary=rotary, edited=edited, heads=False)
    assert list(alone) == computed(ours.heads[0])
    assert (r"-\infty" in found["masked"]) == masked
    assert ("R_p" in found["q"]) == rotary


def test_shapes() -> None:
    ours = attend_heads(
        random_attention(kdim=5, vdim=7), *sequences(random_attention(kdim=5, vdim=7))
    )
    head = ours.heads[0]
    assert (head.q.shape, head.k.shape, head.v.shape) == ((T, 4), (S, 4), (S, 4))
    for stage in (head.scores, head.scaled, head.masked, head.weights):
        assert stage.shape == (T, S)
    assert head.context.shape == (T, 4)
    assert (ours.concat.shape, ours.out.shape) == ((T, D), (T, D))
    assert (ours.shares.shape, ours.weights.shape) == ((HEADS, T, D), (HEADS, T, S))
    assert ours.mean_weights.shape == (T, S)
    one = attend(q[0], k, v)
    assert (one.scores.shape, one.weights.shape, one.context.shape) == ((S,), (S,), (3,))
    assert one.empty.shape == ()


def test_records_are_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        attend(q, k, v).scores = q  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        heads_of().out = q  # type: ignore[misc]


def test_the_graph_is_kept_until_it_is_detached() -> None:
    ours = heads_of(rotary=True, allowed=causal(S), what_if=WhatIfHeads(frozenset([1])))
    assert ours.out.requires_grad
    assert all(head.weights.requires_grad for head in ours.heads)
    plain = ours.detach()
    records: list[Any] = [plain, *plain.heads]
    for record in records:
        for field in fields(record):
            value = getattr(record, field.name)
            assert not isinstance(value, Tensor) or not value.requires_grad
    assert torch.equal(plain.out, ours.out)
    assert torch.equal(plain.weights, ours.weights)
    assert plain.what_if == ours.what_if
    assert plain.heads[0].allowed is not None
    assert plain.heads[0].scale == ours.heads[0].scale


def test_a_run_changes_neither_the_module_nor_the_generator() -> None:
    module, x = random_attention(), numbers(5, S, D)
    before = {name: value.clone() for name, value in module.state_dict().items()}
    state, allowed = torch.get_rng_state(), causal(S)
    first = attend_heads(module, x, allowed=allowed, what_if=WhatIfHeads(frozenset([0])))
    again = attend_heads(module, x, allowed=allowed, what_if=WhatIfHeads(frozenset([0])))
    assert torch.equal(first.out, again.out)
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(allowed, causal(S))
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())


@pytest.mark.parametrize("name", MODULES)
def test_projections_are_the_parameters_under_their_names(name: str) -> None:
    module = random_attention(**MODULES[name])
    found = projections(module)
    size = D // HEADS * HEADS
    assert found.W_q.shape == (size, D)
    assert (found.W_k.shape, found.W_v.shape) == ((size, module.kdim), (size, module.vdim))
    held = [getattr(found, field.name) for field in fields(found) if field.name != "zero"]
    total = sum(value.numel() for value in held if value is not None)
    assert total == sum(parameter.numel() for parameter in module.parameters())
    assert torch.equal(found.W_o, module.out_proj.weight)
    assert found.extra == attend_heads(module, *sequences(module)).extra
    assert (found.b_q is None) == ("bias" in MODULES[name])
    if found.b_q is not None:
        assert found.b_k is not None
        assert found.b_v is not None
        assert torch.equal(torch.cat([found.b_q, found.b_k, found.b_v]), module.in_proj_bias)


def test_dropout_is_refused_only_where_it_would_act() -> None:
    """T20: a record made while weights are dropped at random is nobody's."""
    x = numbers(6, S, D)
    module = random_attention(dropout=0.5)
    close(attend_heads(module, x).out, module(x, x, x)[0])
    with pytest.raises(ValueError, match=r"dropout=0.5 in training mode; call module.eval\(\)"):
        attend_heads(module.train(), x)
    attend_heads(random_attention().train(), x)


def test_a_mask_a_head_may_silence_a_key_for_one_head_only() -> None:
    every = torch.ones(HEADS, S, S, dtype=torch.bool)
    every[1] = without_keys(None, [2], S, S)
    ours, plain = heads_of(allowed=every), heads_of()
    assert (ours.weights[1, :, 2] == 0).all()
    close(ours.weights[[0, 2]], plain.weights[[0, 2]])


@given(st.integers(0, 2**31), st.integers(1, 5), st.integers(1, 5), st.sampled_from((1, 2, 3, 6)))
@settings(max_examples=40, deadline=None)
def test_any_shape_is_torchs(seed: int, queries: int, keys: int, heads: int) -> None:
    module = random_attention(6, heads, seed % 1000, kdim=3, vdim=2)
    query, key, value = (
        numbers(seed, queries, 6),
        numbers(seed + 1, keys, 3),
        numbers(seed + 2, keys, 2),
    )
    allowed = some_allowed(seed, queries, max(keys, 2))[:, :keys]
    allowed[:, 0] = True
    ours = attend_heads(module, query, key, value, allowed=allowed)
    theirs, weights = module(query, key, value, attn_mask=~allowed, average_attn_weights=False)
    close(ours.out, theirs)
    close(ours.weights, weights)
    assert torch.equal(ours.out, ours.shares.sum(0) + module.out_proj.bias)


# refusals

MODULE = random_attention()
X = numbers(7, T, D)
ROW = (1.0,) * S
LIST: Any = [1.0]
LINEAR: Any = nn.Linear(2, 2)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: attend(LIST, k, v), "attend: expected q of shape .* got a list"),
        (lambda: attend(numbers(1, 2, T, 5), k, v), r"q of shape \(T, d_k\), got \(2, 4, 5\)"),
        (lambda: attend(q, numbers(1, S, 4), v), r"k of shape \(S, 5\), got \(6, 4\)"),
        (lambda: attend(q, k, v[:5]), r"v of shape \(6, d_v\), got \(5, 3\)"),
        (lambda: attend(q, k[:0], v[:0]), "each axis needs at least 1"),
        (lambda: attend(q.float(), k, v), "k of torch.float32, got torch.float64"),
        (lambda: attend(q.long(), k.long(), v.long()), "q of floating point, got torch.int64"),
        (lambda: attend(q, k, v, scale=math.inf), "expected a finite scale, got inf"),
        (lambda: attend(q, k, v, scale=math.nan), "expected a finite scale, got nan"),
        (lambda: attend(q, k, v, allowed=causal(S)), r"allowed of shape \(4, 6\), got \(6, 6\)"),
        (lambda: attend(q[0], k, v, allowed=causal(1, S)), r"allowed of shape \(6,\)"),
        (lambda: attend(q, k, v, allowed=torch.zeros(T, S)), "allowed of torch.bool, got"),
        (lambda: attend(q, k, v, edit=WeightEdit(4, ROW)), "row below 4 of 6 weights, got row 4"),
        (lambda: attend(q, k, v, edit=WeightEdit(0, (1.0,))), "got row 0 of 1"),
        (lambda: attend(q[0], k, v, edit=WeightEdit(1, ROW)), "row below 1 of 6 weights"),
        (lambda: WeightEdit(-1, ROW), "WeightEdit: expected a row of 0 or more, got -1"),
        (lambda: WeightEdit(0, (-0.1,)), "WeightEdit: expected weights of 0 or more"),
        (lambda: WeightEdit(0, (math.nan,)), "WeightEdit: expected weights of 0 or more"),
        (lambda: attend_heads(LINEAR, X), "expected an nn.MultiheadAttention, got Linear"),
        (lambda: attend_heads(MODULE, X[None]), r"one sequence .* got a batch \(1, 4, 12\)"),
        (lambda: attend_heads(MODULE, X, X[None]), "expected key of one sequence"),
        (lambda: attend_heads(MODULE, X[:, :5]), r"query of shape \(T, 12\), got \(4, 5\)"),
        (lambda: attend_heads(MODULE, X[:0]), "each axis needs at least 1"),
        (lambda: attend_heads(MODULE, X.float()), "query of torch.float64, got torch.float32"),
        (lambda: attend_heads(MODULE, X, X, X[:2]), r"value of shape \(4, 12\), got \(2, 12\)"),
        (
            lambda: attend_heads(random_attention(kdim=5), X),
            r"key of shape \(S, 5\), got \(4, 12\)",
        ),
        (lambda: attend_heads(MODULE, X, allowed=causal(S)), r"\(4, 4\) or \(3, 4, 4\)"),
        (
            lambda: attend_heads(MODULE, X, allowed=causal(T).expand(2, T, T)),
            r"got \(2, 4, 4\)",
        ),
        (
            lambda: attend_heads(MODULE, X, what_if=WhatIfHeads(frozenset([3]))),
            r"expected heads from 0 to 2, got \[3\]",
        ),
        (
            lambda: attend_heads(MODULE, X, what_if=WhatIfHeads(edit=(-1, WeightEdit(0, ROW)))),
            r"expected heads from 0 to 2, got \[-1\]",
        ),
        (
            lambda: attend_heads(random_attention(9, 3), numbers(1, 4, 9), rotary=True),
            "expected an even number of features .* got 3",
        ),
    ],
)
def test_refusals_say_what_was_expected(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


def test_numbers_that_are_not_finite_flow() -> None:
    """They are shown where they came from, not refused."""
    bad = q.clone()
    bad[1, 0] = math.inf
    ours = attend(bad, k, v)
    assert not ours.weights[1].isfinite().all()
    assert ours.weights[[0, 2, 3]].isfinite().all()


def test_what_if_of_nothing_is_nothing() -> None:
    plain, ours = heads_of(), heads_of(what_if=WhatIfHeads())
    assert torch.equal(plain.out, ours.out)
    assert replace(ours, what_if=None).what_if is None
    assert plain.what_if == WhatIfHeads()
