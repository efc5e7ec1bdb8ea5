"""A cell run over a sequence: the record of every step, with a leading time axis.

The steps are those of `rnn_step`, `lstm_step` and `gru_step`; only the x parts of all steps
are taken together, in one matrix product.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from seqviz.core import gru, lstm, rnn
from seqviz.core.activations import find_activation
from seqviz.core.expect import expect_tensor
from seqviz.core.gru import GRUStep
from seqviz.core.lstm import LSTMStep, Peepholes
from seqviz.core.parameters import Cell, copy_cell, kind_of
from seqviz.core.rnn import RNNStep
from seqviz.core.what_if import NOTHING, WhatIf

Step: TypeAlias = RNNStep | LSTMStep | GRUStep
State: TypeAlias = tuple[Tensor, ...]


@dataclass(frozen=True)
class Options:
    """What a run adds to PyTorch's cell; the defaults add nothing.

    activation  φ by name; None is the cell's own (tanh, or an RNNCell's nonlinearity)
    peepholes   LSTM only
    reset       GRU only: after (PyTorch) or before the matmul
    what_if     interventions
    update      GRU only: z keeps the old state (PyTorch) or writes the new one (Chung 2014)
    """

    activation: str | None = None
    peepholes: Peepholes | None = None
    reset: str = "after"
    what_if: WhatIf | None = None
    update: str = "keeps"


@dataclass(frozen=True)
class Trace:
    """The detached record of a run. `trace.f` is (T, H), `trace[t].f` is (H,), t from 0.

    Index t is the time of the input, also in a reversed run (which starts at T−1). `cell` and
    `options.peepholes` are copies, so the trace stays what it is when the model goes on learning.
    """

    kind: str
    cell: Cell
    options: Options
    h0: Tensor
    c0: Tensor | None
    reverse: bool
    record: Step

    def __len__(self) -> int:
        return len(self.record.x)

    def __getitem__(self, t: int) -> Any:
        return _each(self.record, lambda value: value[t])

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name == "record":
            raise AttributeError(name)
        names = [field.name for field in fields(self.record)]
        if name not in names:
            raise AttributeError(f"a {self.kind} trace has {', '.join(names)}; not {name}")
        return getattr(self.record, name)


def unroll(
    cell: Cell,
    xs: Tensor,
    h0: Tensor | None = None,
    c0: Tensor | None = None,
    options: Options = Options(),
    reverse: bool = False,
) -> Trace:
    """Run the cell over xs (T, D) from h0, c0 (H,), zeros if not given; reverse: from the end."""
    kind = kind_of(cell)
    expect_tensor("unroll", "xs", xs, ("time", cell.input_size), cell.weight_ih.dtype)
    h0, c0 = _checked("unroll", kind, cell, xs, h0, c0, options)
    with torch.inference_mode():
        record = _run(cell, xs.detach(), h0, c0, options, reverse)
    return _traced(cell, record, h0, c0, options, reverse)


def trace_of_states(
    cell: Cell, xs: Tensor, h0: Tensor, c0: Tensor | None, after: State, options: Options
) -> Trace:
    """The trace of a forward run whose states after each step are known, h (and c) (T, H).

    Everything else is computed from them, all steps at once.
    """
    start = (h0,) if c0 is None else (h0, c0)
    with torch.inference_mode():
        x_parts = linear(xs.detach(), cell.weight_ih, cell.bias_ih)
        before = tuple(
            torch.cat([first[None], states[:-1]])
            for first, states in zip(start, after, strict=True)
        )
        _, values = _stepper(cell, options)(x_parts, before, 0)
        record = _assembled(cell, xs.detach(), x_parts, values)
    return _traced(cell, record, h0, c0, options, reverse=False)


def _traced(
    cell: Cell, record: Step, h0: Tensor, c0: Tensor | None, options: Options, reverse: bool
) -> Trace:
    return Trace(
        kind=kind_of(cell),
        cell=copy_cell(cell),
        options=_copied(options),
        h0=h0.detach().clone(),
        c0=None if c0 is None else c0.detach().clone(),
        reverse=reverse,
        record=_each(record, lambda value: value.clone()),
    )


def run_steps(
    cell: Cell,
    xs: Tensor,
    h0: Tensor | None = None,
    c0: Tensor | None = None,
    options: Options = Options(),
) -> Step:
    """The record with the autograd graph kept, for training.

    xs is (T, D), or (T, ..., D) for a batch; h0 and c0 are (H,) or (..., H). The time-stacked
    fields hang on the graph of the run: what is built on `record.h` trains every parameter.
    """
    kind = kind_of(cell)
    expect_tensor("run_steps", "xs", xs, ("time", "...", cell.input_size), cell.weight_ih.dtype)
    h0, c0 = _checked("run_steps", kind, cell, xs, h0, c0, options)
    return _run(cell, xs, h0, c0, options)


def walk(
    cell: Cell, xs: Tensor, h0: Tensor, c0: Tensor | None, options: Options, reverse: bool = False
) -> tuple[list[State], list[tuple], Tensor]:
    """The states after each step, the values of each step, and the x parts, in order of time."""
    x_parts = linear(xs, cell.weight_ih, cell.bias_ih)
    step = _stepper(cell, options)
    state: State = (h0,) if c0 is None else (h0, c0)
    states, values = [], []
    timed = list(enumerate(x_parts.unbind()))
    for t, x_part in reversed(timed) if reverse else timed:
        state, computed = step(x_part, state, t)
        states.append(state)
        values.append(computed)
    if reverse:
        states.reverse()
        values.reverse()
    return states, values, x_parts


def _run(
    cell: Cell, xs: Tensor, h0: Tensor, c0: Tensor | None, options: Options, reverse: bool = False
) -> Step:
    _, values, x_parts = walk(cell, xs, h0, c0, options, reverse)
    stacked = tuple(
        None if column[0] is None else torch.stack(column) for column in zip(*values, strict=True)
    )
    return _assembled(cell, xs, x_parts, stacked)


def _assembled(cell: Cell, xs: Tensor, x_parts: Tensor, values: tuple) -> Step:
    module: Any = {"rnn": rnn, "lstm": lstm, "gru": gru}[kind_of(cell)]
    return module.assemble(xs, x_parts, values)


def _stepper(cell: Cell, options: Options) -> Callable[[Tensor, State, int], tuple[State, tuple]]:
    """The cell's `advance` with everything bound but the x part, the state and t."""
    what_if = options.what_if or NOTHING
    phi = find_activation(
        options.activation or (cell.nonlinearity if isinstance(cell, nn.RNNCell) else "tanh")
    ).function
    given = (cell.weight_hh, cell.bias_hh)
    if isinstance(cell, nn.RNNCell):
        return partial(rnn.advance, *given, phi=phi, what_if=what_if)
    if isinstance(cell, nn.LSTMCell):
        return partial(lstm.advance, *given, phi=phi, what_if=what_if, peepholes=options.peepholes)
    return partial(
        gru.advance,
        *given,
        phi=phi,
        what_if=what_if,
        reset=options.reset,
        update=options.update,
    )


