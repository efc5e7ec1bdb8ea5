"""Initialisations, initial states and counts."""

from itertools import product

import pytest
import torch
from torch import nn

from seqviz.core.lstm import Peepholes
from seqviz.core.parameters import (
    BLOCKS,
    CELLS,
    INITS,
    cell_of,
    copy_cell,
    initial_state,
    kind_of,
    make_cell,
    parameter_count,
)
from seqviz.core.unroll import unroll
from tests.core.references import FUSED, KINDS, D, H, close, numbers

DOUBLE = torch.float64


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("kind", KINDS)
def test_default_is_pytorchs_own_from_the_same_seed(kind: str, dtype: torch.dtype) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(11)
        theirs = CELLS[kind](D, H, dtype=dtype)
    ours = make_cell(kind, D, H, seed=11, dtype=dtype)
    for name, value in theirs.state_dict().items():
        assert torch.equal(ours.state_dict()[name], value)


@pytest.mark.parametrize(("kind", "init"), list(product(KINDS, INITS)))
def test_same_seed_same_cell_whatever_the_global_generator(kind: str, init: str) -> None:
    before = torch.random.get_rng_state()
    first = make_cell(kind, D, H, init=init, seed=5)
    assert torch.equal(torch.random.get_rng_state(), before)
    torch.rand(3)
    again, other = (
        make_cell(kind, D, H, init=init, seed=5),
        make_cell(kind, D, H, init=init, seed=6),
    )
    assert all(map(torch.equal, first.parameters(), again.parameters()))
    assert not torch.equal(first.weight_ih, other.weight_ih)


@pytest.mark.parametrize("kind", KINDS)
def test_orthogonal_and_identity_are_so_gate_by_gate(kind: str) -> None:
    for init in ("orthogonal", "identity"):
        blocks = make_cell(kind, D, H, init=init, seed=5).weight_hh.split(H)
        assert len(blocks) == BLOCKS[kind]
        for block in blocks:
            close(block @ block.T, torch.eye(H, dtype=DOUBLE))
            if init == "identity":
                close(block, torch.eye(H, dtype=DOUBLE), atol=0)
    orthogonal = make_cell("lstm", D, H, init="orthogonal", seed=5).weight_hh.split(H)
    assert not torch.equal(orthogonal[0], orthogonal[1])


@pytest.mark.parametrize("kind", KINDS)
def test_xavier_and_he_have_their_variances_gate_by_gate(kind: str) -> None:
    inputs, hidden = 60, 150
    for init, recurrent, into in (
        ("xavier", 2 / (hidden + hidden), 2 / (inputs + hidden)),
        ("he", 2 / hidden, 2 / inputs),
    ):
        cell = make_cell(kind, inputs, hidden, init=init, seed=5)
        for weight, variance in ((cell.weight_hh, recurrent), (cell.weight_ih, into)):
            for block in weight.split(hidden):
                assert block.var().item() == pytest.approx(variance, rel=0.06)


@pytest.mark.parametrize("init", INITS)
def test_biases_are_zero_except_by_default(init: str) -> None:
    cell = make_cell("gru", D, H, init=init, seed=5)
    assert bool(cell.bias_ih.any()) == bool(cell.bias_hh.any()) == (init == "default")


@pytest.mark.parametrize(("kind", "init"), list(product(KINDS, INITS)))
def test_gain_scales_the_recurrent_weights_alone(kind: str, init: str) -> None:
    plain, scaled = (make_cell(kind, D, H, init=init, gain=gain, seed=5) for gain in (1.0, 1.5))
    close(scaled.weight_hh, 1.5 * plain.weight_hh)
    assert torch.equal(scaled.weight_ih, plain.weight_ih)
    assert torch.equal(scaled.bias_ih, plain.bias_ih)


@pytest.mark.parametrize("init", INITS)
def test_forget_bias_is_the_sum_of_both_biases_of_f_alone(init: str) -> None:
    plain, cell = (
        make_cell("lstm", D, H, init=init, forget_bias=bias, seed=5) for bias in (None, 1.0)
    )
    total, before = cell.bias_ih + cell.bias_hh, plain.bias_ih + plain.bias_hh
    assert torch.equal(total[H : 2 * H], torch.ones(H, dtype=DOUBLE))
    rest = torch.tensor([index not in range(H, 2 * H) for index in range(4 * H)])
    assert torch.equal(total[rest], before[rest])
    x = torch.zeros(1, D, dtype=DOUBLE)
    close(unroll(cell, x).f, torch.sigmoid(torch.ones(1, H, dtype=DOUBLE)))


