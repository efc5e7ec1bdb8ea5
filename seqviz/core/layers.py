"""Traces of whole recurrent modules: layers, directions, padded batches.

A layer and direction of `nn.RNN`, `nn.LSTM` or `nn.GRU` is a cell, so its trace is the trace of
that cell over what the layer below put out; a backward direction runs from the last valid step.
"""

from dataclasses import dataclass, fields
from operator import index
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn

from seqviz.core.expect import expect_tensor
from seqviz.core.gru import GRUStep
from seqviz.core.lstm import LSTMStep
from seqviz.core.parameters import CELLS, Cell, cell_of
from seqviz.core.rnn import RNNStep
from seqviz.core.unroll import Trace, unroll

Module: TypeAlias = nn.RNN | nn.LSTM | nn.GRU | nn.RNNCell | nn.LSTMCell | nn.GRUCell
States: TypeAlias = Tensor | tuple[Tensor, Tensor] | None

_MODULES: dict[str, type[nn.RNNBase]] = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}
_STEPS = {"rnn": RNNStep, "lstm": LSTMStep, "gru": GRUStep}


@dataclass(frozen=True)
class LayerTrace:
    """One layer: a trace for each direction, and h (T, directions·H), what the layer puts out."""

    forward: Trace
    backward: Trace | None
    h: Tensor


@dataclass(frozen=True)
class StackTrace:
    """Several layers or directions; `layers[l].forward` and `.backward` are traces of one each.

    h (T, directions·H) is the module's output: that of the top layer, forward then backward.
    """

    kind: str
    layers: tuple[LayerTrace, ...]

    @property
    def h(self) -> Tensor:
        return self.layers[-1].h

    def only(self, layer: int = 0, direction: str = "forward") -> Trace:
        """The trace of one layer, counted from 0, in one direction."""
        if layer not in range(len(self.layers)):
            raise ValueError(
                f"trace: expected a layer from 0 to {len(self.layers) - 1}, got layer={layer!r}"
            )
        chosen = self.layers[layer]
        directions = {"forward": chosen.forward, "backward": chosen.backward}
        found = directions.get(direction)
        if found is None:
            named = " or ".join(f'"{name}"' for name, trace in directions.items() if trace)
            raise ValueError(f"trace: expected direction {named}, got direction={direction!r}")
        return found

    def __len__(self) -> int:
        return len(self.layers[-1].h)

    def __getattr__(self, name: str) -> Any:
        known = () if name.startswith("__") or name == "kind" else fields(_STEPS[self.kind])
        if name in [field.name for field in known]:
            raise AttributeError(
                f"this trace has several layers or directions, each with its own {name}: "
                f"look at trace.layers[0].forward.{name}"
            )
        raise AttributeError(f"{type(self).__name__} has no {name}")


def trace_module(
    module: Module,
    xs: Tensor,
    h0: States = None,
    lengths: Tensor | list[int] | None = None,
    batch_first: bool | None = None,
) -> Trace | StackTrace | list[Trace] | list[StackTrace]:
    """Trace a torch.nn recurrent module or cell over xs (T, D), or over every sequence of a batch.

    A batch, (T, B, D) or (B, T, D) with batch_first (the module's own unless given), gives a
    list, each trace cut to its length. h0 is what the module takes: (H,) of a cell,
    (layers·directions, H) of a module, with B before H in a batch, and a pair for an LSTM.
    One layer in one direction gives a Trace, anything else a StackTrace.
    """
    kind, layers = _cells(module)
    count, hidden = sum(map(len, layers)), layers[0][0].hidden_size
    if not isinstance(xs, Tensor) or xs.dim() not in (2, 3):
        came = tuple(xs.shape) if isinstance(xs, Tensor) else type(xs).__name__
        raise ValueError(f"trace: expected xs of shape (time, input) or with a batch, got {came}")
    if xs.dim() == 2:
        if lengths is not None:
            raise ValueError("trace: expected lengths with a batch only, got xs of one sequence")
        return _trace_one(kind, layers, xs, _states(kind, h0, (count, hidden), xs.dtype))
    if batch_first is None:
        batch_first = getattr(module, "batch_first", False)
    xs = xs if batch_first else xs.transpose(0, 1)
    states = _states(kind, h0, (count, len(xs), hidden), xs.dtype)
    traces: list[Any] = [
        _trace_one(kind, layers, x[:length], [state[:, b] for state in states])
        for b, (x, length) in enumerate(zip(xs, _checked_lengths(lengths, xs), strict=True))
    ]
    return traces


