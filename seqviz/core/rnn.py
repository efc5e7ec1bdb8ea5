r"""The simple (Elman) recurrent cell, in the open.

    h_t = φ(W_ih x_t + b_ih + W_hh h_{t-1} + b_hh)

Symbols and the two biases are those of `torch.nn.RNNCell`, whose parameters are used.
Elman 1990, "Finding structure in time".
"""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn.functional import linear

from seqviz.core.activations import find_activation
from seqviz.core.expect import expect_tensor
from seqviz.core.what_if import NOTHING, WhatIf


@dataclass(frozen=True)
class RNNStep:
    """Every value of one step in the order it is computed, each (H,) except x (D,).

    In a trace every field has a leading time axis.
    """

    x: Tensor
    h_prev: Tensor
    h_x: Tensor
    h_h: Tensor
    h_pre: Tensor
    h: Tensor


def advance(
    weight_hh: Tensor,
    bias_hh: Tensor | None,
    x_part: Tensor,
    state: tuple[Tensor, ...],
    t: int,
    phi: Callable[[Tensor], Tensor],
    what_if: WhatIf,
) -> tuple[tuple[Tensor, ...], tuple[Tensor | None, ...]]:
    """One step from the ready x part (H,): the new state (h,) and what `assemble` takes."""
    h_prev = what_if.enter(state[0])
    h_h = linear(h_prev, weight_hh, bias_hh)
    h_pre = x_part + h_h
    h = phi(h_pre)
    return (h,), (h_prev, h_h, h_pre, h)


def assemble(x: Tensor, x_part: Tensor, values: tuple) -> RNNStep:
    """The record of one step, or of many when every value has a leading time axis."""
    h_prev, h_h, h_pre, h = values
    return RNNStep(x=x, h_prev=h_prev, h_x=x_part, h_h=h_h, h_pre=h_pre, h=h)


def rnn_step(
    cell: nn.RNNCell,
    x: Tensor,
    h: Tensor,
    *,
    activation: str | None = None,
    what_if: WhatIf | None = None,
) -> RNNStep:
    """One step on x (D,) from the state h (H,); φ is `activation`, else the cell's own."""
    what_if = what_if or NOTHING
    dtype = cell.weight_ih.dtype
    expect_tensor("rnn_step", "x", x, (cell.input_size,), dtype)
    expect_tensor("rnn_step", "h", h, (cell.hidden_size,), dtype)
    what_if.check("rnn_step", "rnn", cell.hidden_size, 1)
    phi = find_activation(activation or cell.nonlinearity).function
    x_part = linear(x, cell.weight_ih, cell.bias_ih)
    _, values = advance(cell.weight_hh, cell.bias_hh, x_part, (h,), 0, phi, what_if)
    return assemble(x, x_part, values)


def equations(activation: str = "tanh") -> dict[str, str]:
    """LaTeX of every computed field of `RNNStep`, in order."""
    phi = find_activation(activation).latex
    return {
        "h_x": r"h^{x}_t = W_{ih}\,x_t + b_{ih}",
        "h_h": r"h^{h}_t = W_{hh}\,h_{t-1} + b_{hh}",
        "h_pre": r"\bar{h}_t = h^{x}_t + h^{h}_t",
        "h": rf"h_t = {phi}(\bar{{h}}_t)",
    }


EQUATIONS = equations()
