"""Whole modules: layers, directions, padded batches, against torch.nn at every timestep."""

from itertools import product
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from seqviz.core.layers import StackTrace, trace_module
from seqviz.core.unroll import Trace
from tests.core.references import FUSED, KINDS, D, H, T, close, numbers, random_cell

LENGTHS = [T, 2, 5, 1]
SHAPES = list(product(KINDS, (1, 3), (False, True)))


def traced(*arguments: Any, **named: Any) -> Any:
    return trace_module(*arguments, **named)


def random_module(kind: str, layers: int = 1, bidirectional: bool = False, **options: Any) -> Any:
    options = {"dtype": torch.float64} | options
    module = FUSED[kind](D, H, layers, bidirectional=bidirectional, **options)
    for index, parameter in enumerate(module.parameters()):
        parameter.data.copy_(0.5 * numbers(300 + index, *parameter.shape))
    return module


def random_states(kind: str, *shape: int) -> Any:
    h0, c0 = numbers(31, *shape), numbers(32, *shape)
    return (h0, c0) if kind == "lstm" else h0


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(("kind", "layers", "bidirectional"), SHAPES)
def test_one_sequence(kind: str, layers: int, bidirectional: bool, bias: bool) -> None:
    module = random_module(kind, layers, bidirectional, bias=bias)
    xs, h0 = numbers(4, T, D), random_states(kind, layers * (1 + bidirectional), H)
    trace = traced(module, xs, h0)
    assert isinstance(trace, StackTrace if layers > 1 or bidirectional else Trace)
    assert len(trace) == T
    close(trace.h, module(xs, h0)[0])
    close(traced(module, xs).h, module(xs)[0])


@pytest.mark.parametrize("batch_first", [True, False])
@pytest.mark.parametrize(("kind", "layers", "bidirectional"), SHAPES)
def test_padded_batch_is_cut_to_its_lengths(
    kind: str, layers: int, bidirectional: bool, batch_first: bool
) -> None:
    module = random_module(kind, layers, bidirectional, batch_first=batch_first)
    xs = numbers(4, 4, T, D) if batch_first else numbers(4, T, 4, D)
    h0 = random_states(kind, layers * (1 + bidirectional), 4, H)
    packed = pack_padded_sequence(xs, torch.tensor(LENGTHS), batch_first, enforce_sorted=False)
    output, _ = pad_packed_sequence(module(packed, h0)[0], batch_first=True)
    for lengths in (LENGTHS, torch.tensor(LENGTHS)):
        traces = traced(module, xs, h0, lengths)
        assert [len(trace) for trace in traces] == LENGTHS
        for b, trace in enumerate(traces):
            close(trace.h, output[b, : LENGTHS[b]])


@pytest.mark.parametrize("kind", KINDS)
def test_batch_without_lengths_is_whole(kind: str) -> None:
    module, xs = random_module(kind), numbers(4, T, 4, D)
    output, _ = module(xs)
    traces = traced(module, xs)
    for b, trace in enumerate(traces):
        close(trace.h, output[:, b])
    flipped = traced(module, xs.transpose(0, 1), batch_first=True)
    assert torch.equal(flipped[2].h, traces[2].h)


def test_padding_read_as_input_would_be_wrong() -> None:
    module, xs = random_module("gru", bidirectional=True), numbers(4, T, 1, D)
    xs[5:] = 0
    (trace,) = traced(module, xs, lengths=[5])
    unpacked = module(xs)[0][:5, 0]
    close(trace.h[:, :H], unpacked[:, :H])
    assert (trace.h[:, H:] - unpacked[:, H:]).abs().max() > 0.01


@pytest.mark.parametrize("kind", KINDS)
def test_final_states_of_a_bidirectional_module(kind: str) -> None:
    module, xs = random_module(kind, bidirectional=True), numbers(4, T, D)
    trace = traced(module, xs)
    state = module(xs)[1]
    h_n = state[0] if kind == "lstm" else state
    layer = trace.layers[0]
    close(layer.forward.h[-1], h_n[0])
    close(layer.backward.h[0], h_n[1])
    assert (trace.h[-1, H:] - h_n[1]).abs().max() > 1e-3


def test_published_example_of_pytorch_issue_3587() -> None:
    module = nn.RNN(1, 1, bias=False, nonlinearity="relu", bidirectional=True)
    for parameter in module.parameters():
        nn.init.ones_(parameter)
    trace = traced(module, torch.tensor([[0.0], [0.0], [1.0], [1.0]]))
    assert trace.h.tolist() == [[0, 2], [0, 2], [1, 2], [2, 1]]
    assert trace.layers[0].forward.h[-1] == trace.layers[0].backward.h[0] == 2