def _trace_one(
    kind: str, layers: list[list[Cell]], xs: Tensor, states: list[Tensor]
) -> Trace | StackTrace:
    """The trace of one sequence; states are h0 and perhaps c0, each (layers·directions, H)."""
    done: list[LayerTrace] = []
    c0s = states[1] if kind == "lstm" else [None] * len(states[0])
    starts = iter(zip(states[0], c0s, strict=True))
    for cells in layers:
        directions = []
        for d, cell in enumerate(cells):
            h0, c0 = next(starts)
            directions.append(unroll(cell, xs, h0, c0, reverse=d == 1))
        xs = torch.cat([trace.h for trace in directions], -1)
        done.append(LayerTrace(directions[0], directions[1] if len(cells) == 2 else None, xs))
    if len(done) == 1 and done[0].backward is None:
        return done[0].forward
    return StackTrace(kind, tuple(done))


def _cells(module: Module) -> tuple[str, list[list[Cell]]]:
    """The kind, and for each layer the cell of each direction."""
    for kind in CELLS:
        if isinstance(module, CELLS[kind]):
            return kind, [[module]]
        if isinstance(module, _MODULES[kind]):
            return kind, _module_cells(kind, module)
    wanted = "nn.RNN, nn.LSTM, nn.GRU or one of their cells"
    raise ValueError(f"trace: expected {wanted}, got {type(module).__name__}")


def _module_cells(kind: str, module: nn.RNNBase) -> list[list[Cell]]:
    if module.proj_size > 0:
        raise ValueError(
            "trace: expected an LSTM without projection (proj_size=0), "
            f"got proj_size={module.proj_size}"
        )
    if module.training and module.dropout > 0 and module.num_layers > 1:
        raise ValueError(
            f"trace: expected a module without dropout, got dropout={module.dropout} in training "
            "mode; call module.eval() first"
        )
    nonlinearity = getattr(module, "nonlinearity", "tanh")
    suffixes = ["", "_reverse"] if module.bidirectional else [""]
    names = ["weight_ih", "weight_hh", *(["bias_ih", "bias_hh"] if module.bias else [])]
    return [
        [
            cell_of(
                kind,
                **{name: getattr(module, f"{name}_l{layer}{suffix}") for name in names},
                nonlinearity=nonlinearity,
            )
            for suffix in suffixes
        ]
        for layer in range(module.num_layers)
    ]


def _states(kind: str, h0: States, shape: tuple[int, ...], dtype: torch.dtype) -> list[Tensor]:
    """h0, or h0 and c0, each of that shape; a cell's states may come without the layer axis."""
    names = ["h0", "c0"] if kind == "lstm" else ["h0"]
    if h0 is None:
        return [torch.zeros(shape, dtype=dtype) for _ in names]
    given = list(h0) if isinstance(h0, (tuple, list)) else [h0]
    if len(given) != len(names) or not all(isinstance(state, Tensor) for state in given):
        wanted = "a pair (h0, c0) of tensors" if kind == "lstm" else "one tensor h0"
        came = ", ".join(type(state).__name__ for state in given)
        raise ValueError(f"trace: expected {wanted} for {kind}, got {came}")
    if shape[0] == 1:
        given = [state[None] if state.dim() == len(shape) - 1 else state for state in given]
    return [
        expect_tensor("trace", name, state, shape, dtype)
        for name, state in zip(names, given, strict=True)
    ]


def _checked_lengths(lengths: Tensor | list[int] | None, xs: Tensor) -> list[int]:
    """The length of each sequence of xs (B, T, D)."""
    if lengths is None:
        return [xs.shape[1]] * len(xs)
    try:
        checked = [index(length) for length in lengths]
    except TypeError:
        checked = []
    if len(checked) != len(xs) or not all(1 <= length <= xs.shape[1] for length in checked):
        raise ValueError(
            f"trace: expected {len(xs)} lengths from 1 to {xs.shape[1]}, got {checked or lengths}"
        )
    return checked