def test_initial_states() -> None:
    for kind in KINDS:
        h0, c0 = initial_state(kind, H)
        assert not h0.any()
        assert (c0 is not None) == (kind == "lstm")
        h0, c0 = initial_state(kind, H, "random", 3)
        assert torch.equal(h0, initial_state(kind, H, "random", 3)[0])
        assert h0.abs().max() <= 1
        assert h0.abs().min() > 0
        assert c0 is None or not torch.equal(h0, c0)
        assert not torch.equal(h0, initial_state(kind, H, "random", 4)[0])


def test_initial_state_is_not_the_weights_of_the_same_seed() -> None:
    h0, _ = initial_state("rnn", H, "random", 3)
    weight = make_cell("rnn", 1, H, seed=3).weight_ih[:, 0]
    assert (h0 / H**0.5 - weight).abs().max() > 0.01


def test_peepholes_come_from_their_seed() -> None:
    first, again, other = Peepholes(H, seed=1), Peepholes(H, seed=1), Peepholes(H, seed=2)
    assert all(map(torch.equal, first.parameters(), again.parameters()))
    assert not torch.equal(first.p_i, other.p_i)
    assert [name for name, _ in first.named_parameters()] == ["p_i", "p_f", "p_o"]
    assert all(vector.abs().max() <= H**-0.5 for vector in first.parameters())


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_cell_of_holds_copies(kind: str, bias: bool) -> None:
    original = CELLS[kind](D, H, bias=bias, dtype=DOUBLE)
    copy = copy_cell(original)
    assert kind_of(copy) == kind
    assert list(copy.state_dict()) == list(original.state_dict())
    original.weight_hh.data.zero_()
    assert copy.weight_hh.abs().min() > 0
    if kind == "rnn":
        relu = cell_of("rnn", copy.weight_ih, copy.weight_hh, nonlinearity="relu")
        assert copy_cell(relu).nonlinearity == "relu"
        assert (relu(numbers(1, D)) >= 0).all()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"kind": "elman"}, "expected kind rnn, lstm, gru, got 'elman'"),
        ({"init": "zeros"}, "expected init default, orthogonal, identity, xavier, he, got 'zeros'"),
        ({"hidden_size": 0}, "expected sizes of 1 or more, got input 3, hidden 0"),
        ({"kind": "gru", "forget_bias": 1.0}, "expected forget_bias for lstm only, got gru"),
    ],
)
def test_unfit_cells_are_refused(arguments: dict[str, object], sentence: str) -> None:
    given = {"kind": "lstm", "input_size": D, "hidden_size": H, "seed": 0} | arguments
    with pytest.raises(ValueError, match=f"make_cell: {sentence}"):
        make_cell(**given)  # type: ignore[arg-type]


def test_unknown_initial_state_is_refused() -> None:
    with pytest.raises(ValueError, match="initial_state: expected zero or random, got 'ones'"):
        initial_state("rnn", H, "ones")


@pytest.mark.parametrize(("kind", "layers", "directions"), list(product(KINDS, (1, 3), (1, 2))))
def test_count_is_that_of_the_module(kind: str, layers: int, directions: int) -> None:
    module = FUSED[kind](4, 5, layers, bidirectional=directions == 2)
    count = sum(parameter.numel() for parameter in module.parameters())
    assert parameter_count(kind, 4, 5, layers=layers, directions=directions) == count


def test_published_counts() -> None:
    assert parameter_count("gru", 256, 1024) == 3_938_304  # TensorFlow's text generation tutorial
    assert parameter_count("lstm", 65, 128, layers=2) + 65 * 129 == 240_321  # char-rnn README
    assert parameter_count("rnn", 20, 400, biases=1) == 168_400  # Chung 2014, table 1
    assert parameter_count("gru", 20, 227, biases=1) == 168_888
    assert parameter_count("lstm", 20, 195, biases=1, peepholes=True) == 169_065
    assert parameter_count("lstm", 20, 195, biases=1) == 168_480
    assert [parameter_count("gru", 4, 5, biases=b) for b in (2, 1)] == [165, 150]  # Keras
    assert parameter_count("lstm", 4, 5, biases=1) == 200


def test_count_with_peepholes_is_that_of_the_parts() -> None:
    parts: list[nn.Module] = [make_cell("lstm", D, H, seed=0), Peepholes(H)]
    count = sum(parameter.numel() for part in parts for parameter in part.parameters())
    assert parameter_count("lstm", D, H, peepholes=True) == count