def test_lower_layer_feeds_the_upper_with_both_directions() -> None:
    trace = traced(random_module("lstm", 2, True), numbers(4, T, D))
    low, high = trace.layers
    assert torch.equal(low.h, torch.cat([low.forward.h, low.backward.h], 1))
    assert torch.equal(high.forward.x, low.h)
    assert torch.equal(trace.h, high.h)
    assert trace.kind == "lstm"


@pytest.mark.parametrize("kind", KINDS)
def test_cells(kind: str) -> None:
    cell, xs = random_cell(kind), numbers(4, T, D)
    fused = FUSED[kind](D, H, dtype=torch.float64)
    fused.load_state_dict({f"{name}_l0": value for name, value in cell.state_dict().items()})
    close(traced(cell, xs, random_states(kind, H)).h, _run(fused, xs, kind, 1, H))
    batch = numbers(4, T, 2, D)
    traces = traced(cell, batch, random_states(kind, 2, H), [T, 4])
    output = _run(fused, batch, kind, 1, 2, H)
    close(traces[0].h, output[:, 0])
    close(traces[1].h, output[:4, 1])


def test_float32_relu_and_nonlinearity_are_the_modules() -> None:
    module = random_module("rnn", 2, dtype=torch.float32, nonlinearity="relu")
    xs = numbers(4, T, D).float()
    trace = traced(module, xs)
    assert trace.h.dtype == torch.float32
    torch.testing.assert_close(trace.h, module(xs)[0].detach(), rtol=1e-5, atol=2e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_a_stack_says_where_its_gates_are(kind: str) -> None:
    trace = traced(random_module(kind, 2), numbers(4, T, D))
    name = {"rnn": "h_pre", "lstm": "f", "gru": "z"}[kind]
    with pytest.raises(AttributeError, match=rf"look at trace.layers\[0\].forward.{name}"):
        getattr(trace, name)
    with pytest.raises(AttributeError, match="StackTrace has no colour"):
        _ = trace.colour
    assert getattr(trace.layers[0].forward, name).shape == (T, H)
    assert trace.layers[0].backward is None


def test_dropout_is_refused_in_training_and_off_in_eval() -> None:
    module, xs = random_module("gru", 2, dropout=0.5), numbers(4, T, D)
    with pytest.raises(ValueError, match=r"without dropout, got dropout=0.5 in training mode"):
        traced(module, xs)
    close(traced(module.eval(), xs).h, module(xs)[0])


def test_projection_is_refused() -> None:
    with pytest.raises(ValueError, match=r"without projection \(proj_size=0\), got proj_size=2"):
        traced(nn.LSTM(D, H, proj_size=2), numbers(4, T, D).float())


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"module": nn.Linear(D, H)}, "trace: expected nn.RNN, nn.LSTM, nn.GRU or .*got Linear"),
        ({"xs": numbers(4, T, 4)}, r"unroll: expected xs of shape \(time, 3\), got \(9, 4\)"),
        ({"xs": numbers(4, T, D).float()}, "expected xs of torch.float64, got torch.float32"),
        ({"xs": numbers(4, D)}, r"expected xs of shape \(time, input\) or .*got \(3,\)"),
        ({"xs": [1.0]}, r"expected xs of shape \(time, input\) or .*got list"),
        ({"lengths": [3]}, "expected lengths with a batch only"),
        ({"h0": numbers(4, H)}, r"expected a pair \(h0, c0\) of tensors for lstm, got Tensor"),
        ({"h0": (None, None)}, "of tensors for lstm, got NoneType, NoneType"),
        ({"module": random_module("gru"), "h0": 0}, "expected one tensor h0 for gru, got int"),
        (
            {"h0": (numbers(4, 2, H), numbers(4, 2, H))},
            r"expected h0 of shape \(1, 5\), got \(2, 5\)",
        ),
        ({"xs": numbers(4, T, 2, D), "lengths": [T, 0]}, r"expected 2 lengths from 1 to 9, got \["),
        ({"xs": numbers(4, T, 2, D), "lengths": [3]}, r"expected 2 lengths from 1 to 9, got \[3\]"),
        ({"xs": numbers(4, T, 2, D), "lengths": 3}, "expected 2 lengths from 1 to 9, got 3"),
        (
            {"xs": numbers(4, T, 2, D), "lengths": [4, 2.5]},
            r"expected 2 lengths .*, got \[4, 2.5\]",
        ),
        ({"xs": numbers(4, T, 2, D), "lengths": ["a", "b"]}, "expected 2 lengths from 1 to 9, got"),
    ],
)
def test_unfit_arguments_are_refused(arguments: dict[str, Any], sentence: str) -> None:
    given = {"module": random_module("lstm"), "xs": numbers(4, T, D)} | arguments
    with pytest.raises(ValueError, match=sentence):
        traced(**given)


def _run(module: Any, xs: Tensor, kind: str, *shape: int) -> Tensor:
    output: Tensor = module(xs, random_states(kind, *shape))[0]
    return output