def _checked(
    where: str,
    kind: str,
    cell: Cell,
    xs: Tensor,
    h0: Tensor | None,
    c0: Tensor | None,
    options: Options,
) -> tuple[Tensor, Tensor | None]:
    """The initial states, checked and of full shape; what does not fit is refused."""
    if options.peepholes is not None and kind != "lstm":
        raise ValueError(f"{where}: expected peepholes with an LSTM only, got {kind}")
    if isinstance(cell, nn.LSTMCell):
        lstm.check_peepholes(where, options.peepholes, cell)
    gru.check_reset(where, options.reset, options.update)
    for choice, usual in ((f"reset {options.reset}", "after"), (f"z {options.update}", "keeps")):
        if not choice.endswith(usual) and kind != "gru":
            raise ValueError(f"{where}: expected {choice} with a GRU only, got {kind}")
    if c0 is not None and kind != "lstm":
        raise ValueError(f"{where}: expected c0 with an LSTM only, got {kind}")
    (options.what_if or NOTHING).check(where, kind, cell.hidden_size, len(xs))
    h0 = _state(where, "h0", h0, cell, xs)
    return h0, _state(where, "c0", c0, cell, xs) if kind == "lstm" else None


def _state(where: str, name: str, state: Tensor | None, cell: Cell, xs: Tensor) -> Tensor:
    shape = (*xs.shape[1:-1], cell.hidden_size)
    if state is None:
        return xs.new_zeros(shape)
    if isinstance(state, Tensor) and state.dim() == 1:
        shape = (cell.hidden_size,)
    expect_tensor(where, name, state, shape, cell.weight_ih.dtype)
    return state.expand(*xs.shape[1:-1], cell.hidden_size)


def _copied(options: Options) -> Options:
    if options.peepholes is None:
        return options
    copy = Peepholes(len(options.peepholes.p_i), dtype=options.peepholes.p_i.dtype)
    copy.load_state_dict(options.peepholes.state_dict())
    return replace(options, peepholes=copy)


def _each(record: Step, change: Callable[[Tensor], Tensor]) -> Any:
    """The same record with every tensor changed; None stays None."""
    values = (getattr(record, field.name) for field in fields(record))
    record_type: Any = type(record)
    return record_type(*(None if value is None else change(value) for value in values))
